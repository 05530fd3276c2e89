package io.raftengine.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftengine.engine.Ledger.Change;
import io.raftengine.error.InvalidArgumentException;
import io.raftengine.log.format.QueueKind;
import io.raftengine.log.io.FileSystem;
import io.raftengine.log.segment.PrefillPolicy;
import io.raftengine.testing.campaign.Seed;
import io.raftengine.testing.fs.Fault;
import io.raftengine.testing.fs.FaultyFileSystem;
import io.raftengine.testing.fs.Operation;
import io.raftengine.testing.fs.SimulatedFileSystem;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The power is cut while several threads write, synced and not, into the same segments, and another
 * one purges, rewrites and rotates all the time. What recovery finds is compared byte by byte: each
 * writer's batches are there up to one of them, whole, with nothing that was refused, and with
 * everything that was synced; and no batch is there without those that were acknowledged before it
 * was written (P1 to P4, P8).
 *
 * <p>What a cut leaves is taken in the midst of a call, and everybody goes on, so each life is cut
 * many times. What threads do in which order differs from run to run, and with it what a seed
 * finds; what must hold does not.
 */
@Timeout(1800)
class PowerCutUnderLoadTest {
    private static final long SEED = Seed.orElse(5_150);
    private static final int LIVES = 12 * Math.max(1, Integer.getInteger("raftengine.scale", 1));
    private static final int WRITERS = 4;
    private static final int STEPS = 45;
    private static final int IMAGES_PER_CUT = 2;
    private static final int CALLS_BETWEEN_CUTS_MAX = 150;
    private static final int DELETIONS_PER_CUT = 5;
    private static final long SYNC_NANOS = 20_000;
    private static final long PURGER_PAUSE_NANOS = 50_000;
    private static final long CALLS_MAX = 100_000;
    private static final int[] ENTRY_BYTES = {0, 1, 40, 90, 300, 700, 1500};

    /** Where every writer has a key of its own. */
    private static final long SHARED = 999;

    private static final byte[] COUNT = EngineFixture.bytes("batches so far");

    /** What a writer does once: a batch, or a bare sync where there are no changes. */
    private record Step(List<Change> changes, boolean sync, boolean refused) {}

    /** What a power cut left, and which batches of each writer must and may be in it. */
    private record Image(SimulatedFileSystem disk, int[] atLeast, int[] atMost, String how) {}

    @Test
    void aPowerCutWhileSeveralThreadsWriteLeavesABeginningOfWhatTheyWrote() throws Exception {
        long images = 0;
        long midway = 0;
        long dropped = 0;
        long groups = 0;
        long batches = 0;
        for (int i = 0; i < LIVES; i++) {
            Life life = new Life(SEED + i);
            life.run();
            images += life.verified;
            midway += life.midway;
            dropped += life.segmentsDropped;
            groups += life.commitGroups;
            batches += life.batchesWritten;
        }
        System.getLogger("power cuts under load")
                .log(
                        System.Logger.Level.INFO,
                        "{0} images recovered, {1} of them without everything written;"
                                + " {2} segments dropped, {3} batches in {4} commit groups;"
                                + " -Draftengine.seed={5}",
                        images,
                        midway,
                        dropped,
                        batches,
                        groups,
                        SEED);
        assertThat(images).isGreaterThan(2L * LIVES);
        assertThat(midway).as("images that lack something").isPositive();
        assertThat(dropped).as("segments dropped by purges").isPositive();
    }

    /** Batches that fit each other, for groups of its own. */
    private static List<Step> script(SplittableRandom random, int writer, int syncedPercent) {
        List<Step> script = new ArrayList<>();
        Ledger ledger = new Ledger();
        int batches = 0;
        for (int i = 0; i < STEPS; i++) {
            int kind = random.nextInt(20);
            boolean sync = random.nextInt(100) < syncedPercent;
            if (kind == 0 && syncedPercent > 0) {
                script.add(new Step(List.of(), true, false));
            } else if (kind == 1) {
                script.add(new Step(holeBehind(ledger, writer), sync, true));
            } else {
                batches++;
                List<Change> changes = changes(random, ledger, writer, batches);
                ledger = ledger.with(changes);
                script.add(new Step(changes, sync, false));
            }
        }
        return script;
    }

    private static long home(int writer) {
        return 10L * writer;
    }

