package io.raftengine.log.format;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;

/**
 * A second encoder, of plain arrays and nothing else, so that tests compare bytes with something
 * independent.
 */
final class ModelBatch {
    final List<byte[]> items = new ArrayList<>();
    final ByteArrayOutputStream content = new ByteArrayOutputStream();
    final List<String> log = new ArrayList<>(); // what a reader must report, one line per item

    ModelBatch entries(long group, long first, byte[]... entries) {
        ByteArrayOutputStream item = new ByteArrayOutputStream();
        item.writeBytes(varint(group));
        item.write(1);
        item.writeBytes(varint(entries.length));
        StringBuilder line = new StringBuilder("entries " + Long.toUnsignedString(group));
        if (entries.length > 0) {
            item.writeBytes(varint(first));
        }
        line.append(' ').append(Long.toUnsignedString(entries.length > 0 ? first : 0));
        line.append(" from ").append(content.size());
        for (byte[] entry : entries) {
            content.writeBytes(entry);
            item.writeBytes(varint(content.size()));
            line.append(' ').append(content.size());
        }
        items.add(item.toByteArray());
        log.add(line.toString());
        return this;
    }

    ModelBatch clean(long group) {
        items.add(TestBytes.concat(varint(group), new byte[] {2, 1}));
        log.add("clean " + Long.toUnsignedString(group));
        return this;
    }

    ModelBatch compact(long group, long index) {
        items.add(TestBytes.concat(varint(group), new byte[] {2, 2}, varint(index)));
        log.add("compact " + Long.toUnsignedString(group) + " " + Long.toUnsignedString(index));
        return this;
    }

    ModelBatch put(long group, byte[] key, byte[] value) {
        items.add(
                TestBytes.concat(
                        varint(group),
                        new byte[] {3, 1},
                        varint(key.length),
                        key,
                        varint(value.length),
                        value));
        log.add(
                "put "
                        + Long.toUnsignedString(group)
                        + " "
                        + TestBytes.hex(key)
                        + "="
                        + TestBytes.hex(value));
        return this;
    }

    ModelBatch delete(long group, byte[] key) {
        items.add(TestBytes.concat(varint(group), new byte[] {3, 2}, varint(key.length), key));
        log.add("delete " + Long.toUnsignedString(group) + " " + TestBytes.hex(key));
        return this;
    }

    byte[] section() {
        byte[] all = varint(items.size());
        for (byte[] item : items) {
            all = TestBytes.concat(all, item);
        }
        return all;
    }

    /** The batch with its entries as they are. */
    byte[] encode(int signature) {
        return batch(content.toByteArray(), 0, section(), signature);
    }

    /**
     * Any batch: a stored block, whatever it is, and a section, whatever it is, with right
     * checksums.
     */
    static byte[] batch(byte[] stored, int type, byte[] section, int signature) {
        byte[] block =
                stored.length == 0 ? stored : TestBytes.concat(stored, littleEndian(crc(stored)));
        long total = 16L + block.length + section.length + 4;
        byte[] header = new byte[16];
        BigEndian.putLong(header, 0, total << 8 | type);
        BigEndian.putLong(header, 8, 16 + block.length);
        return TestBytes.concat(header, block, section, littleEndian(crc(section) ^ signature));
    }

    static byte[] header(int version, long alignment) {
        byte[] b = new byte[version == 1 ? 61 : 69];
        byte[] magic = TestBytes.ascii("RAFT-LOG-FILE-HEADER-9986AB3E47F320B394C8E84916EB0ED5");
        System.arraycopy(magic, 0, b, 0, magic.length);
        BigEndian.putLong(b, 53, version);
        if (version == 2) {
            BigEndian.putLong(b, 61, alignment);
        }
        return b;
    }

    static byte[] varint(long value) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        long v = value;
        while (Long.compareUnsigned(v, 0x80) >= 0) {
            out.write((int) (v & 0x7f) | 0x80);
            v >>>= 7;
        }
        out.write((int) v);
        return out.toByteArray();
    }

    static int crc(byte[] bytes) {
        CRC32 crc = new CRC32();
        crc.update(bytes);
        return (int) crc.getValue();
    }

    static byte[] littleEndian(int word) {
        byte[] b = new byte[4];
        BigEndian.putIntLittleEndian(b, 0, word);
        return b;
    }

    /** What a reader reports, in the words of {@link #log}. */
    static List<String> read(ItemReader reader) {
        List<String> lines = new ArrayList<>();
        while (reader.next()) {
            String group = Long.toUnsignedString(reader.groupId());
            switch (reader.kind()) {
                case ItemReader.ENTRIES -> {
                    StringBuilder line =
                            new StringBuilder("entries " + group + " ")
                                    .append(Long.toUnsignedString(reader.firstIndex()))
                                    .append(" from ")
                                    .append(reader.entryStart());
                    for (int i = 0; i < reader.count(); i++) {
                        line.append(' ').append(reader.nextTail());
                    }
                    lines.add(line.toString());
                }
                case ItemReader.CLEAN -> lines.add("clean " + group);
                case ItemReader.COMPACT ->
                        lines.add(
                                "compact "
                                        + group
                                        + " "
                                        + Long.toUnsignedString(reader.compactIndex()));
                case ItemReader.PUT -> {
                    byte[] value = new byte[reader.valueLength()];
                    reader.copyValue(value, 0);
                    lines.add("put " + group + " " + key(reader) + "=" + TestBytes.hex(value));
                }
                default -> lines.add("delete " + group + " " + key(reader));
            }
        }
        return lines;
    }

    private static String key(ItemReader reader) {
        byte[] key = new byte[reader.keyLength()];
        System.arraycopy(reader.keyArray(), reader.keyOffset(), key, 0, key.length);
        return TestBytes.hex(key);
    }
}
