package io.raftengine.tools;

import com.fasterxml.jackson.core.Base64Variants;
import com.fasterxml.jackson.core.JsonGenerator;
import io.raftengine.engine.RaftEngine;
import io.raftengine.engine.ScanOrder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.zip.CRC32;

/**
 * Writes the logical state of an engine: what a directory means, whatever its bytes look like. One
 * JSON object per group, groups in ascending unsigned order, keys in byte order.
 *
 * <pre>{@code
 * {"group":7,"first":1,"last":10,"entries_crc32":"89abcdef","kvs":[{"key":"<base64>","value":"<base64>"}]}
 * }</pre>
 *
 * <p>Holds one entry or one pair at a time, and the ids of the groups. A group whose entries cannot
 * be read throws before anything of it is written. One thread at a time.
 */
public final class StateWriter {
    private static final int ENTRY_HEAD_BYTES = Long.BYTES + Integer.BYTES;

    private final RaftEngine engine;
    private final boolean entries;
    private final boolean emptyGroups;
    private final CRC32 crc = new CRC32();
    private byte[] buffer = new byte[4096];

    /**
     * A writer for an open engine.
     *
     * @param engine the engine; stays the caller's
     * @param entries whether each entry is shown
     * @param emptyGroups whether groups that hold nothing are shown
     */
    public StateWriter(RaftEngine engine, boolean entries, boolean emptyGroups) {
        this.engine = engine;
        this.entries = entries;
        this.emptyGroups = emptyGroups;
    }

    /**
     * Ids of all groups.
     *
     * @param engine an open engine
     * @return in ascending unsigned order
     */
    public static long[] sortedGroups(RaftEngine engine) {
        long[][] ids = {new long[1024]};
        int[] count = {0};
        engine.forEachGroup(id -> {
            if (count[0] == ids[0].length) {
                ids[0] = Arrays.copyOf(ids[0], 2 * count[0]);
            }
            // Flipping the sign bit makes the signed order of the sort the unsigned one.
            ids[0][count[0]++] = id ^ Long.MIN_VALUE;
        });
        long[] sorted = Arrays.copyOf(ids[0], count[0]);
        Arrays.sort(sorted);
        for (int i = 0; i < sorted.length; i++) {
            sorted[i] ^= Long.MIN_VALUE;
        }
        return sorted;
    }

    /**
     * Writes one line per group.
     *
     * @param json where to
     * @throws IOException it cannot be written
     */
    public void writeLines(JsonGenerator json) throws IOException {
        for (long group : sortedGroups(engine)) {
            if (writeGroup(json, group)) {
                JsonLines.endLine(json);
            }
        }
    }

    /**
     * Writes all groups as one list.
     *
     * @param json where to
     * @throws IOException it cannot be written
     */
    public void writeList(JsonGenerator json) throws IOException {
        json.writeStartArray();
        for (long group : sortedGroups(engine)) {
            writeGroup(json, group);
        }
        json.writeEndArray();
    }

    /**
     * Writes one group.
     *
     * @param json where to
     * @param group its id
     * @return false if it holds nothing and was left out
     * @throws IOException it cannot be written
     */
    public boolean writeGroup(JsonGenerator json, long group) throws IOException {
        long first = engine.firstIndex(group);
        long last = engine.lastIndex(group);
        boolean none = first == RaftEngine.NO_INDEX;
        if (none && !emptyGroups && !hasKeys(group)) {
            return false;
        }
        String checksum = checksum(group, first, last);
        json.writeStartObject();
        JsonLines.unsignedField(json, "group", group);
        writeIndex(json, "first", first);
        writeIndex(json, "last", last);
        json.writeStringField("entries_crc32", checksum);
        if (entries) {
            json.writeArrayFieldStart("entries");
            if (!none) {
                writeEntries(json, group, first, last);
            }
            json.writeEndArray();
        }
        json.writeArrayFieldStart("kvs");
        writeKeys(json, group);
        json.writeEndArray();
        json.writeEndObject();
        return true;
    }

    private boolean hasKeys(long group) {
        return engine.scan(group, null, null, ScanOrder.ASCENDING, (m, k, kb, v, vb) -> false) > 0;
    }

    private static void writeIndex(JsonGenerator json, String name, long index) throws IOException {
        if (index == RaftEngine.NO_INDEX) {
            json.writeNullField(name);
        } else {
            JsonLines.unsignedField(json, name, index);
        }
    }

    private String checksum(long group, long first, long last) {
        crc.reset();
        if (first != RaftEngine.NO_INDEX) {
            engine.fetchEntries(
                    group,
                    first,
                    last + 1,
                    Long.MAX_VALUE,
                    (index, memory, offset, bytes) -> {
                        byte[] copy = room(ENTRY_HEAD_BYTES + bytes);
                        putBigEndian(copy, 0, index, Long.BYTES);
                        putBigEndian(copy, Long.BYTES, bytes, Integer.BYTES);
                        copyOut(memory, offset, copy, ENTRY_HEAD_BYTES, bytes);
                        crc.update(copy, 0, ENTRY_HEAD_BYTES + bytes);
                        return true;
                    });
        }
        return HexFormat.of().toHexDigits((int) crc.getValue());
    }

    private void writeEntries(JsonGenerator json, long group, long first, long last)
            throws IOException {
        try {
            engine.fetchEntries(
                    group,
                    first,
                    last + 1,
                    Long.MAX_VALUE,
                    (index, memory, offset, bytes) -> {
                        writeBase64(json, memory, offset, bytes);
                        return true;
                    });
        } catch (UncheckedIOException unwritten) {
            throw unwritten.getCause();
        }
    }

    private void writeKeys(JsonGenerator json, long group) throws IOException {
        try {
            engine.scan(
                    group,
                    null,
                    null,
                    ScanOrder.ASCENDING,
                    (memory, key, keyBytes, value, valueBytes) -> {
                        writePair(json, memory, key, keyBytes, value, valueBytes);
                        return true;
                    });
        } catch (UncheckedIOException unwritten) {
            throw unwritten.getCause();
        }
    }

    private void writePair(
            JsonGenerator json,
            MemorySegment memory,
            long key,
            int keyBytes,
            long value,
            int valueBytes) {
        try {
            json.writeStartObject();
            json.writeFieldName("key");
            writeBase64(json, memory, key, keyBytes);
            json.writeFieldName("value");
            writeBase64(json, memory, value, valueBytes);
            json.writeEndObject();
        } catch (IOException unwritten) {
            throw new UncheckedIOException(unwritten);
        }
    }

    private void writeBase64(JsonGenerator json, MemorySegment memory, long offset, int bytes) {
        byte[] copy = room(bytes);
        copyOut(memory, offset, copy, 0, bytes);
        try {
            json.writeBinary(Base64Variants.MIME_NO_LINEFEEDS, copy, 0, bytes);
        } catch (IOException unwritten) {
            throw new UncheckedIOException(unwritten);
        }
    }

    private static void copyOut(
            MemorySegment memory, long offset, byte[] target, int at, int bytes) {
        MemorySegment.copy(memory, ValueLayout.JAVA_BYTE, offset, target, at, bytes);
    }

    private static void putBigEndian(byte[] target, int at, long value, int bytes) {
        for (int i = 0; i < bytes; i++) {
            target[at + i] = (byte) (value >>> (8 * (bytes - 1 - i)));
        }
    }

    private byte[] room(int bytes) {
        if (buffer.length < bytes) {
            buffer =
                    new byte
                            [Math.max(
                                    bytes,
                                    (int) Math.min(2L * buffer.length, Integer.MAX_VALUE - 8))];
        }
        return buffer;
    }
}