    private static List<Change> holeBehind(Ledger ledger, int writer) {
        long group = home(writer) + 1;
        long next = Math.max(1, ledger.next(group));
        byte[] refused = EngineFixture.bytes("of a batch that was refused");
        return List.of(
                new Change.Put(home(writer), refused, refused),
                new Change.Append(group, next, List.of(refused)),
                new Change.Append(group, next + 2, List.of(refused)));
    }

    private static List<Change> changes(
            SplittableRandom random, Ledger ledger, int writer, int number) {
        List<Change> changes = new ArrayList<>();
        long home = home(writer);
        changes.add(new Change.Put(home, COUNT, EngineFixture.bytes(Integer.toString(number))));
        changes.add(append(random, home + 1, ledger.next(home + 1), number));
        long next = ledger.next(home + 2);
        long first = ledger.first(home + 2);
        switch (random.nextInt(8)) {
            case 0 -> {
                changes.add(new Change.Clean(home + 2));
                changes.add(append(random, home + 2, -1, number));
            }
            case 1, 2 -> // from somewhere on it is written anew
                    changes.add(
                            append(
                                    random,
                                    home + 2,
                                    next < 0 ? -1 : first + random.nextLong(next - first),
                                    number));
            case 3 -> changes.add(append(random, home + 2, next, number));
            case 4 -> changes.add(new Change.Delete(SHARED, EngineFixture.bytes("of " + writer)));
            default ->
                    changes.add(
                            new Change.Put(
                                    SHARED,
                                    EngineFixture.bytes("of " + writer),
                                    Workload.value(SHARED + writer, number, random.nextInt(80))));
        }
        long firstKept = ledger.first(home + 1);
        if (firstKept > 0 && random.nextInt(4) == 0) {
            long behind = ledger.next(home + 1) - firstKept;
            changes.add(new Change.Compact(home + 1, firstKept + random.nextLong(behind + 1)));
        }
        return changes;
    }

    private static Change append(SplittableRandom random, long group, long at, int number) {
        long first = at < 0 ? 1 + random.nextInt(50) : at;
        List<byte[]> entries = new ArrayList<>();
        boolean large = random.nextInt(25) == 0;
        for (int i = 0; i < 1 + random.nextInt(3); i++) {
            int bytes = large ? 17 << 10 : ENTRY_BYTES[random.nextInt(ENTRY_BYTES.length)];
            entries.add(Workload.value(group, number * 1000L + first + i, bytes));
        }
        return new Change.Append(group, first, entries);
    }

    private static final class Writer {
        final int number;
        final List<Step> script;

        /** What of it counts as a batch, in order. */
        final List<List<Change>> batches = new ArrayList<>();

        /** When each batch was handed in, and when it came back, by the clock of the life. */
        final long[] begun;

        final long[] ended;

        Writer(SplittableRandom random, int number, int syncedPercent) {
            this.number = number;
            script = script(random, number, syncedPercent);
            for (Step step : script) {
                if (!step.refused() && !step.changes().isEmpty()) {
                    batches.add(step.changes());
                }
            }
            begun = new long[batches.size()];
            ended = new long[batches.size()];
            Arrays.fill(ended, Long.MAX_VALUE);
        }
    }

    private static final class Life {
        private final long seed;
        private final SimulatedFileSystem disk;
        private final EngineConfig config;
        private final List<Writer> writers = new ArrayList<>();
        private final AtomicLong clock = new AtomicLong();
        private final AtomicLong nanos = new AtomicLong();
        private final Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
        private final Queue<Image> images = new ConcurrentLinkedQueue<>();

        // Per writer, in batches: handed in; acknowledged; acknowledged and synced by anybody.
        private final AtomicIntegerArray issued = new AtomicIntegerArray(WRITERS);
        private final AtomicIntegerArray acknowledged = new AtomicIntegerArray(WRITERS);
        private final AtomicIntegerArray durable = new AtomicIntegerArray(WRITERS);
        private final AtomicInteger deletions = new AtomicInteger();
        private final AtomicInteger soon = new AtomicInteger();
        private volatile boolean writing = true;
        private long verified;
        private long midway;
        private long segmentsDropped;
        private long commitGroups;
        private long batchesWritten;

