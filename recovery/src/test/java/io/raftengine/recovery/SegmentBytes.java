package io.raftengine.recovery;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;

/**
 * Builds segments byte by byte, from the format's description and without any production code: a
 * second opinion, and a way to make bytes that no encoder writes. Batches are added in order and
 * can be damaged afterwards.
 */
final class SegmentBytes {
    static final byte[] INTERNAL_KEY = {0x5f, 0x5f, 0x01};

    private final long version;
    private final long seq;
    private final long alignment;
    private final List<Integer> offsets = new ArrayList<>();
    private byte[] bytes;

    private SegmentBytes(long version, long seq, long alignment) {
        this.version = version;
        this.seq = seq;
        this.alignment = alignment;
        ByteBuffer header = ByteBuffer.allocate(version == 1 ? 61 : 69);
        header.put(
                "RAFT-LOG-FILE-HEADER-9986AB3E47F320B394C8E84916EB0ED5"
                        .getBytes(StandardCharsets.US_ASCII));
        header.putLong(version);
        if (version != 1) {
            header.putLong(alignment);
        }
        bytes = header.array();
    }

    static SegmentBytes v1(long seq) {
        return new SegmentBytes(1, seq, 0);
    }

    static SegmentBytes v2(long seq) {
        return new SegmentBytes(2, seq, 0);
    }

    static SegmentBytes aligned(long seq, long alignment) {
        return new SegmentBytes(2, seq, alignment);
    }

    /** Starts a batch; {@link Batch#end} adds it. */
    Batch batch() {
        return new Batch();
    }

    /** One entry of each given text, for one group, in a batch of its own. */
    SegmentBytes append(long group, long first, String... entries) {
        return batch().entries(group, first, entries).end();
    }

    /** A batch with a synced watermark. */
    SegmentBytes watermark(long watermark) {
        pad();
        ByteBuffer value = ByteBuffer.allocate(17);
        value.put((byte) 0x80).putLong(watermark).putLong(bytes.length);
        return batch().put(0, INTERNAL_KEY, value.array()).end();
    }

    /** A watermark batch that says everything before it is synced. */
    SegmentBytes synced() {
        pad();
        return watermark(bytes.length);
    }

    SegmentBytes raw(byte... more) {
        byte[] all = new byte[bytes.length + more.length];
        System.arraycopy(bytes, 0, all, 0, bytes.length);
        System.arraycopy(more, 0, all, bytes.length, more.length);
        bytes = all;
        return this;
    }

    SegmentBytes zeros(int n) {
        return raw(new byte[n]);
    }

    /** Adds the batches of another life of this file, from its first batch on. */
    SegmentBytes stale(SegmentBytes old) {
        byte[] tail = new byte[old.bytes.length - old.offset(0)];
        System.arraycopy(old.bytes, old.offset(0), tail, 0, tail.length);
        return raw(tail);
    }

    /** Adds 1 to the byte at an offset. */
    SegmentBytes damage(int offset) {
        bytes[offset]++;
        return this;
    }

    SegmentBytes truncate(int size) {
        bytes = java.util.Arrays.copyOf(bytes, size);
        return this;
    }

    /** Offset of the n-th batch. */
    int offset(int n) {
        return offsets.get(n);
    }

    int size() {
        return bytes.length;
    }

    long seq() {
        return seq;
    }

    byte[] bytes() {
        return bytes.clone();
    }

    private void pad() {
        if (alignment != 0 && bytes.length % alignment != 0) {
            zeros((int) (alignment - bytes.length % alignment));
        }
    }

    /** One batch being built. */
    final class Batch {
        private final ByteArrayOutputStream content = new ByteArrayOutputStream();
        private final ByteArrayOutputStream items = new ByteArrayOutputStream();
        private int itemCount;
        private int crcXor;

        Batch entries(long group, long first, String... entries) {
            item(group, 1);
            varint(entries.length);
            if (entries.length > 0) {
                varint(first);
            }
            for (String entry : entries) {
                content.writeBytes(entry.getBytes(StandardCharsets.UTF_8));
                varint(content.size());
            }
            return this;
        }

        Batch entry(long group, long index, byte[] bytes) {
            content.writeBytes(bytes);
            return item(group, 1).varint(1).varint(index).varint(content.size());
        }

        Batch clean(long group) {
            item(group, 2);
            items.write(1);
            return this;
        }

        Batch compact(long group, long index) {
            item(group, 2);
            items.write(2);
            varint(index);
            return this;
        }

        Batch put(long group, String key, String value) {
            return put(
                    group,
                    key.getBytes(StandardCharsets.UTF_8),
                    value.getBytes(StandardCharsets.UTF_8));
        }

        Batch put(long group, byte[] key, byte[] value) {
            item(group, 3);
            items.write(1);
            varint(key.length);
            items.writeBytes(key);
            varint(value.length);
            items.writeBytes(value);
            return this;
        }

        Batch delete(long group, String key) {
            item(group, 3);
            items.write(2);
            varint(key.length());
            items.writeBytes(key.getBytes(StandardCharsets.UTF_8));
            return this;
        }

        /** An atomic marker: 0 begin, 1 middle, 2 end. */
        Batch marker(long id, int value) {
            return put(id, INTERNAL_KEY, new byte[] {(byte) value});
        }

        /** Any item bytes behind a group id. */
        Batch item(long group, int type) {
            itemCount++;
            varint(group);
            items.write(type);
            return this;
        }

        Batch varint(long n) {
            long rest = n;
            while (rest < 0 || rest >= 0x80) {
                items.write((int) (rest & 0x7f | 0x80));
                rest >>>= 7;
            }
            items.write((int) rest);
            return this;
        }

        /** Claims another number of items than there are. */
        Batch claimItems(int n) {
            itemCount = n;
            return this;
        }

        /** Makes the item checksum wrong. */
        Batch wrongItemChecksum() {
            crcXor = 1;
            return this;
        }

        SegmentBytes end() {
            pad();
            ByteArrayOutputStream section = new ByteArrayOutputStream();
            ByteArrayOutputStream counted = new ByteArrayOutputStream();
            int n = itemCount;
            while (n >= 0x80) {
                counted.write(n & 0x7f | 0x80);
                n >>>= 7;
            }
            counted.write(n);
            section.writeBytes(counted.toByteArray());
            section.writeBytes(items.toByteArray());
            int blockBytes = content.size() == 0 ? 0 : content.size() + 4;
            ByteBuffer batch = ByteBuffer.allocate(16 + blockBytes + section.size() + 4);
            batch.putLong((long) batch.capacity() << 8).putLong(16 + blockBytes);
            if (blockBytes != 0) {
                batch.put(content.toByteArray());
                batch.putInt(Integer.reverseBytes(crc(content.toByteArray())));
            }
            batch.put(section.toByteArray());
            int signature = version == 1 ? 0 : (int) seq;
            batch.putInt(Integer.reverseBytes(crc(section.toByteArray()) ^ signature ^ crcXor));
            offsets.add(bytes.length);
            return raw(batch.array());
        }
    }

    static int crc(byte[] bytes) {
        CRC32 crc = new CRC32();
        crc.update(bytes);
        return (int) crc.getValue();
    }
}
