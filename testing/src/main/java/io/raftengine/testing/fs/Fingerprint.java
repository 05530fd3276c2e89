package io.raftengine.testing.fs;

import io.raftengine.testing.fs.SimulatedNode.Directory;
import io.raftengine.testing.fs.SimulatedNode.File;
import io.raftengine.testing.fs.SimulatedNode.Link;
import java.util.Arrays;
import java.util.Map;
import java.util.zip.CRC32C;

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
        byte[] zeros = new byte[PagedBytes.PAGE_BYTES];
        byte[] page = new byte[PagedBytes.PAGE_BYTES];
        CRC32C crc = new CRC32C();
        for (int i = 0; i < bytes.pageLimit(); i++) {
            long start = (long) i * PagedBytes.PAGE_BYTES;
            if (!bytes.present(i) || start >= bytes.size()) {
                continue;
            }
            int n = (int) Math.min(bytes.size() - start, PagedBytes.PAGE_BYTES);
            bytes.read(start, page, 0, n);
            Arrays.fill(page, n, PagedBytes.PAGE_BYTES, (byte) 0);
            // Holes and zeros look the same to programs, so they do here.
            if (!Arrays.equals(page, zeros)) {
                crc.reset();
                crc.update(page, 0, page.length);
                hash = mix(hash, i);
                hash = mix(hash, crc.getValue() << 32 | Arrays.hashCode(page) & 0xffffffffL);
            }
        }
        return hash;
    }

    private static long mix(long hash, long value) {
        long mixed = (hash ^ value) * MULTIPLIER;
        return mixed ^ mixed >>> 32;
    }
}
