package io.raftengine.it.fuzz;

import io.raftengine.allocator.GrowableBuffer;
import io.raftengine.allocator.MemoryBudget;
import io.raftengine.engine.EngineConfig;
import io.raftengine.engine.RaftEngine;
import io.raftengine.engine.ScanOrder;
import io.raftengine.error.CorruptionException;
import io.raftengine.error.RaftEngineException;
import io.raftengine.log.format.BlockDecoder;
import io.raftengine.log.format.ItemReader;
import io.raftengine.log.format.SegmentHeader;
import io.raftengine.log.format.SegmentName;
import io.raftengine.recovery.RecoveryMode;
import io.raftengine.testing.forge.SegmentForge;
import io.raftengine.testing.model.ScriptJson;
import io.raftengine.tools.JsonTree;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Predicate;
import java.util.zip.CRC32;

/**
 * What any bytes are thrown at: one target for each decoder, and one for a whole directory. A
 * target throws if the code under test answers with anything but a result or a typed error.
 * Checksums are repaired first, or nothing would ever get past them.
 */
final class FuzzTargets implements AutoCloseable {
    /** Memory that any input must get by with, above what is there before. */
    private static final long GUARD_BYTES = 8L << 20;

    private static final int BUDGET_BYTES = 64 << 20;

    private final Path dir;
    private final MemoryBudget budget = new MemoryBudget(GUARD_BYTES);
    private final GrowableBuffer stored = new GrowableBuffer(budget, 1 << 16, 1 << 20);
    private final GrowableBuffer unfolded = new GrowableBuffer(budget, 1 << 16, 1 << 22);
    private final BlockDecoder decoder = new BlockDecoder();

    /** Targets that may use a directory. */
    FuzzTargets(Path dir) {
        this.dir = dir;
    }

    /** All targets by name; each says whether there was a result, rather than a typed error. */
    Map<String, Predicate<byte[]>> all() {
        Map<String, Predicate<byte[]>> targets = new LinkedHashMap<>();
        targets.put("header", FuzzTargets::header);
        targets.put("name", FuzzTargets::name);
        targets.put("items", FuzzTargets::items);
        targets.put("block", this::block);
        targets.put("segment", bytes -> directory(bytes, 1));
        targets.put("directory", bytes -> directory(bytes, 4));
        targets.put("script", FuzzTargets::script);
        targets.put("line", FuzzTargets::line);
        targets.put("size", FuzzTargets::size);
        return targets;
    }

    static boolean header(byte[] bytes) {
        try {
            SegmentHeader.decode(bytes, Math.min(bytes.length, SegmentHeader.BYTES_MAX), "f");
            return true;
        } catch (CorruptionException typed) {
            demand(typed.offset() >= 0, "offset of " + typed);
            return false;
        }
    }

    static boolean name(byte[] bytes) {
        String name = new String(bytes, StandardCharsets.ISO_8859_1);
        SegmentName parsed = SegmentName.parse(name);
        demand(parsed == null || parsed.seq() >= 0 && parsed.seq() <= SegmentName.SEQ_MAX, name);
        demand(SegmentName.preparedNumber(name) >= -1, name);
        return parsed != null || SegmentName.preparedNumber(name) >= 0;
    }

    /** The two ways of reading a section must agree: as a whole, and through a window. */
    static boolean items(byte[] bytes) {
        String whole = walk(bytes, new ItemReader(), false);
        String windowed = walk(bytes, new ItemReader(ItemReader.WINDOW_BYTES_MIN), true);
        demand(whole.equals(windowed), "whole: " + whole + ", windowed: " + windowed);
        return whole.endsWith(";");
    }

    private static String walk(byte[] bytes, ItemReader reader, boolean windowed) {
        StringBuilder seen = new StringBuilder();
        try {
            if (windowed) {
                reader.open(new ArraySource(bytes), 0, bytes.length, -1);
            } else {
                reader.open(bytes, 0, bytes.length, 0, -1);
            }
            while (reader.next() && seen.length() < 4096) {
                seen.append(reader.kind()).append(' ').append(reader.groupId()).append(' ');
                if (reader.kind() == ItemReader.ENTRIES) {
                    seen.append(reader.firstIndex()).append('x').append(reader.count());
                    for (int i = 0; i < reader.count(); i++) {
                        int tail = reader.nextTail();
                        demand(tail >= reader.entryStart(), "tail " + tail);
                    }
                } else if (reader.kind() >= ItemReader.PUT) {
                    seen.append(reader.keyLength()).append('=').append(reader.valueLength());
                    byte[] value = new byte[reader.valueLength()];
                    byte[] key =
                            Arrays.copyOfRange(
                                    reader.keyArray(),
                                    reader.keyOffset(),
                                    reader.keyOffset() + reader.keyLength());
                    if (reader.kind() == ItemReader.PUT) {
                        reader.copyValue(value, 0);
                    }
                    seen.append(Arrays.hashCode(key)).append(Arrays.hashCode(value));
                }
                seen.append(';');
            }
        } catch (CorruptionException typed) {
            seen.append(typed.what());
        }
        return seen.toString();
    }

    private record ArraySource(byte[] bytes) implements io.raftengine.log.format.ByteSource {
        @Override
        public void read(long position, byte[] destination, int offset, int length) {
            System.arraycopy(bytes, Math.toIntExact(position), destination, offset, length);
        }

        @Override
        public long size() {
            return bytes.length;
        }
    }

