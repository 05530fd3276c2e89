package io.raftengine.recovery;

import io.raftengine.error.CorruptionException;
import io.raftengine.log.format.ItemReader;
import io.raftengine.log.format.QueueKind;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A sink made of maps: records every item it is told, and at the merge applies them one after
 * another by the rules of behaviour 8.1 and 10.4. Slow, and obviously right.
 */
final class HeapModel implements ReplaySink {
    /** Where an entry is. */
    record Location(
            QueueKind kind,
            long seq,
            long blockOffset,
            int blockBytes,
            boolean compressed,
            int start,
            int end) {}

    /** One Raft group. */
    static final class Group {
        long first;
        final List<Location> entries = new ArrayList<>();
        final TreeMap<String, byte[]> kvs = new TreeMap<>();
        long spanFirst = -1;
        long spanLast = -1;

        long next() {
            return first + entries.size();
        }
    }

    /** One item, as it was told. */
    private record Item(
            int kind, long group, long index, List<Location> entries, String key, byte[] value) {}

    private static final int SPAN = 99;

    /** One partition: items in the order they were told. */
    final class Partition implements PartitionSink {
        final QueueKind kind;
        final long order;
        final List<Item> items = new ArrayList<>();
        boolean complete;

        Partition(QueueKind kind, long order) {
            this.kind = kind;
            this.order = order;
        }

        @Override
        public void apply(
                long segmentSeq,
                long blockOffset,
                int blockBytes,
                boolean compressed,
                ItemReader reader) {
            assert !complete;
            while (reader.next()) {
                if (!reader.isInternalKey()) {
                    items.add(item(segmentSeq, blockOffset, blockBytes, compressed, reader));
                }
            }
        }

        private Item item(long seq, long offset, int bytes, boolean compressed, ItemReader reader) {
            List<Location> entries = new ArrayList<>();
            String key = null;
            byte[] value = null;
            long index = 0;
            switch (reader.kind()) {
                case ItemReader.ENTRIES -> {
                    index = reader.firstIndex();
                    int start = reader.entryStart();
                    for (int i = 0; i < reader.count(); i++) {
                        int end = reader.nextTail();
                        entries.add(new Location(kind, seq, offset, bytes, compressed, start, end));
                        start = end;
                    }
                }
                case ItemReader.COMPACT -> index = reader.compactIndex();
                case ItemReader.PUT, ItemReader.DELETE -> {
                    key =
                            HexFormat.of()
                                    .formatHex(
                                            reader.keyArray(),
                                            reader.keyOffset(),
                                            reader.keyOffset() + reader.keyLength());
                    if (reader.kind() == ItemReader.PUT) {
                        value = new byte[reader.valueLength()];
                        reader.copyValue(value, 0);
                    }
                }
                default -> {}
            }
            return new Item(reader.kind(), reader.groupId(), index, entries, key, value);
        }

        @Override
        public void atomicSpan(long groupId, long firstSeq, long lastSeq) {
            assert !complete;
            items.add(new Item(SPAN, groupId, firstSeq, List.of(), Long.toString(lastSeq), null));
        }

        @Override
        public void complete() {
            assert !complete;
            complete = true;
        }
    }

    private final List<Partition> partitions = new ArrayList<>();
    private final TreeMap<Long, Group> groups = new TreeMap<>(Long::compareUnsigned);
    private boolean merged;

    @Override
    public synchronized PartitionSink newPartition(QueueKind kind, long order) {
        for (Partition other : partitions) {
            if (other.kind == kind && other.order == order) {
                throw new AssertionError("order " + order + " twice");
            }
        }
        Partition partition = new Partition(kind, order);
        partitions.add(partition);
        return partition;
    }

