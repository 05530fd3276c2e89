package io.raftengine.it.hostile;

import io.raftengine.testing.forge.ItemForge;
import io.raftengine.testing.forge.SegmentForge;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * A small directory of which everything is known: two queues, both format versions, LZ4,
 * watermarks, and a model on the heap of what each prefix of each file means. An entry's bytes
 * follow from its group and index, so a wrong byte is seen wherever it turns up.
 */
final class KnownDirectory {
    /** What a group holds, by the model. */
    static final class Group {
        long first = 1;
        long end = 1;
        final TreeMap<String, String> keys = new TreeMap<>();

        @Override
        public String toString() {
            return (first == end ? "none" : first + ".." + (end - 1)) + " " + keys;
        }
    }

    /** One file: its bytes, where its batches begin, and what each does. */
    static final class Segment {
        final String name;
        final SegmentForge forge;
        final boolean last;
        final List<Consumer<TreeMap<Long, Group>>> effects = new ArrayList<>();
        final List<Integer> watermarks = new ArrayList<>();

        Segment(String name, SegmentForge forge, boolean last) {
            this.name = name;
            this.forge = forge;
            this.last = last;
        }

        byte[] bytes() {
            return forge.bytes();
        }

        /** Whole batches in front of an offset. */
        int batchesBefore(long offset) {
            List<Integer> starts = forge.batchOffsets();
            int n = 0;
            while (n < starts.size() && end(n) <= offset) {
                n++;
            }
            return n;
        }

        /**
         * Whether bytes from an offset on are promised by a watermark that the damage left whole.
         */
        boolean promises(byte[] damaged, long offset) {
            byte[] sound = bytes();
            for (int at : watermarks) {
                int end = at + SegmentForge.WATERMARK_BYTES;
                if (at > offset
                        && end <= damaged.length
                        && Arrays.equals(damaged, at, end, sound, at, end)) {
                    return true;
                }
            }
            return false;
        }

        /** Whether this is the file cut between two batches, of which no trace remains. */
        boolean endsBetweenBatches(byte[] damaged) {
            byte[] sound = bytes();
            return (damaged.length == 0 || forge.batchOffsets().contains(damaged.length))
                    && Arrays.equals(damaged, Arrays.copyOf(sound, damaged.length));
        }

        /** Whether the damage touches a byte of a batch. */
        boolean isTouched(byte[] damaged, int batch) {
            int from = forge.batchOffsets().get(batch);
            int to = (int) end(batch);
            return to > damaged.length || !Arrays.equals(damaged, from, to, bytes(), from, to);
        }

        long end(int batch) {
            List<Integer> starts = forge.batchOffsets();
            return batch + 1 < starts.size() ? starts.get(batch + 1) : forge.position();
        }
    }

    /** Where an entry was appended, and its bytes. */
    record Entry(Segment segment, int batch, byte[] bytes) {}

    /** The model met entries that do not follow: no engine may open that (D6). */
    static final class HoleException extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    final Map<String, Segment> segments = new LinkedHashMap<>();

    /** By group and index; every entry is appended once. */
    private final Map<List<Long>, Entry> entries = new HashMap<>();

    /** 70 bytes: a header of six and 64 times the letter x, as in the format's worked example. */
    private static final byte[] LZ4_BLOCK =
            HexFormat.of().parseHex("7f10011801224078010027507878787878");

    private static final byte[] LZ4_CONTENT =
            ("\u0010\u0001\u0018\u0001\"@" + "x".repeat(64)).getBytes(StandardCharsets.ISO_8859_1);

    private Segment current;

    /** Builds it. */
    KnownDirectory() {
        begin(SegmentForge.rewriteName(3), new SegmentForge(2, 3), false);
        entries(21, 1, 3, 50).put(21, "a", "rewritten").put(22, "b", "rewritten");
        begin(SegmentForge.rewriteName(4), new SegmentForge(2, 4), true);
        entries(21, 4, 2, 120).put(22, "c", "too").delete(22, "b").compact(21, 2);

        begin(SegmentForge.appendName(7), new SegmentForge(1, 7), false);
        entries(1, 1, 2, 30).put(1, "k", "v1").entries(2, 1, 4, 12);
        begin(SegmentForge.appendName(8), new SegmentForge(2, 8), false);
        entries(1, 3, 3, 200).lz4(1000, 1).put(1, "k", "v2").put(3, "gone", "x").clean(3);
        begin(SegmentForge.appendName(9), new SegmentForge(2, 9), true);
        entries(1, 6, 2, 300).watermark();
        entries(2, 5, 3, 90).put(2, "m", "n".repeat(300)).watermark();
        entries(1, 8, 1, 700).lz4(1000, 2).delete(1, "k").watermark();
        entries(2, 8, 2, 250).put(2, "m", "z").entries(1, 9, 1, 64);
    }

