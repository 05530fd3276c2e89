package io.raftengine.recovery;

import io.raftengine.log.format.QueueKind;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.CRC32;

/**
 * Reads the entries of a {@link HeapModel} from the files, with nothing but the format's
 * description.
 */
final class StateReader {
    /** An entries block that does not match its checksum, or cannot be unfolded. */
    static final class ReadError extends RuntimeException {
        private static final long serialVersionUID = 1L;

        ReadError(String message) {
            super(message);
        }
    }

    private final Map<QueueKind, Map<Long, Path>> paths;
    private final Map<Path, byte[]> files = new HashMap<>();

    StateReader(Map<QueueKind, Map<Long, Path>> paths) {
        this.paths = paths;
    }

    /** One line per group that holds something: first, last, checksum of all entries, keys. */
    TreeMap<String, String> state(HeapModel model) {
        TreeMap<String, String> lines = new TreeMap<>();
        for (Map.Entry<Long, HeapModel.Group> entry : model.groups().entrySet()) {
            HeapModel.Group group = entry.getValue();
            if (group.entries.isEmpty() && group.kvs.isEmpty()) {
                continue; // may disappear at a reopen (D12)
            }
            lines.put(Long.toUnsignedString(entry.getKey()), line(group));
        }
        return lines;
    }

    private String line(HeapModel.Group group) {
        CRC32 crc = new CRC32();
        long index = group.first;
        for (HeapModel.Location location : group.entries) {
            byte[] entry = entry(location);
            crc.update(ByteBuffer.allocate(12).putLong(index++).putInt(entry.length).array());
            crc.update(entry);
        }
        Map<String, String> kvs = new LinkedHashMap<>();
        group.kvs.forEach((key, value) ->
                kvs.put(
                        Base64.getEncoder().encodeToString(HexFormat.of().parseHex(key)),
                        Base64.getEncoder().encodeToString(value)));
        boolean any = !group.entries.isEmpty();
        return line(
                any ? Long.toUnsignedString(group.first) : "null",
                any ? Long.toUnsignedString(group.next() - 1) : "null",
                String.format("%08x", crc.getValue()),
                kvs);
    }

    static String line(String first, String last, String crc, Map<String, String> kvs) {
        return first + ".." + last + " " + crc + " " + new TreeMap<>(kvs);
    }

    byte[] entry(HeapModel.Location location) {
        if (location.end() == location.start()) {
            return new byte[0];
        }
        byte[] file = file(paths.get(location.kind()).get(location.seq()));
        int from = (int) location.blockOffset();
        int stored = location.blockBytes() - 4;
        byte[] block = java.util.Arrays.copyOfRange(file, from, from + stored);
        int expected = 0;
        for (int i = 3; i >= 0; i--) {
            expected = expected << 8 | file[from + stored + i] & 0xff;
        }
        if (SegmentBytes.crc(block) != expected) {
            throw new ReadError("entries checksum at " + from);
        }
        byte[] content = location.compressed() ? unfold(block) : block;
        return java.util.Arrays.copyOfRange(content, location.start(), location.end());
    }

    private byte[] file(Path path) {
        return files.computeIfAbsent(
                path,
                p -> {
                    try {
                        return Files.readAllBytes(p);
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                });
    }

    /** LZ4 block behind a little-endian length. */
    private static byte[] unfold(byte[] block) {
        int length = 0;
        for (int i = 3; i >= 0; i--) {
            length = length << 8 | block[i] & 0xff;
        }
        byte[] out = new byte[length];
        int in = 4;
        int at = 0;
        while (in < block.length) {
            int token = block[in++] & 0xff;
            int literals = token >> 4;
            if (literals == 15) {
                int more;
                do {
                    more = block[in++] & 0xff;
                    literals += more;
                } while (more == 255);
            }
            System.arraycopy(block, in, out, at, literals);
            in += literals;
            at += literals;
            if (in >= block.length) {
                break;
            }
            int distance = block[in] & 0xff | (block[in + 1] & 0xff) << 8;
            in += 2;
            int match = (token & 15) + 4;
            if (match == 19) {
                int more;
                do {
                    more = block[in++] & 0xff;
                    match += more;
                } while (more == 255);
            }
            for (int i = 0; i < match; i++, at++) {
                out[at] = out[at - distance];
            }
        }
        if (at != length) {
            throw new ReadError("LZ4 length");
        }
        return out;
    }
}
