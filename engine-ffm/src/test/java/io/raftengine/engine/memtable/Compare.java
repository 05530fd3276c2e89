package io.raftengine.engine.memtable;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.allocator.Memory;
import io.raftengine.allocator.MemoryBudget;
import io.raftengine.log.format.QueueKind;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Random;
import java.util.Set;

/** Asks memtables everything that can be asked and compares the answers with the model's. */
final class Compare {
    private Compare() {}

    static void all(Memtables memtables, Model model, long maxGroup, Random random) {
        Set<Long> listed = new HashSet<>();
        memtables.forEachGroup(
                id -> assertThat(listed.add(id)).as("group %d listed twice", id).isTrue());
        assertThat(listed).isEqualTo(model.groups.keySet());
        assertThat(memtables.groupCount()).isEqualTo(model.groups.size());
        for (long group = 0; group <= maxGroup; group++) {
            group(memtables, group, model.groups.get(group), random);
        }
    }

    static void group(Memtables memtables, long id, Model.Group group, Random random) {
        assertThat(memtables.exists(id)).as("group %d exists", id).isEqualTo(group != null);
        if (group == null || group.entries.isEmpty()) {
            assertThat(memtables.first(id)).isEqualTo(Memtables.NO_INDEX);
            assertThat(memtables.last(id)).isEqualTo(Memtables.NO_INDEX);
            assertThat(memtables.locate(id, random.nextInt(20), new EntryLocation())).isFalse();
        } else {
            entries(memtables, id, group, random);
        }
        keys(memtables, id, group == null ? new Model.Group() : group, random);
    }

    private static void entries(Memtables memtables, long id, Model.Group group, Random random) {
        long first = group.entries.firstKey();
        long last = group.entries.lastKey();
        assertThat(memtables.first(id)).as("first of group %d", id).isEqualTo(first);
        assertThat(memtables.last(id)).as("last of group %d", id).isEqualTo(last);
        EntryLocation at = new EntryLocation();
        for (Map.Entry<Long, Model.Place> entry : group.entries.entrySet()) {
            assertThat(memtables.locate(id, entry.getKey(), at))
                    .as("entry %d of group %d", entry.getKey(), id)
                    .isTrue();
            assertThat(place(at))
                    .as("entry %d of group %d", entry.getKey(), id)
                    .isEqualTo(entry.getValue());
        }
        assertThat(memtables.locate(id, last + 1, at)).isFalse();
        assertThat(memtables.locate(id, first - 1, at)).isFalse();
        range(memtables, id, group, first, last, random);
    }

    private static void range(
            Memtables memtables, long id, Model.Group group, long first, long last, Random random) {
        EntryCursor cursor = new EntryCursor();
        EntryLocation at = new EntryLocation();
        long begin = first + random.nextInt((int) (last - first) + 1);
        long end = begin + random.nextInt((int) (last + 1 - begin) + 1);
        List<Model.Place> found = new ArrayList<>();
        for (long next = begin; next != end; next += cursor.count()) {
            assertThat(memtables.locateRange(id, next, end, cursor, at))
                    .isEqualTo(Memtables.RANGE_FOUND);
            assertThat(cursor.count()).isPositive();
            assertThat(cursor.firstIndex()).isEqualTo(next);
            for (int i = 0; i < cursor.count(); i++) {
                cursor.get(i, at);
                found.add(place(at));
            }
        }
        assertThat(found)
                .isEqualTo(new ArrayList<>(group.entries.subMap(begin, true, end, false).values()));
        assertThat(memtables.locateRange(id, first, last + 2, cursor, at))
                .isEqualTo(Memtables.RANGE_NOT_FOUND);
        if (first > 0) {
            assertThat(memtables.locateRange(id, first - 1, last, cursor, at))
                    .isEqualTo(Memtables.RANGE_COMPACTED);
        }
    }

    static Model.Place place(EntryLocation at) {
        return new Model.Place(
                at.queue(),
                at.segment(),
                at.blockOffset(),
                at.blockBytes(),
                at.compressed(),
                at.entryStart(),
                at.entryLength());
    }