    private void begin(String name, SegmentForge forge, boolean last) {
        current = new Segment(name, forge, last);
        segments.put(name, current);
    }

    private KnownDirectory batch(
            byte[] content, ItemForge items, Consumer<TreeMap<Long, Group>> effect) {
        current.forge.batch(content, items);
        current.effects.add(effect);
        return this;
    }

    private KnownDirectory entries(long group, long first, int count, int bytes) {
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        long[] tails = new long[count];
        for (int i = 0; i < count; i++) {
            content.writeBytes(remember(group, first + i, entry(group, first + i, bytes)));
            tails[i] = content.size();
        }
        return batch(
                content.toByteArray(),
                new ItemForge().entries(group, first, tails),
                groups -> append(groups, group, first, count));
    }

    private byte[] remember(long group, long index, byte[] bytes) {
        entries.put(List.of(group, index), new Entry(current, current.effects.size(), bytes));
        return bytes;
    }

    private KnownDirectory lz4(long group, long index) {
        remember(group, index, LZ4_CONTENT);
        current.forge.lz4Batch(70, LZ4_BLOCK, new ItemForge().entries(group, index, 70));
        current.effects.add(groups -> append(groups, group, index, 1));
        return this;
    }

    private KnownDirectory put(long group, String key, String value) {
        return batch(
                new byte[0],
                new ItemForge().put(group, key, value),
                groups -> group(groups, group).keys.put(key, value));
    }

    private KnownDirectory delete(long group, String key) {
        return batch(
                new byte[0],
                new ItemForge().delete(group, key.getBytes(StandardCharsets.UTF_8)),
                groups -> group(groups, group).keys.remove(key));
    }

    private KnownDirectory clean(long group) {
        return batch(new byte[0], new ItemForge().clean(group), groups -> groups.remove(group));
    }

    private KnownDirectory compact(long group, long index) {
        return batch(
                new byte[0],
                new ItemForge().compact(group, index),
                groups -> group(groups, group).first = Math.max(index, group(groups, group).first));
    }

    private KnownDirectory watermark() {
        current.watermarks.add(current.forge.position());
        current.forge.watermark(current.forge.position());
        current.effects.add(groups -> {});
        return this;
    }

    private static Group group(TreeMap<Long, Group> groups, long id) {
        return groups.computeIfAbsent(id, g -> new Group());
    }

    private static void append(TreeMap<Long, Group> groups, long id, long first, int count) {
        Group group = group(groups, id);
        if (group.first == group.end || first < group.first) {
            group.first = first;
        } else if (first > group.end) {
            throw new HoleException();
        }
        group.end = first + count;
    }

    /** The bytes of an entry. */
    static byte[] entry(long group, long index, int bytes) {
        byte[] entry = new byte[bytes];
        long state = group * 0x9e3779b97f4a7c15L + index;
        for (int i = 0; i < bytes; i++) {
            state ^= state << 13;
            state ^= state >>> 7;
            state ^= state << 17;
            entry[i] = (byte) (state >>> 32);
        }
        return entry;
    }

    /** What was once appended at this place. */
    Entry entry(long group, long index) {
        return entries.get(List.of(group, index));
    }

    /** Writes all files. */
    void writeTo(Path dir) {
        segments.values().forEach(s -> SegmentForge.write(dir.resolve(s.name), s.bytes()));
    }

    /** The state if one file has only its first batches. */
    String state(String cutFile, int batches) {
        TreeMap<Long, Group> groups = new TreeMap<>();
        for (Segment segment : segments.values()) {
            int keep = segment.name.equals(cutFile) ? batches : segment.effects.size();
            segment.effects.subList(0, keep).forEach(effect -> effect.accept(groups));
        }
        return groups.toString();
    }

    /**
     * The state if the files have each other's content.
     *
     * @param contents whose content is found under a name; nothing for names that are gone
     * @throws HoleException if entries do not follow
     */
    String stateOf(Map<String, Segment> contents) {
        TreeMap<Long, Group> groups = new TreeMap<>();
        for (String name : segments.keySet()) {
            Segment content = contents.get(name);
            if (content != null) {
                content.effects.forEach(effect -> effect.accept(groups));
            }
        }
        return groups.toString();
    }

    /** The state if nothing is missing. */
    String state() {
        return state("", 0);
    }
}
