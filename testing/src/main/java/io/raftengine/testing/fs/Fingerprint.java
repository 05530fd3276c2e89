package io.raftengine.testing.fs;

import io.raftengine.testing.fs.SimulatedNode.Directory;
import io.raftengine.testing.fs.SimulatedNode.File;
import io.raftengine.testing.fs.SimulatedNode.Link;
import java.util.Map;

/** Hashes what a disk shows. */
final class Fingerprint {
    private static final long MULTIPLIER = 0x9e3779b97f4a7c15L;

    private Fingerprint() {}

    static long of(Directory directory) {
        long hash = directory.names.size();
        for (Map.Entry<String, SimulatedNode> entry : directory.names.entrySet()) {
            hash = mix(hash, entry.getKey().hashCode());
            hash =
                    mix(
                            hash,
                            switch (entry.getValue()) {
                                case Directory child -> of(child);
                                case File file -> of(file.content.cache());
                                case Link link -> link.target.hashCode();
                            });
        }
        return hash;
    }

    private static long of(PagedBytes bytes) {
        long hash = bytes.size();
        byte[] page = new byte[PagedBytes.PAGE_BYTES];
        for (int i = 0; i < bytes.pageLimit(); i++) {
            if (bytes.present(i)) {
                long start = (long) i * PagedBytes.PAGE_BYTES;
                int n = Math.clamp(bytes.size() - start, 0, PagedBytes.PAGE_BYTES);
                bytes.read(start, page, 0, n);
                hash = of(page, n, start, hash);
            }
        }
        return hash;
    }

    /** Only bytes that are not zero count, together with their place: holes and zeros must look the same. */
    private static long of(byte[] page, int length, long start, long hash) {
        long result = hash;
        for (int i = 0; i < length; i++) {
            if (page[i] != 0) {
                result = mix(result, (start + i) << 8 | page[i] & 0xff);
            }
        }
        return result;
    }

    private static long mix(long hash, long value) {
        long mixed = (hash ^ value) * MULTIPLIER;
        return mixed ^ mixed >>> 32;
    }
}
