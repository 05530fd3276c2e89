package io.raftengine.engine.memtable;

import io.raftengine.log.format.QueueKind;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;

/** What memtables should hold, made of plain maps and applied one item at a time. */
final class Model {
    record Place(
            QueueKind queue,
            long segment,
            long offset,
            int blockBytes,
            boolean compressed,
            int start,
            int length) {}

    static final class Group {
        final TreeMap<Long, Place> entries = new TreeMap<>(Long::compareUnsigned);

        /**
         * During replay: what the rewrite queue holds, while {@link #entries} is what the append
         * queue holds.
         */
        final TreeMap<Long, Place> rewritten = new TreeMap<>(Long::compareUnsigned);

        final TreeMap<byte[], byte[]> keys = new TreeMap<>(Arrays::compareUnsigned);
        final TreeMap<byte[], Map.Entry<QueueKind, Long>> keyPlaces =
                new TreeMap<>(Arrays::compareUnsigned);

        /** Whether the append queue added anything since the group came to be. */
        boolean appended;

        Group copy() {
            Group copy = new Group();
            copy.appended = appended;
            copy.entries.putAll(entries);
            copy.rewritten.putAll(rewritten);
            copy.keys.putAll(keys);
            copy.keyPlaces.putAll(keyPlaces);
            return copy;
        }
    }

    /** A batch that must not be written, or a log that must not be opened. */
    static final class Refused extends RuntimeException {
        private static final long serialVersionUID = 1L;
        final int why;
        final long group;
        final long expected;
        final long found;

        Refused(int why, long group, long expected, long found) {
            super(why + " group " + group + " expected " + expected + " found " + found);
            this.why = why;
            this.group = group;
            this.expected = expected;
            this.found = found;
        }
    }

    final Map<Long, Group> groups = new HashMap<>();

    /** Bytes every segment ever got, whatever became of them. */
    private final Map<Map.Entry<QueueKind, Long>, Long> added = new HashMap<>();

    Model copy() {
        Model copy = new Model();
        copy.added.putAll(added);
        groups.forEach((id, group) -> copy.groups.put(id, group.copy()));
        return copy;
    }

    /** A copy of the groups that a batch touches, to try it on. */
    Model copyOf(TestBatch batch) {
        Model copy = new Model();
        for (TestBatch.Item item : batch.items) {
            Group group = groups.get(item.group());
            if (group != null) {
                copy.groups.put(item.group(), group.copy());
            }
        }
        return copy;
    }

    /** Applies a batch by the rules of live writes. */
    void write(long segment, long offset, TestBatch batch) {
        apply(QueueKind.APPEND, segment, offset, batch, true);
    }

    /** Applies a batch by the rules of replay. */
    void replay(QueueKind queue, long segment, long offset, TestBatch batch) {
        apply(queue, segment, offset, batch, false);
    }

    /**
     * Joins the two queues: what the append queue holds goes on from the rewritten entries, or
     * replaces them.
     */
    void finishReplay() {
        for (Group group : groups.values()) {
            boolean goesOn =
                    group.entries.isEmpty()
                            || !group.rewritten.isEmpty()
                                    && group.rewritten.lastKey() + 1 == group.entries.firstKey();
            if (goesOn) {
                group.entries.putAll(group.rewritten);
            }
            group.rewritten.clear();
        }
        // Of what only the rewrite queue knows, and only as dead, nobody can say whether it was
        // cleaned since (D12).
        groups.values()
                .removeIf(group ->
                        !group.appended && group.entries.isEmpty() && group.keys.isEmpty());
    }

