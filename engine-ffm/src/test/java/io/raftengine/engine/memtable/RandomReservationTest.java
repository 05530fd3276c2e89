package io.raftengine.engine.memtable;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.allocator.MemoryBudget;
import io.raftengine.testing.campaign.Seed;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * Random histories of an index at the memory limit: whatever validation accepts, apply must be able
 * to pay for (D20). Groups few and many, logs and key trees of many shapes, rewritten in part,
 * whose chunks, directories and nodes are at all kinds of boundaries.
 */
class RandomReservationTest {
    private static final long SEED = Seed.orElse(5_021);
    private static final int SEEDS = 40 * Math.max(1, Integer.getInteger("raftengine.scale", 1));
    private static final int STEPS = 60;
    private static final int[] GROUPS = {1, 2, 8, 300};
    private static final long[] FREE = {64 << 10, 512 << 10, 3 << 20, 24 << 20};

    private Random random;
    private Rewriting r;
    private TightMemory tight;
    private long segment;
    private long rewriteSegment;

    // What the groups hold.
    private int groups;
    private long[] first;
    private long[] end;
    private int[] puts;

    private int accepted;
    private int refused;

    @Test
    void whatWasAcceptedCanBeApplied() {
        for (int i = 0; i < SEEDS; i++) {
            long seed = SEED + i;
            try {
                history(seed);
            } catch (RuntimeException | AssertionError failed) {
                throw new AssertionError("-Draftengine.seed=" + seed, failed);
            }
        }
        assertThat(accepted).as("batches written").isGreaterThan(30 * SEEDS);
        assertThat(refused).as("batches that met the limit").isGreaterThan(2 * SEEDS);
    }

    private void history(long seed) {
        random = new Random(seed);
        groups = GROUPS[random.nextInt(GROUPS.length)];
        first = new long[groups];
        end = new long[groups];
        puts = new int[groups];
        segment = 1;
        rewriteSegment = 1;
        try (Rewriting rewriting = new Rewriting(new MemoryBudget(64 << 20))) {
            r = rewriting;
            tight = new TightMemory(r.budget, r.memtables);
            fillLog();
            fillKeys();
            for (int step = 0; step < STEPS; step++) {
                if (random.nextInt(4) == 0) {
                    rewriteSome();
                }
                commitGroup();
                if (random.nextInt(4) == 0) {
                    segment += random.nextInt(20) == 0 ? 40_000 : 1;
                }
            }
        }
    }

    /** A long log that is about to need a larger directory. */
    private void fillLog() {
        int chunks = random.nextInt(3) == 0 ? 0 : (64 << random.nextInt(7)) - random.nextInt(12);
        for (int done = 0; done < chunks; done += 10) {
            TestBatch batch = new TestBatch();
            for (int i = done; i < Math.min(chunks, done + 10); i++) {
                append(batch, 0, Chunk.RUN_ENTRIES_MAX);
            }
            r.append(segment, batch);
        }
    }

    /** A tree of nodes that are nearly full. */
    private void fillKeys() {
        int keys = random.nextInt(3) > 0 ? 0 : random.nextInt(40_000);
        for (int done = 0; done < keys; done += 500) {
            TestBatch batch = new TestBatch();
            for (int i = 0; i < 500; i++) {
                batch.put(0, key(240L * (puts[0]++)), "");
            }
            r.append(segment, batch);
        }
        for (int leaf = 0; leaf < keys / 240; leaf++) {
            TestBatch batch = new TestBatch();
            for (int i = 0; i < 14 + random.nextInt(2); i++) {
                batch.put(0, key(240L * 240 * leaf + 1 + i), "");
            }
            r.append(segment, batch);
        }
    }

    private void rewriteSome() {
        int some = 1 + random.nextInt(groups);
        for (int i = 0; i < some; i++) {
            int group = random.nextInt(groups);
            if (first[group] == end[group]) {
                continue;
            }
            long from = r.look(group).rewrittenEnd();
            long left = Math.min(end[group] - from, 5000);
            if (left > 0) {
                long last = random.nextInt(3) == 0 ? random.nextLong(left) : left - 1;
                TestBatch copy = new TestBatch().range(group, from, from + last);
                r.rewrite(rewriteSegment, segment, segment, copy);
            }
        }
        rewriteSegment++;
    }

    // ---- write ---------------------------------------------------------------------------------

