package io.raftengine.testing.model;

import java.util.List;

/** One item of a batch in an operation script. Group ids, indexes and terms are unsigned. */
public sealed interface Item {
    /**
     * The group the item is about.
     *
     * @return its id
     */
    long group();

    /**
     * Entries with consecutive indexes, each an {@code eraftpb.Entry} of that term and index.
     *
     * @param group the group
     * @param first index of the first entry
     * @param term term of all
     * @param data data of each entry; the arrays are not copied
     */
    record Append(long group, long first, long term, List<byte[]> data) implements Item {}

    /**
     * A key gets a value.
     *
     * @param group the group
     * @param key the key, not copied
     * @param value the value, not copied
     */
    record Put(long group, byte[] key, byte[] value) implements Item {}

    /**
     * A key goes.
     *
     * @param group the group
     * @param key the key, not copied
     */
    record Delete(long group, byte[] key) implements Item {}

    /**
     * Entries below an index go.
     *
     * @param group the group
     * @param index first index to keep
     */
    record Compact(long group, long index) implements Item {}

    /**
     * The group goes.
     *
     * @param group the group
     */
    record Clean(long group) implements Item {}
}
