package io.raftengine.testing.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;

/**
 * One group: a contiguous range of entries and a sorted map. Trusts its caller to have checked what
 * it is given.
 */
final class GroupModel {
    private long first;
    private final List<byte[]> entries = new ArrayList<>();
    private final TreeMap<byte[], byte[]> values = new TreeMap<>(Arrays::compareUnsigned);

    long first() {
        return first;
    }

    int count() {
        return entries.size();
    }

    List<byte[]> entries() {
        return entries;
    }

    TreeMap<byte[], byte[]> values() {
        return values;
    }

    boolean holdsNothing() {
        return entries.isEmpty() && values.isEmpty();
    }

    /** Overwrites from {@code index} on: what stood behind is gone, as a Raft log demands. */
    void append(long index, List<byte[]> added) {
        if (entries.isEmpty()) {
            first = index;
        }
        int kept = (int) (index - first);
        entries.subList(kept, entries.size()).clear();
        entries.addAll(added);
    }

    /** Answers how many entries went. */
    long compact(long index) {
        if (entries.isEmpty() || Long.compareUnsigned(index, first) <= 0) {
            return 0;
        }
        long span = index - first;
        int removed = Long.compareUnsigned(span, entries.size()) < 0 ? (int) span : entries.size();
        entries.subList(0, removed).clear();
        first = index;
        return removed;
    }
}