    private void commitGroup() {
        long[] firstBefore = first.clone();
        long[] endBefore = end.clone();
        List<TestBatch> batches = new ArrayList<>();
        for (int i = random.nextInt(4); i >= 0; i--) {
            batches.add(batch());
        }
        long free = FREE[random.nextInt(FREE.length)];
        List<Integer> verdicts =
                tight.write(segment, free, batches.toArray(new TestBatch[batches.size()]));
        first = firstBefore;
        end = endBefore;
        for (int i = 0; i < batches.size(); i++) {
            if (verdicts.get(i) == Memtables.ACCEPTED) {
                accepted++;
                batches.get(i).items.forEach(this::follow);
            } else {
                refused++;
                assertThat(verdicts.subList(0, i + 1)).contains(Memtables.OVER_MEMORY_LIMIT);
            }
        }
        for (int group = 0; group < groups; group++) {
            boolean none = first[group] == end[group];
            long expected = none ? Memtables.NO_INDEX : end[group] - 1;
            assertThat(r.memtables.last(group)).as("last of %d", group).isEqualTo(expected);
        }
    }

    private void follow(TestBatch.Item item) {
        int group = (int) item.group();
        switch (item.kind()) {
            case ENTRIES -> {
                if (first[group] == end[group]) {
                    first[group] = item.index();
                }
                end[group] = item.index() + item.tails().length;
            }
            case COMPACT -> {
                first[group] = Math.max(first[group], Math.min(item.index(), end[group]));
            }
            case CLEAN -> first[group] = end[group];
            default -> {
                // Keys are not followed.
            }
        }
    }

    private TestBatch batch() {
        TestBatch batch = new TestBatch();
        switch (random.nextInt(5)) {
            case 0 -> {
                for (int group = 0; group < groups; group++) {
                    append(batch, group, 1);
                }
            }
            case 1 -> append(batch, random.nextInt(groups), 1 + random.nextInt(30_000));
            case 2 -> putMany(batch, random.nextInt(groups));
            case 3 -> {
                for (int i = random.nextInt(300); i >= 0; i--) {
                    append(batch, random.nextInt(Math.min(groups, 3)), 1 + random.nextInt(3));
                }
            }
            default -> {
                for (int i = random.nextInt(20); i >= 0; i--) {
                    change(batch, random.nextInt(groups));
                }
            }
        }
        batch.compressed = random.nextInt(3) == 0 && batch.contentBytes() > 0;
        return batch;
    }

    private void change(TestBatch batch, int group) {
        int before = batch.items.size();
        long held = end[group] - first[group];
        switch (random.nextInt(8)) {
            case 0, 1 -> append(batch, group, 1 + random.nextInt(600));
            case 2 -> {
                if (held > 0) { // cuts off
                    long back = random.nextBoolean() ? Math.min(held, 300) : held;
                    end[group] -= 1 + random.nextLong(back);
                }
                append(batch, group, 1 + random.nextInt(300));
                return;
            }
            case 3, 4 -> {
                long step = random.nextBoolean() ? 300 : held + 10;
                batch.compact(group, first[group] + random.nextLong(1 + step));
            }
            case 5 -> {
                if (random.nextInt(3) == 0) {
                    batch.clean(group);
                }
            }
            case 6 -> putMany(batch, group);
            default -> {
                for (int i = random.nextInt(200); i >= 0; i--) {
                    String key = key(random.nextInt(40));
                    if (random.nextBoolean()) {
                        batch.put(group, key, "");
                    } else {
                        batch.delete(group, key);
                    }
                }
            }
        }
        if (batch.items.size() == before + 1
                && batch.items.get(before).kind() != TestBatch.Kind.ENTRIES) {
            follow(batch.items.get(before));
        }
    }

    private void append(TestBatch batch, int group, int count) {
        int[] lengths = new int[count];
        int length = random.nextInt(4);
        for (int i = 0; i < count; i++) {
            lengths[i] = length;
        }
        batch.entries(group, end[group], lengths);
        if (first[group] == end[group]) {
            first[group] = end[group];
        }
        end[group] += count;
    }

    private void putMany(TestBatch batch, int group) {
        int count = 1 + random.nextInt(random.nextInt(4) == 0 ? 3000 : 200);
        int style = random.nextInt(5);
        int number = puts[group];
        for (int i = 0; i < count; i++, number++) {
            switch (style) {
                case 0 -> batch.put(group, key(random.nextInt(10_000_000)), "");
                case 1 -> batch.put(group, key(1_000_000_000L + number), "");
                // Runs of ascending keys, each run before the one before it.
                case 2 ->
                        batch.put(group, key((100_000_000L - number / 16) * 16 + number % 16), "");
                // One for each leaf.
                case 3 ->
                        batch.put(
                                group, key(240L * 240 * (i % 170) + 40 + random.nextInt(200)), "");
                default -> batch.delete(group, key(240L * random.nextInt(1 + number)));
            }
        }
        puts[group] = number;
    }

    private static String key(long number) {
        return String.format(Locale.ROOT, "%010d", number);
    }
}
