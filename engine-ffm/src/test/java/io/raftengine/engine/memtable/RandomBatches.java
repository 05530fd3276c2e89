package io.raftengine.engine.memtable;

import java.util.Random;

/**
 * Random batches that mostly continue what the model holds, with overwrites, compactions and some
 * mistakes.
 */
final class RandomBatches {
    /** Entries of few bytes, many per batch. */
    static final int LARGE_BATCHES = 1;

    private RandomBatches() {}

    static TestBatch next(Model model, long groups, int style, Random random) {
        return next(model, groups, style, random, 40);
    }

    /** One of {@code mistakeRate} appends is a hole or lies below the first entry. */
    static TestBatch next(Model model, long groups, int style, Random random, int mistakeRate) {
        TestBatch batch = new TestBatch();
        Model state = model.copy();
        int items = 1 + random.nextInt(style == 2 ? 1 : 4);
        for (int i = 0; i < items; i++) {
            int before = batch.items.size();
            add(batch, state, random.nextInt((int) groups), style, random, mistakeRate);
            TestBatch single = new TestBatch();
            single.items.addAll(batch.items.subList(before, batch.items.size()));
            try {
                state.write(0, 0, single);
            } catch (Model.Refused mistake) {
                break;
            }
        }
        batch.compressed = random.nextInt(4) == 0 && batch.contentBytes() > 0;
        return batch;
    }

    private static void add(
            TestBatch batch, Model state, long id, int style, Random random, int mistakeRate) {
        Model.Group group = state.groups.get(id);
        int what = random.nextInt(100);
        if (what < 60) {
            appendSome(batch, group, id, style, random, mistakeRate);
        } else if (what < 75) {
            batch.put(id, Compare.randomKey(random), value(random));
        } else if (what < 83) {
            batch.delete(id, Compare.randomKey(random));
        } else if (what < 97) {
            batch.compact(id, compactIndex(group, random));
        } else {
            batch.clean(id);
        }
    }

    private static byte[] value(Random random) {
        byte[] value = new byte[random.nextInt(random.nextInt(10) == 0 ? 3000 : 20)];
        random.nextBytes(value);
        return value;
    }

    private static long compactIndex(Model.Group group, Random random) {
        if (group == null || group.entries.isEmpty()) {
            return random.nextInt(50);
        }
        long first = group.entries.firstKey();
        long span = group.entries.lastKey() - first + 1;
        return first
                + (random.nextInt(4) == 0
                        ? random.nextLong(span + 5)
                        : random.nextLong(span / 2 + 1));
    }

    private static void appendSome(
            TestBatch batch,
            Model.Group group,
            long id,
            int style,
            Random random,
            int mistakeRate) {
        long first = 1 + random.nextInt(30);
        if (group != null && !group.entries.isEmpty()) {
            long low = group.entries.firstKey();
            long next = group.entries.lastKey() + 1;
            first = next;
            if (random.nextInt(8) == 0) {
                first = low + random.nextLong(next - low);
            }
            if (random.nextInt(mistakeRate) == 0) {
                first = random.nextBoolean() ? next + 1 + random.nextInt(3) : Math.max(0, low - 1);
            }
        }
        int count = 1 + random.nextInt(style == LARGE_BATCHES ? 600 : style == 2 ? 1 : 12);
        if (random.nextInt(30) == 0) {
            count = 0;
        }
        int[] lengths = new int[count];
        for (int i = 0; i < count; i++) {
            lengths[i] = style == 3 && random.nextBoolean() ? 0 : random.nextInt(60);
        }
        batch.entries(id, first, lengths);
    }
}