        Life(long seed) {
            this.seed = seed;
            disk = new SimulatedFileSystem(seed);
            PrefillPolicy[] policies = PrefillPolicy.values();
            // From one batch of each writer in a segment to most of what they write in one.
            long target = 2L << 10 + 2 * (int) (seed / 2 % 3);
            config =
                    WorkloadRun.purgingConfig(WorkloadRun.DIR)
                            .targetFileSizeBytes(target)
                            .purgeThresholdBytes(3 * target)
                            .purgeRewriteThresholdBytes(target)
                            .prefill(policies[(int) (seed % policies.length)])
                            .recoveryThreads(1 + (int) (seed % 3))
                            .enableLogRecycle(seed / 4 % 2 == 0)
                            .build();
            SplittableRandom random = new SplittableRandom(seed);
            for (int w = 0; w < WRITERS; w++) {
                writers.add(new Writer(random.split(), w, 20 * (int) (seed % 3)));
            }
        }

        void run() throws Exception {
            FaultyFileSystem watched = new FaultyFileSystem(disk);
            Set<Long> cuts = new HashSet<>();
            SplittableRandom random = new SplittableRandom(~seed);
            for (long call = 30; call < CALLS_MAX; ) {
                call += 1 + random.nextInt(CALLS_BETWEEN_CUTS_MAX);
                cuts.add(call);
            }
            watched.on()
                    .where(call -> cuts.contains(call.index()) || afterDeletion())
                    .inject(new Fault.Run(call -> cutPower(call.index())));
            watched.on(Operation.DELETE)
                    .where(call -> deletions.incrementAndGet() % DELETIONS_PER_CUT == 0)
                    .inject(new Fault.Run(call -> soon.set(2)));
            // As long as a sync of a fast disk: the others gather meanwhile.
            watched.on(Operation.SYNC)
                    .inject(new Fault.Run(call -> LockSupport.parkNanos(SYNC_NANOS)));
            try (RaftEngine engine = open(watched)) {
                List<Thread> threads = new ArrayList<>();
                for (Writer writer : writers) {
                    threads.add(start(writer.number == 0, () -> write(engine, writer)));
                }
                Thread purger = start(false, () -> purge(engine));
                for (Thread thread : threads) {
                    thread.join();
                }
                writing = false;
                purger.join();
                batchesWritten = engine.statistics().batches();
                commitGroups = engine.statistics().commitGroups();
            }
            rethrow();
            int[] all = snapshot(acknowledged);
            images.add(new Image(disk.crashImage(seed), all, all, "closed"));
            for (Image image : images) {
                verify(image);
            }
        }

        private RaftEngine open(FileSystem fs) {
            return RaftEngine.open(
                    config, fs, List.of(), false, new EngineClockwork(this::nanos, true));
        }

        /** Fast, so that there are many watermarks. */
        private long nanos() {
            return nanos.addAndGet(1_000_000);
        }

        private Thread start(boolean virtual, Runnable work) {
            Runnable guarded =
                    () -> {
                        try {
                            work.run();
                        } catch (Throwable failed) {
                            failures.add(failed);
                        }
                    };
            Thread thread =
                    virtual
                            ? Thread.ofVirtual().unstarted(guarded)
                            : Thread.ofPlatform().daemon(true).unstarted(guarded);
            thread.start();
            return thread;
        }

        private void rethrow() {
            if (!failures.isEmpty()) {
                throw new AssertionError("-Draftengine.seed=" + seed, failures.peek());
            }
        }

        /** What was deleted must be without use whatever the power cut takes away. */
        private boolean afterDeletion() {
            return soon.getAndUpdate(left -> Math.max(0, left - 1)) > 0;
        }

        private static int[] snapshot(AtomicIntegerArray counts) {
            int[] copy = new int[WRITERS];
            for (int w = 0; w < WRITERS; w++) {
                copy[w] = counts.get(w);
            }
            return copy;
        }

        private void write(RaftEngine engine, Writer writer) {
            int w = writer.number;
            try (LogBatch batch = engine.newBatch()) {
                for (Step step : writer.script) {
                    // What came back before this began is on disk when a sync of this comes back.
                    int[] before = snapshot(acknowledged);
                    Durability durability = step.sync() ? Durability.SYNC : Durability.BUFFERED;
                    Ledger.fill(batch, step.changes());
                    if (step.refused()) {
                        assertThatThrownBy(() -> engine.write(batch, durability))
                                .isInstanceOf(InvalidArgumentException.class);
                        batch.clear();
                        continue;
                    }
                    if (step.changes().isEmpty()) {
                        engine.sync();
                    } else {
                        int n = issued.get(w);
                        writer.begun[n] = clock.incrementAndGet();
                        issued.set(w, n + 1);
                        engine.write(batch, durability);
                        writer.ended[n] = clock.incrementAndGet();
                        acknowledged.set(w, n + 1);
                        before[w] = n + 1;
                    }
                    if (step.sync()) {
                        for (int v = 0; v < WRITERS; v++) {
                            durable.accumulateAndGet(v, before[v], Math::max);
                        }
                    }
                }
            }
        }