    private static void keys(Memtables memtables, long id, Model.Group group, Random random) {
        for (Map.Entry<byte[], byte[]> pair : group.keys.entrySet()) {
            assertThat(get(memtables, id, pair.getKey())).isEqualTo(pair.getValue());
        }
        byte[] absent = {(byte) random.nextInt(), (byte) random.nextInt(), 99, 98, 97, 96, 95};
        if (!group.keys.containsKey(absent)) {
            assertThat(get(memtables, id, absent)).isNull();
        }
        scan(memtables, id, group.keys, null, null, false);
        scan(memtables, id, group.keys, null, null, true);
        byte[] start = randomKey(random);
        byte[] end = randomKey(random);
        scan(memtables, id, group.keys, start, end, random.nextBoolean());
        scan(memtables, id, group.keys, start, null, random.nextBoolean());
        scan(memtables, id, group.keys, null, end, random.nextBoolean());
    }

    static byte[] randomKey(Random random) {
        byte[] key = new byte[random.nextInt(4)];
        for (int i = 0; i < key.length; i++) {
            key[i] = (byte) (random.nextInt(7) * 41);
        }
        return key;
    }

    static byte[] get(Memtables memtables, long id, byte[] key) {
        int length = memtables.get(id, key, 0, key.length, null, 0, 0);
        if (length == Memtables.NO_VALUE) {
            return null;
        }
        byte[] value = new byte[length];
        assertThat(memtables.get(id, key, 0, key.length, value, 0, length)).isEqualTo(length);
        return value;
    }

    private static void scan(
            Memtables memtables,
            long id,
            NavigableMap<byte[], byte[]> keys,
            byte[] start,
            byte[] end,
            boolean reverse) {
        NavigableMap<byte[], byte[]> wanted = keys;
        if (start != null && end != null && java.util.Arrays.compareUnsigned(start, end) > 0) {
            wanted = Collections.emptyNavigableMap();
        } else {
            if (start != null) {
                wanted = wanted.tailMap(start, true);
            }
            if (end != null) {
                wanted = wanted.headMap(end, false);
            }
        }
        if (reverse) {
            wanted = wanted.descendingMap();
        }
        List<byte[]> expected = new ArrayList<>();
        wanted.forEach((key, value) -> {
            expected.add(key);
            expected.add(value);
        });
        assertThat(scanned(memtables, id, start, end, reverse))
                .usingElementComparator(java.util.Arrays::compareUnsigned)
                .containsExactlyElementsOf(expected);
    }

    /** Keys and values in turn. */
    static List<byte[]> scanned(
            Memtables memtables, long id, byte[] start, byte[] end, boolean reverse) {
        List<byte[]> found = new ArrayList<>();
        try (KeyCursor cursor = new KeyCursor(memtables, MemoryBudget.unlimited())) {
            cursor.open(id, start, end, reverse);
            while (cursor.next()) {
                found.add(copy(cursor.keyAddress(), cursor.keyLength()));
                found.add(copy(cursor.valueAddress(), cursor.valueLength()));
            }
        }
        return found;
    }

    private static byte[] copy(long address, int length) {
        byte[] copy = new byte[length];
        if (length > 0) {
            Memory.copyToArray(address, copy, 0, length);
        }
        return copy;
    }

    static void accounting(Memtables memtables, Model model, long segments) {
        for (QueueKind queue : QueueKind.values()) {
            assertThat(memtables.liveItems(queue))
                    .as("live items of %s", queue)
                    .isEqualTo(model.liveItems(queue));
            for (long segment = 0; segment <= segments; segment++) {
                assertThat(memtables.liveBytes(queue, segment))
                        .as("live bytes of %s %d", queue, segment)
                        .isEqualTo(model.liveBytes(queue, segment));
                assertThat(memtables.addedBytes(queue, segment))
                        .as("added bytes of %s %d", queue, segment)
                        .isEqualTo(model.addedBytes(queue, segment));
            }
        }
    }
}
