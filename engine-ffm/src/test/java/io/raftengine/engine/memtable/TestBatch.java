package io.raftengine.engine.memtable;

import io.raftengine.log.format.ItemReader;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;

/**
 * A batch written out by the format's own rules, independent of the engine's encoder, with its
 * items for the model.
 */
final class TestBatch {
    enum Kind {
        ENTRIES,
        PUT,
        DELETE,
        COMPACT,
        CLEAN
    }

    record Item(
            Kind kind, long group, long index, int start, int[] tails, byte[] key, byte[] value) {}

    final List<Item> items = new ArrayList<>();
    boolean compressed;
    private int content;

    TestBatch entries(long group, long first, int... lengths) {
        int start = content;
        int[] tails = new int[lengths.length];
        for (int i = 0; i < lengths.length; i++) {
            content += lengths[i];
            tails[i] = content;
        }
        items.add(new Item(Kind.ENTRIES, group, first, start, tails, null, null));
        return this;
    }

    /** Entries of one byte each. */
    TestBatch range(long group, long first, long last) {
        int[] lengths = new int[(int) (last - first + 1)];
        java.util.Arrays.fill(lengths, 1);
        return entries(group, first, lengths);
    }

    TestBatch put(long group, byte[] key, byte[] value) {
        items.add(new Item(Kind.PUT, group, 0, 0, null, key, value));
        return this;
    }

    TestBatch put(long group, String key, String value) {
        return put(group, bytes(key), bytes(value));
    }

    TestBatch delete(long group, byte[] key) {
        items.add(new Item(Kind.DELETE, group, 0, 0, null, key, null));
        return this;
    }

    TestBatch delete(long group, String key) {
        return delete(group, bytes(key));
    }

    TestBatch compact(long group, long index) {
        items.add(new Item(Kind.COMPACT, group, index, 0, null, null, null));
        return this;
    }

    TestBatch clean(long group) {
        items.add(new Item(Kind.CLEAN, group, 0, 0, null, null, null));
        return this;
    }

    TestBatch compressed() {
        compressed = true;
        return this;
    }

    static byte[] bytes(String text) {
        return text.getBytes(java.nio.charset.StandardCharsets.US_ASCII);
    }

    int contentBytes() {
        return content;
    }

    int blockBytes() {
        if (content == 0) {
            return 0;
        }
        return compressed ? content / 2 + 9 : content + 4;
    }

    byte[] section() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        varint(out, items.size());
        for (Item item : items) {
            varint(out, item.group);
            switch (item.kind) {
                case ENTRIES -> {
                    out.write(1);
                    varint(out, item.tails.length);
                    if (item.tails.length > 0) {
                        varint(out, item.index);
                    }
                    for (int tail : item.tails) {
                        varint(out, tail);
                    }
                }
                case CLEAN -> {
                    out.write(2);
                    out.write(1);
                }
                case COMPACT -> {
                    out.write(2);
                    out.write(2);
                    varint(out, item.index);
                }
                case PUT -> {
                    out.write(3);
                    out.write(1);
                    varint(out, item.key.length);
                    out.writeBytes(item.key);
                    varint(out, item.value.length);
                    out.writeBytes(item.value);
                }
                case DELETE -> {
                    out.write(3);
                    out.write(2);
                    varint(out, item.key.length);
                    out.writeBytes(item.key);
                }
            }
        }
        return out.toByteArray();
    }

    ItemReader reader() {
        byte[] section = section();
        ItemReader reader = new ItemReader(512);
        reader.open(section, 0, section.length, 0, content);
        return reader;
    }

    private static void varint(ByteArrayOutputStream out, long value) {
        long rest = value;
        while ((rest & ~0x7fL) != 0) {
            out.write((int) (rest & 0x7f | 0x80));
            rest >>>= 7;
        }
        out.write((int) rest);
    }
}