        private void purge(RaftEngine engine) {
            SplittableRandom random = new SplittableRandom(seed + 1);
            boolean more = true;
            while (more) {
                more = writing;
                int kind = more ? random.nextInt(8) : 0;
                switch (kind) {
                    case 0 -> book(engine.maintenance().rewriteAppend(Long.MAX_VALUE));
                    case 1 -> book(engine.maintenance().rewriteRewrite());
                    case 2 ->
                            engine.maintenance()
                                    .rotate(
                                            random.nextBoolean()
                                                    ? QueueKind.APPEND
                                                    : QueueKind.REWRITE);
                    default -> book(engine.purgeExpiredFiles());
                }
                LockSupport.parkNanos(PURGER_PAUSE_NANOS);
            }
        }

        private void book(PurgeResult result) {
            segmentsDropped += result.appendSegmentsDropped() + result.rewriteSegmentsDropped();
        }

        private void cutPower(long call) {
            String where = "-Draftengine.seed=" + seed + ", before call " + call + ", ";
            // What is written may be in an image from the moment it is handed in, and what is
            // acknowledged must be from the moment it is: look at these first, at those last.
            int[] atLeast = snapshot(acknowledged);
            SimulatedFileSystem killed = disk.crashImage(CrashStatesTest.PROCESS_KILLED);
            images.add(new Image(killed, atLeast, snapshot(issued), where + "process killed"));
            for (int i = 0; i < IMAGES_PER_CUT; i++) {
                long number = seed * 1_000_003 + call * 101 + i;
                int[] synced = snapshot(durable);
                SimulatedFileSystem cut = disk.crashImage(number);
                images.add(new Image(cut, synced, snapshot(issued), where + "power cut " + number));
            }
        }

        private void verify(Image image) {
            try {
                Ledger found;
                SimulatedFileSystem again;
                try (RaftEngine engine = open(image.disk())) {
                    found = judge(engine, image);
                    again = image.disk().crashImage(seed);
                }
                try (RaftEngine engine = open(again)) {
                    assertThat(found.differenceTo(engine))
                            .as("after a second power cut (P8)")
                            .isNull();
                    try (LogBatch batch = engine.newBatch()) {
                        batch.addEntry(77, 1, EngineFixture.entry(77, 1));
                        engine.write(batch, Durability.SYNC);
                    }
                    assertThat(engine.getEntry(77, 1)).isEqualTo(EngineFixture.entry(77, 1));
                }
                verified++;
            } catch (AssertionError | RuntimeException wrong) {
                throw new AssertionError(image.how() + ": " + wrong, wrong);
            }
        }

        /** What the engine must hold and holds, by what each writer has counted. */
        private Ledger judge(RaftEngine engine, Image image) {
            int[] there = new int[WRITERS];
            List<Change> changes = new ArrayList<>();
            for (Writer writer : writers) {
                int w = writer.number;
                byte[] count = engine.get(home(w), COUNT);
                there[w] = count == null ? 0 : Integer.parseInt(new String(count));
                assertThat(there[w])
                        .as("batches of writer %d", w)
                        .isBetween(image.atLeast()[w], image.atMost()[w]);
                writer.batches.subList(0, there[w]).forEach(changes::addAll);
            }
            // No group and no key has two writers, so theirs may be applied one after the other.
            Ledger expected = new Ledger().with(changes);
            assertThat(expected.differenceTo(engine))
                    .as("with %s", Arrays.toString(there))
                    .isNull();
            for (Writer later : writers) {
                int last = there[later.number];
                for (Writer earlier : writers) {
                    int next = there[earlier.number];
                    if (last > 0 && next < earlier.ended.length) {
                        assertThat(earlier.ended[next])
                                .as(
                                        "batch %d of writer %d is there; %d of writer %d, which is"
                                                + " not, came back before it was begun",
                                        last, later.number, next + 1, earlier.number)
                                .isGreaterThan(later.begun[last - 1]);
                    }
                }
            }
            if (!Arrays.equals(there, image.atMost())) {
                midway++;
            }
            return expected;
        }
    }
}