    /** A stored block whose checksum is right; the first byte says whether it is LZ4. */
    boolean block(byte[] bytes) {
        if (bytes.length < 2 || bytes.length > 1 << 16) {
            return false;
        }
        int length = bytes.length - 1;
        stored.ensureCapacity(length + 4, 0);
        ByteBuffer view = stored.view();
        view.clear();
        view.put(0, bytes, 1, length);
        CRC32 crc = new CRC32();
        crc.update(bytes, 1, length);
        for (int i = 0; i < 4; i++) {
            view.put(length + i, (byte) ((int) crc.getValue() >>> 8 * i));
        }
        boolean lz4 = (bytes[0] & 1) == 1;
        try {
            int content = decoder.verify(view, 0, length + 4, lz4, "f", 0);
            if (lz4) {
                decoder.unfold(view, 0, length + 4, content, unfolded, "f", 0);
            }
            return true;
        } catch (RaftEngineException typed) {
            demand(typed.getMessage() != null, "no message");
            return false;
        }
    }

    /** Bytes are dealt out to files; the first byte of each piece says what is repaired. */
    boolean directory(byte[] bytes, int files) {
        clear();
        int piece = bytes.length / files;
        String[] names = {
            SegmentForge.appendName(2), SegmentForge.appendName(1),
            SegmentForge.rewriteName(1), SegmentForge.rewriteName(2)
        };
        long[] numbers = {2, 1, 1, 2};
        for (int i = 0; i < files; i++) {
            byte[] part = Arrays.copyOfRange(bytes, i * piece, (i + 1) * piece);
            SegmentForge.write(dir.resolve(names[i]), segment(part, numbers[i]));
        }
        boolean opened = false;
        for (RecoveryMode mode : RecoveryMode.values()) {
            opened |= openAndRead(mode);
        }
        return opened;
    }

    /** A file of batches with right headers and checksums around whatever the bytes say. */
    private static byte[] segment(byte[] bytes, long seq) {
        ByteBuffer in = ByteBuffer.wrap(bytes);
        if (!in.hasRemaining()) {
            return new byte[0];
        }
        int choice = in.get();
        SegmentForge forge = new SegmentForge((choice & 1) == 0 ? 2 : 1, seq);
        while (in.remaining() > 4) {
            int kind = in.get() & 0xff;
            byte[] content = take(in, in.get() & 0x3f);
            byte[] section = take(in, in.hasRemaining() ? in.get() & 0xff : 0);
            switch (kind & 7) {
                case 0 -> forge.raw(content).raw(section);
                case 1 -> forge.watermark(kind < 128 ? forge.position() : (long) kind << kind);
                case 2 -> forge.stored(content, kind >>> 3 & 3, section);
                case 3 ->
                        forge.claiming(
                                (long) section.length << (kind >>> 3),
                                0,
                                16 + (kind >>> 4),
                                content,
                                section);
                default -> forge.stored(content, 0, section);
            }
        }
        return forge.bytes();
    }

    private static byte[] take(ByteBuffer in, int length) {
        byte[] taken = new byte[Math.min(length, in.remaining())];
        in.get(taken);
        return taken;
    }

    private boolean openAndRead(RecoveryMode mode) {
        EngineConfig config =
                EngineConfig.builder(dir)
                        .recoveryMode(mode)
                        .recoveryThreads(1)
                        .memoryLimitBytes(BUDGET_BYTES)
                        .build();
        try (RaftEngine engine = RaftEngine.openReadOnly(config)) {
            demand(engine.statistics().memoryPeakBytes() < GUARD_BYTES, "memory");
            engine.forEachGroup(group -> {
                engine.scan(group, null, null, ScanOrder.DESCENDING, (m, k, kn, v, vn) -> true);
                read(engine, group);
            });
            return true;
        } catch (RaftEngineException typed) {
            demand(typed.getMessage() != null, "no message");
            return false;
        }
    }

    private static void read(RaftEngine engine, long group) {
        long first = engine.firstIndex(group);
        if (first == RaftEngine.NO_INDEX) {
            return;
        }
        try {
            engine.fetchEntries(
                    group, first, engine.lastIndex(group) + 1, 1 << 20, (i, m, o, n) -> true);
        } catch (CorruptionException typed) {
            demand(!typed.file().isEmpty(), "no file in " + typed);
        }
    }

    static boolean script(byte[] bytes) {
        try {
            ScriptJson.print(ScriptJson.parse(new String(bytes, StandardCharsets.UTF_8)));
            return true;
        } catch (IllegalArgumentException typed) {
            demand(typed.getMessage() != null, "no message");
            return false;
        }
    }

    /** What the tools read, a line at a time: by type and name, as they do for a write. */
    static boolean line(byte[] bytes) {
        try {
            JsonTree operation = JsonTree.parse(bytes);
            operation.text("op");
            operation.truthOr("sync", false);
            for (JsonTree item : operation.objects("items")) {
                item.number("group");
                JsonTree append = item.object("append");
                append.number("first");
                append.numberOr("term", 0);
                append.bytesList("data");
            }
            return true;
        } catch (RaftEngineException typed) {
            demand(typed.getMessage() != null, "no message");
            return false;
        }
    }

    static boolean size(byte[] bytes) {
        String text = new String(bytes, StandardCharsets.UTF_8);
        boolean accepted = false;
        for (String key :
                new String[] {
                    "target-file-size",
                    "recovery-threads",
                    "format-version",
                    "purge-rewrite-garbage-ratio",
                    "enable-log-recycle",
                    "recovery-mode",
                    text
                }) {
            try {
                EngineConfig.builder(Path.of("d")).set(key, text).build();
                accepted = true;
            } catch (RaftEngineException typed) {
                demand(typed.getMessage() != null, "no message");
            }
        }
        return accepted;
    }

    private void clear() {
        try (var files = Files.list(dir)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void demand(boolean holds, String what) {
        if (!holds) {
            throw new AssertionError(what);
        }
    }

    @Override
    public void close() {
        stored.close();
        unfolded.close();
    }
}
