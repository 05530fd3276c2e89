package io.raftengine.engine;

import io.raftengine.engine.Ledger.Change;
import io.raftengine.log.format.QueueKind;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * A scripted life of an engine, drawn from a seed: batches for a few groups, synced and not, small
 * and large, steps of the background agent, idle moments, reopens. Valid by construction, so every
 * refusal is a finding.
 */
record Workload(long seed, List<Step> steps) {
    /** One thing that happens. */
    sealed interface Step {
        record Write(List<Change> changes, boolean sync) implements Step {}

        record Sync() implements Step {}

        /** One step of the background agent. */
        record Agent() implements Step {}

        /** Nobody writes for long enough that the agent leaves a mark. */
        record Idle() implements Step {}

        record Reopen() implements Step {}

        /** Purges as the thresholds say. */
        record Purge() implements Step {}

        /** Moves data of the append queue, up to a segment, to the rewrite queue. */
        record RewriteAppend(long through) implements Step {}

        /** Copies what is live in the rewrite queue to its end. */
        record RewriteRewrite() implements Step {}

        /** Begins a new segment. */
        record Rotate(QueueKind queue) implements Step {}
    }

    private static final int GROUPS = 3;
    private static final int MAINTENANCE_KINDS = 7;
    private static final int[] ENTRY_BYTES = {0, 1, 12, 40, 40, 90, 300, 700, 1500};

    static Workload random(long seed, int steps) {
        return random(seed, steps, 65);
    }

    /** As above; the fewer batches are synced, the more is pending at any time. */
    static Workload random(long seed, int steps, int syncedPercent) {
        return random(seed, steps, syncedPercent, 0);
    }

    /** Half of what is no write moves and drops old data. */
    static Workload purging(long seed, int steps, int syncedPercent) {
        return random(seed, steps, syncedPercent, MAINTENANCE_KINDS);
    }

    private static Workload random(long seed, int steps, int syncedPercent, int maintenance) {
        SplittableRandom random = new SplittableRandom(seed);
        List<Step> script = new ArrayList<>();
        Ledger ledger = new Ledger();
        for (int i = 0; i < steps; i++) {
            int kind = random.nextInt(20 + maintenance);
            if (kind < 15) {
                List<Change> changes = new ArrayList<>();
                int count = 1 + random.nextInt(3);
                for (int c = 0; c < count; c++) {
                    Change change = change(random, ledger, i);
                    changes.add(change);
                    ledger = ledger.with(List.of(change));
                }
                script.add(new Step.Write(changes, random.nextInt(100) < syncedPercent));
            } else {
                script.add(
                        switch (kind) {
                            case 15 -> new Step.Sync();
                            case 16, 17 -> new Step.Agent();
                            case 18 -> new Step.Idle();
                            case 19 -> new Step.Reopen();
                            default -> maintenance(random, kind - 20);
                        });
            }
        }
        return new Workload(seed, script);
    }

    /** How many steps at the beginning of {@link #behindSyncedWrites} are there for their syncs. */
    static final int SYNCED_WRITES = 60;

    /**
     * The same behind so many synced writes that the engine takes its writers for such as wait for
     * the disk, and behind some more during which its agent prepares the next segments.
     */
    Workload behindSyncedWrites() {
        List<Step> script = new ArrayList<>();
        for (int i = 0; i < SYNCED_WRITES + 12; i++) {
            int bytes = i < SYNCED_WRITES ? 8 : 400;
            byte[] key = {'w'};
            script.add(
                    new Step.Write(
                            List.of(new Change.Put(GROUPS + 1, key, value(GROUPS, i, bytes))),
                            true));
            for (int a = 0; i >= SYNCED_WRITES && a < 2; a++) {
                script.add(new Step.Agent());
            }
        }
        script.addAll(steps);
        return new Workload(seed, script);
    }

    private static Step maintenance(SplittableRandom random, int kind) {
        return switch (kind) {
            case 0, 1 -> new Step.Purge();
            case 2 -> new Step.RewriteAppend(Long.MAX_VALUE);
            case 3 -> new Step.RewriteAppend(1 + random.nextInt(8));
            case 4, 5 -> new Step.RewriteRewrite();
            default -> new Step.Rotate(random.nextBoolean() ? QueueKind.APPEND : QueueKind.REWRITE);
        };
    }

    private static Change change(SplittableRandom random, Ledger ledger, int step) {
        long group = 1 + random.nextInt(GROUPS);
        long next = ledger.next(group);
        byte[] key = ("key" + random.nextInt(4)).getBytes(StandardCharsets.UTF_8);
        return switch (random.nextInt(16)) {
            case 0, 1, 2 -> new Change.Put(group, key, value(group, step, random.nextInt(60)));
            case 3 -> new Change.Delete(group, key);
            case 4, 5 ->
                    next < 0
                            ? new Change.Delete(group, key)
                            : new Change.Compact(
                                    group,
                                    ledger.first(group)
                                            + random.nextLong(next - ledger.first(group) + 1));
            case 6 ->
                    random.nextInt(4) == 0
                            ? new Change.Clean(group)
                            : append(random, group, next, step, 1);
            case 7 ->
                    // Overwrites what is there from somewhere on.
                    next < 0
                            ? append(random, group, next, step, 2)
                            : append(
                                    random,
                                    group,
                                    ledger.first(group)
                                            + random.nextLong(next - ledger.first(group)),
                                    step,
                                    2);
            default -> append(random, group, next, step, 1 + random.nextInt(4));
        };
    }

    private static Change append(
            SplittableRandom random, long group, long at, int step, int count) {
        long first = at < 0 ? 1 + random.nextInt(100) : at;
        List<byte[]> entries = new ArrayList<>();
        // Now and then one that is gathered from its own memory instead of copied.
        boolean large = random.nextInt(20) == 0;
        for (int i = 0; i < count; i++) {
            int bytes = ENTRY_BYTES[random.nextInt(ENTRY_BYTES.length)];
            entries.add(value(group, first + i + step * 1000L, large ? 17 << 10 : bytes));
        }
        return new Change.Append(group, first, entries);
    }

    /** Bytes that no other value has, half of them easy to compress. */
    static byte[] value(long group, long number, int length) {
        byte[] value = new byte[length];
        SplittableRandom random = new SplittableRandom(group * 1_000_003L + number);
        for (int i = 0; i < length; i++) {
            value[i] = (i & 64) == 0 ? (byte) random.nextInt() : (byte) number;
        }
        return value;
    }
}
