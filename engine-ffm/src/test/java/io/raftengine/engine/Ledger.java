package io.raftengine.engine;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What an engine must hold, as maps and lists: the oracle. Compares every byte of every entry and
 * key, by two ways of reading each.
 */
final class Ledger {
    /** One change to one group. */
    sealed interface Change {
        long group();

        record Append(long group, long first, List<byte[]> entries) implements Change {}

        record Put(long group, byte[] key, byte[] value) implements Change {}

        record Delete(long group, byte[] key) implements Change {}

        record Compact(long group, long index) implements Change {}

        record Clean(long group) implements Change {}
    }

    /** The changes have a hole or go below the first entry: an engine must refuse them too. */
    static final class Refused extends RuntimeException {
        private static final long serialVersionUID = 1;

        Refused(String message) {
            super(message);
        }
    }

    private static final class Group {
        private long first;
        private final List<byte[]> entries = new ArrayList<>();
        private final TreeMap<String, byte[]> keys = new TreeMap<>();

        Group copy() {
            Group copy = new Group();
            copy.first = first;
            copy.entries.addAll(entries);
            copy.keys.putAll(keys);
            return copy;
        }
    }

    private final TreeMap<Long, Group> groups = new TreeMap<>();

    Ledger copy() {
        Ledger copy = new Ledger();
        groups.forEach((id, group) -> copy.groups.put(id, group.copy()));
        return copy;
    }

    /** This ledger with the changes made; this one stays as it is. */
    Ledger with(List<Change> changes) {
        Ledger next = copy();
        changes.forEach(next::apply);
        return next;
    }

    private void apply(Change change) {
        switch (change) {
            case Change.Append append -> append(append);
            case Change.Put put ->
                    group(put.group()).keys.put(HexFormat.of().formatHex(put.key()), put.value());
            case Change.Delete delete -> {
                Group group = groups.get(delete.group());
                if (group != null) {
                    group.keys.remove(HexFormat.of().formatHex(delete.key()));
                }
            }
            case Change.Compact compact -> {
                Group group = groups.get(compact.group());
                while (group != null && !group.entries.isEmpty() && group.first < compact.index()) {
                    group.entries.removeFirst();
                    group.first++;
                }
            }
            case Change.Clean clean -> groups.remove(clean.group());
        }
    }

    private Group group(long id) {
        return groups.computeIfAbsent(id, unused -> new Group());
    }

    private void append(Change.Append append) {
        Group group = group(append.group());
        if (group.entries.isEmpty()) {
            group.first = append.first();
        }
        long keep = append.first() - group.first;
        if (keep < 0 || keep > group.entries.size()) {
            throw new Refused("group " + append.group() + " from " + append.first());
        }
        while (group.entries.size() > keep) {
            group.entries.removeLast();
        }
        group.entries.addAll(append.entries());
    }

    long next(long id) {
        Group group = groups.get(id);
        return group == null || group.entries.isEmpty() ? -1 : group.first + group.entries.size();
    }

    long first(long id) {
        Group group = groups.get(id);
        return group == null || group.entries.isEmpty() ? -1 : group.first;
    }

    static void fill(LogBatch batch, List<Change> changes) {
        for (Change change : changes) {
            switch (change) {
                case Change.Append a -> batch.addEntries(a.group(), a.first(), a.entries());
                case Change.Put p -> batch.put(p.group(), p.key(), p.value());
                case Change.Delete d -> batch.delete(d.group(), d.key());
                case Change.Compact c -> batch.compactTo(c.group(), c.index());
                case Change.Clean c -> batch.clean(c.group());
            }
        }
    }

    /** Null if the engine holds exactly this, else the first difference. Reads everything. */
    String differenceTo(RaftEngine engine) {
        List<Long> visible = new ArrayList<>();
        engine.forEachGroup(visible::add);
        for (long id : visible) {
            // D12: nothing may rely on whether a group that holds nothing is listed.
            if (!groups.containsKey(id) && holdsSomething(engine, id)) {
                return "group " + id + " holds something and must not exist";
            }
        }
        for (Map.Entry<Long, Group> entry : groups.entrySet()) {
            String difference = difference(engine, entry.getKey(), entry.getValue());
            if (difference != null) {
                return "group " + entry.getKey() + ": " + difference;
            }
        }
        return null;
    }

    private static boolean holdsSomething(RaftEngine engine, long id) {
        return engine.firstIndex(id) != RaftEngine.NO_INDEX
                || engine.scan(id, null, null, ScanOrder.ASCENDING, (m, k, kb, v, vb) -> true) != 0;
    }

    private static String difference(RaftEngine engine, long id, Group group) {
        long first = group.entries.isEmpty() ? RaftEngine.NO_INDEX : group.first;
        long last =
                group.entries.isEmpty()
                        ? RaftEngine.NO_INDEX
                        : group.first + group.entries.size() - 1;
        if (engine.firstIndex(id) != first || engine.lastIndex(id) != last) {
            return "entries "
                    + engine.firstIndex(id)
                    + ".."
                    + engine.lastIndex(id)
                    + ", expected "
                    + first
                    + ".."
                    + last;
        }
        List<byte[]> fetched = new ArrayList<>();
        if (!group.entries.isEmpty()) {
            engine.fetchEntriesTo(id, first, last + 1, Long.MAX_VALUE, fetched);
            if (fetched.size() != group.entries.size()) {
                return "fetched " + fetched.size() + " of " + group.entries.size() + " entries";
            }
        }
        for (int i = 0; i < group.entries.size(); i++) {
            byte[] expected = group.entries.get(i);
            if (!Arrays.equals(expected, fetched.get(i))
                    || !Arrays.equals(expected, engine.getEntry(id, first + i))) {
                return "entry " + (first + i) + " has other bytes";
            }
        }
        return keyDifference(engine, id, group);
    }

    private static String keyDifference(RaftEngine engine, long id, Group group) {
        TreeMap<String, byte[]> scanned = new TreeMap<>();
        engine.scan(
                id,
                null,
                null,
                ScanOrder.ASCENDING,
                (memory, key, keyBytes, value, valueBytes) -> {
                    byte[] k = MessageBuffer.copyOut(memory, key, keyBytes);
                    byte[] v = MessageBuffer.copyOut(memory, value, valueBytes);
                    scanned.put(HexFormat.of().formatHex(k), v);
                    return true;
                });
        if (!scanned.keySet().equals(group.keys.keySet())) {
            return "keys " + scanned.keySet() + ", expected " + group.keys.keySet();
        }
        for (Map.Entry<String, byte[]> key : group.keys.entrySet()) {
            byte[] bytes = HexFormat.of().parseHex(key.getKey());
            if (!Arrays.equals(key.getValue(), scanned.get(key.getKey()))
                    || !Arrays.equals(key.getValue(), engine.get(id, bytes))) {
                return "key " + new String(bytes, StandardCharsets.UTF_8) + " has another value";
            }
        }
        return null;
    }
}
