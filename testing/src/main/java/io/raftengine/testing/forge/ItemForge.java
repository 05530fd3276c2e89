package io.raftengine.testing.forge;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/**
 * Item section of a batch, without its checksum. Every method adds exactly the bytes it is told to,
 * whether they make sense or not. For one thread.
 */
public final class ItemForge {
    /** The key under which an engine keeps records of its own. */
    public static final byte[] INTERNAL_KEY = {0x5f, 0x5f, 0x01};

    private final ByteArrayOutputStream items = new ByteArrayOutputStream();
    private long count;
    private Long claimedCount;

    /** An empty section. */
    public ItemForge() {}

    /** Lets the section claim another number of items than were added. */
    public ItemForge claimItems(long claimed) {
        claimedCount = claimed;
        return this;
    }

    /** Entries, each given by where it ends in the batch's content. */
    public ItemForge entries(long group, long firstIndex, long... tails) {
        return entriesClaiming(tails.length, group, firstIndex, tails);
    }

    /** Entries that claim another count than there are tails. */
    public ItemForge entriesClaiming(long claimed, long group, long firstIndex, long... tails) {
        begin(group, 1);
        varint(claimed);
        if (claimed != 0) {
            varint(firstIndex);
        }
        for (long tail : tails) {
            varint(tail);
        }
        return this;
    }

    /** A group is gone. */
    public ItemForge clean(long group) {
        return begin(group, 2).raw(1);
    }

    /** Entries below an index are gone. */
    public ItemForge compact(long group, long index) {
        return begin(group, 2).raw(2).varint(index);
    }

    /** A key gets a value. */
    public ItemForge put(long group, byte[] key, byte[] value) {
        return putClaiming(group, key.length, key, value.length, value);
    }

    /** A key gets a value. */
    public ItemForge put(long group, String key, String value) {
        return put(
                group,
                key.getBytes(StandardCharsets.UTF_8),
                value.getBytes(StandardCharsets.UTF_8));
    }

    /** A key gets a value, with lengths that need not be theirs. */
    public ItemForge putClaiming(
            long group, long keyBytes, byte[] key, long valueBytes, byte[] value) {
        return begin(group, 3).raw(1).varint(keyBytes).raw(key).varint(valueBytes).raw(value);
    }

    /** A key is gone. */
    public ItemForge delete(long group, byte[] key) {
        return begin(group, 3).raw(2).varint(key.length).raw(key);
    }

    /** An atomic marker: 0 begins, 1 goes on, 2 ends. */
    public ItemForge marker(long id, int type) {
        return put(id, INTERNAL_KEY, new byte[] {(byte) type});
    }

    /** First bytes of an item of any type; counts as one. */
    public ItemForge begin(long group, int type) {
        count++;
        return varint(group).raw(type);
    }

    /** A number in its shortest form. */
    public ItemForge varint(long value) {
        long left = value;
        while ((left & ~0x7fL) != 0) {
            items.write((int) (left & 0x7f | 0x80));
            left >>>= 7;
        }
        items.write((int) left);
        return this;
    }

    /** One byte. */
    public ItemForge raw(int oneByte) {
        items.write(oneByte);
        return this;
    }

    /** Bytes as they are. */
    public ItemForge raw(byte[] bytes) {
        items.writeBytes(bytes);
        return this;
    }

    /** The section: the count, then the items. */
    public byte[] bytes() {
        ItemForge section = new ItemForge();
        section.varint(claimedCount == null ? count : claimedCount);
        section.raw(items.toByteArray());
        return section.items.toByteArray();
    }
}