    @Override
    public synchronized void merge(int threads) {
        assert !merged;
        merged = true;
        TreeMap<Long, Group> append = new TreeMap<>(Long::compareUnsigned);
        List<Item> tombstones = new ArrayList<>();
        for (Item item : itemsOf(QueueKind.REWRITE)) {
            apply(groups, item, false);
        }
        for (Item item : itemsOf(QueueKind.APPEND)) {
            apply(append, item, true);
            if (item.kind == ItemReader.CLEAN
                    || item.kind == ItemReader.COMPACT
                    || item.kind == ItemReader.DELETE) {
                tombstones.add(item);
            }
        }
        for (Item item : tombstones) {
            apply(groups, item, true);
        }
        for (Map.Entry<Long, Group> entry : append.entrySet()) {
            Group newer = entry.getValue();
            Group group = groups.computeIfAbsent(entry.getKey(), id -> new Group());
            if (!newer.entries.isEmpty()) {
                append(group, newer.first, newer.entries, entry.getKey(), false);
            }
            group.kvs.putAll(newer.kvs);
        }
    }

    private List<Item> itemsOf(QueueKind kind) {
        List<Item> all = new ArrayList<>();
        partitions.stream()
                .filter(p -> p.kind == kind)
                .sorted(Comparator.comparingLong(p -> p.order))
                .forEach(p -> {
                    assert p.complete;
                    all.addAll(p.items);
                });
        return all;
    }

    /** Everything that was told, in order, for comparing sequences. */
    synchronized List<String> told() {
        List<String> lines = new ArrayList<>();
        for (QueueKind kind : List.of(QueueKind.REWRITE, QueueKind.APPEND)) {
            for (Item item : itemsOf(kind)) {
                String value = item.value == null ? "-" : HexFormat.of().formatHex(item.value);
                lines.add(
                        kind
                                + " "
                                + item.kind
                                + " "
                                + item.group
                                + " "
                                + item.index
                                + " "
                                + item.entries
                                + " "
                                + item.key
                                + " "
                                + value);
            }
        }
        return lines;
    }

    private static void apply(TreeMap<Long, Group> groups, Item item, boolean appendQueue) {
        Group group = groups.get(item.group);
        switch (item.kind) {
            case ItemReader.ENTRIES -> {
                if (!item.entries.isEmpty()) {
                    group = groups.computeIfAbsent(item.group, id -> new Group());
                    append(group, item.index, item.entries, item.group, appendQueue);
                }
            }
            case ItemReader.CLEAN -> groups.remove(item.group);
            case ItemReader.COMPACT -> {
                if (group != null
                        && !group.entries.isEmpty()
                        && Long.compareUnsigned(item.index, group.first) > 0) {
                    long drop = item.index - group.first;
                    int n =
                            Long.compareUnsigned(drop, group.entries.size()) > 0
                                    ? group.entries.size()
                                    : (int) drop;
                    group.entries.subList(0, n).clear();
                    group.first = item.index;
                }
            }
            case ItemReader.PUT ->
                    groups.computeIfAbsent(item.group, id -> new Group())
                            .kvs
                            .put(item.key, item.value);
            case ItemReader.DELETE -> {
                if (group != null) {
                    group.kvs.remove(item.key);
                }
            }
            case SPAN -> {
                if (group != null) {
                    group.spanFirst = item.index;
                    group.spanLast = Long.parseLong(item.key);
                }
            }
            default -> throw new AssertionError(item.kind);
        }
    }

    /** Columns 2 to 4 of the table in behaviour 8.1. */
    private static void append(
            Group group, long index, List<Location> entries, long id, boolean holesRefused) {
        boolean behind = !group.entries.isEmpty() && Long.compareUnsigned(index, group.next()) > 0;
        if (behind && holesRefused) {
            throw new CorruptionException(
                    "",
                    -1,
                    "entries of group " + Long.toUnsignedString(id),
                    "at most " + group.next(),
                    Long.toUnsignedString(index));
        }
        if (group.entries.isEmpty() || behind || Long.compareUnsigned(index, group.first) < 0) {
            group.entries.clear();
            group.first = index;
        }
        int keep = (int) (index - group.first);
        group.entries.subList(keep, group.entries.size()).clear();
        group.entries.addAll(entries);
    }

    /** The merged state. */
    synchronized Map<Long, Group> groups() {
        assert merged;
        return groups;
    }

    synchronized int partitionCount() {
        return partitions.size();
    }
}