    private void apply(QueueKind queue, long segment, long offset, TestBatch batch, boolean live) {
        for (TestBatch.Item item : batch.items) {
            Group group = groups.get(item.group());
            switch (item.kind()) {
                case ENTRIES -> {
                    if (item.tails().length > 0) {
                        group = groups.computeIfAbsent(item.group(), id -> new Group());
                        TreeMap<Long, Place> entries =
                                queue == QueueKind.REWRITE ? group.rewritten : group.entries;
                        makeWay(queue, item, entries, live);
                        // Whatever the append queue says of an index is younger than what was
                        // rewritten.
                        group.rewritten.tailMap(item.index(), true).clear();
                        group.appended |= queue == QueueKind.APPEND;
                        append(queue, segment, offset, batch, item, entries);
                        int tail = item.tails()[item.tails().length - 1];
                        added(queue, segment, tail - item.start());
                    }
                }
                case PUT -> {
                    group = groups.computeIfAbsent(item.group(), id -> new Group());
                    group.appended |= queue == QueueKind.APPEND;
                    group.keys.put(item.key(), item.value());
                    group.keyPlaces.remove(item.key());
                    group.keyPlaces.put(item.key(), Map.entry(queue, segment));
                    added(queue, segment, item.key().length + item.value().length);
                }
                case DELETE -> {
                    if (group != null) {
                        group.keys.remove(item.key());
                        group.keyPlaces.remove(item.key());
                    }
                }
                case COMPACT -> {
                    if (group != null) {
                        group.entries.headMap(item.index(), false).clear();
                        group.rewritten.headMap(item.index(), false).clear();
                    }
                }
                case CLEAN -> groups.remove(item.group());
            }
        }
    }

    private static void makeWay(
            QueueKind queue, TestBatch.Item item, TreeMap<Long, Place> entries, boolean live) {
        if (entries.isEmpty()) {
            return;
        }
        long first = entries.firstKey();
        long next = entries.lastKey() + 1;
        long index = item.index();
        boolean hole = Long.compareUnsigned(index, next) > 0;
        boolean below = Long.compareUnsigned(index, first) < 0;
        if (live && hole) {
            throw new Refused(Memtables.HOLE, item.group(), next, index);
        }
        if (live && below) {
            throw new Refused(Memtables.BELOW_FIRST, item.group(), first, index);
        }
        if (hole && queue == QueueKind.APPEND) {
            throw new Refused(Memtables.HOLE, item.group(), next, index);
        }
        if (hole || below) {
            entries.clear();
        } else {
            entries.tailMap(index, true).clear();
        }
    }

    private static void append(
            QueueKind queue,
            long segment,
            long offset,
            TestBatch batch,
            TestBatch.Item item,
            TreeMap<Long, Place> entries) {
        int start = item.start();
        long index = item.index();
        for (int tail : item.tails()) {
            entries.put(
                    index++,
                    new Place(
                            queue,
                            segment,
                            offset,
                            batch.blockBytes(),
                            batch.compressed,
                            batch.blockBytes() == 0 ? 0 : start,
                            tail - start));
            start = tail;
        }
    }

    private void added(QueueKind queue, long segment, long bytes) {
        added.merge(Map.entry(queue, segment), bytes, Long::sum);
    }

    /** Bytes a segment ever got. */
    long addedBytes(QueueKind queue, long segment) {
        return added.getOrDefault(Map.entry(queue, segment), 0L);
    }

    /** Live entries and keys of a queue. */
    long liveItems(QueueKind queue) {
        long items = 0;
        for (Group group : groups.values()) {
            items += group.entries.values().stream().filter(p -> p.queue() == queue).count();
            items += group.keyPlaces.values().stream().filter(p -> p.getKey() == queue).count();
        }
        return items;
    }

    /** Live bytes of a segment: content of entries, keys, values. */
    long liveBytes(QueueKind queue, long segment) {
        long bytes = 0;
        for (Group group : groups.values()) {
            for (Place place : group.entries.values()) {
                if (place.queue() == queue && place.segment() == segment) {
                    bytes += place.length();
                }
            }
            for (Map.Entry<byte[], byte[]> pair : group.keys.entrySet()) {
                Map.Entry<QueueKind, Long> place = group.keyPlaces.get(pair.getKey());
                if (place.getKey() == queue && place.getValue() == segment) {
                    bytes += pair.getKey().length + pair.getValue().length;
                }
            }
        }
        return bytes;
    }
}
