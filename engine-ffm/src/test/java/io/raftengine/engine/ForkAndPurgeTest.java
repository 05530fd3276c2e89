package io.raftengine.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.log.format.QueueKind;
import io.raftengine.log.format.SegmentName;
import io.raftengine.recovery.RecoveryMode;
import io.raftengine.testing.campaign.Seed;
import io.raftengine.testing.fs.Fault;
import io.raftengine.testing.fs.FaultyFileSystem;
import io.raftengine.testing.fs.Operation;
import io.raftengine.testing.fs.SimulatedFileSystem;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Forks while a purge moves data from queue to queue, and what purge and recycling make of files
 * that a fork shares (N1, D10, D22).
 */
class ForkAndPurgeTest {
    private static final long SEED = Seed.orElse(907);
    private static final int SCALE = Math.max(1, Integer.getInteger("raftengine.scale", 1));
    private static final int BATCHES = 600;
    private static final int FORKS = 12;
    private static final long COUNTER = 99;
    private static final byte[] KEY = {1};

    private static EngineConfig config(Path dir) {
        return WorkloadRun.config(dir)
                .targetFileSizeBytes(2 << 10)
                .purgeThresholdBytes(8 << 10)
                .purgeRewriteThresholdBytes(2 << 10)
                .build();
    }

    private static RaftEngine open(SimulatedFileSystem disk, Path dir) {
        return RaftEngine.open(
                config(dir), disk, List.of(), false, new EngineClockwork(System::nanoTime, false));
    }

    private static byte[] number(int i) {
        return Integer.toString(i).getBytes(StandardCharsets.US_ASCII);
    }

    /** Batches that count themselves, and the state after each. */
    private static final class Script {
        final List<List<Ledger.Change>> batches = new ArrayList<>();
        final List<Ledger> states = new ArrayList<>(List.of(new Ledger()));

        Script(long seed, int count, Ledger from, int counted) {
            Ledger state = from;
            states.set(0, from);
            Workload workload = Workload.random(seed, count);
            for (Workload.Step step : workload.steps()) {
                if (step instanceof Workload.Step.Write write) {
                    List<Ledger.Change> changes = new ArrayList<>(write.changes());
                    int number = counted + batches.size() + 1;
                    changes.add(new Ledger.Change.Put(COUNTER, KEY, number(number)));
                    try {
                        state = state.with(changes);
                    } catch (Ledger.Refused doesNotFitHere) {
                        continue; // drawn for an engine that was empty
                    }
                    batches.add(changes);
                    states.add(state);
                }
            }
        }
    }

    private static void write(RaftEngine engine, LogBatch batch, List<Ledger.Change> changes) {
        Ledger.fill(batch, changes);
        engine.write(batch, Durability.BUFFERED);
    }

    /** N1 as the real engine has it: recycling is off, two of the keys have been rewritten. */
    @ParameterizedTest
    @CsvSource({"COPY, true", "COPY, false", "LINK, true", "LINK, false"})
    void keysOfBothQueuesAreInTheForkAndBothGoOn(ForkMode mode, boolean running) {
        EngineConfig.Builder config = WorkloadRun.config(WorkloadRun.DIR).enableLogRecycle(false);
        Path target = Path.of("/fork");
        try (EngineFixture source = new EngineFixture(config).open()) {
            source.put(1, "one", "1", true);
            source.put(1, "two", "2", true);
            source.engine.maintenance().rewriteAppend(Long.MAX_VALUE);
            assertThat(source.engine.segmentSpan(QueueKind.APPEND).firstSeq()).isGreaterThan(1);
            source.put(1, "three", "3", true);
            source.put(1, "four", "4", false);
            if (running) {
                source.engine.fork(target, mode);
            } else {
                source.engine.close();
                RaftEngine.fork(source.config, source.fs, target, mode);
                source.open();
            }
            try (EngineFixture fork = source.at(target)) {
                fork.config = config.dir(target).build();
                fork.open();
                assertKeys(fork, "1", "2", "3", "4");

                source.put(1, "one", "source", true);
                source.put(1, "three", "source", true);
                assertKeys(fork, "1", "2", "3", "4");
                fork.put(1, "two", "fork", true);
                fork.put(1, "four", "fork", true);
                assertKeys(source, "source", "2", "source", "4");
                for (EngineFixture each : List.of(source, fork)) {
                    each.append(2, 1, 30, true);
                    each.engine.maintenance().rewriteAppend(Long.MAX_VALUE);
                    each.engine.maintenance().rewriteRewrite();
                    each.append(2, 31, 5, true);
                    each.reopen();
                }
                assertKeys(source, "source", "2", "source", "4");
                assertKeys(fork, "1", "fork", "3", "fork");
                assertThat(source.holds(2, 1, 35)).isTrue();
                assertThat(fork.holds(2, 1, 35)).isTrue();
            }
        }
    }

    private static void assertKeys(EngineFixture f, String... values) {
        assertThat(List.of("one", "two", "three", "four"))
                .extracting(key -> f.value(1, key))
                .containsExactly(values);
    }

    /**
     * N1, D10: the mode in which the real engine refuses a fork, since it cuts sealed segments,
     * which the fork may share with its source.
     */
    @Test
    void aForkThatIsRescuedCutsNothingOfItsSource() {
        Path target = Path.of("/fork");
        EngineConfig.Builder config = WorkloadRun.config(WorkloadRun.DIR).targetFileSizeBytes(512);
        try (EngineFixture source = new EngineFixture(config).open()) {
            for (int group = 1; group <= 60; group++) {
                source.append(group, 1, 1, true);
            }
            source.engine.fork(target, ForkMode.LINK);
            Path shared = source.segment(2);
            source.disk.flipBit(shared, source.length(2) - 60, 3);
            byte[] damaged = source.disk.contents(shared);
            try (EngineFixture fork = source.at(target)) {
                fork.config =
                        config.dir(target)
                                .recoveryMode(RecoveryMode.TOLERATE_ANY_CORRUPTION)
                                .build();
                fork.open();
                assertThat(fork.engine.recoveryReport().dropped()).isNotEmpty();
                fork.append(1, 2, 50, true);
                fork.engine.maintenance().rewriteAppend(Long.MAX_VALUE);
            }
            assertThat(source.disk.contents(shared)).isEqualTo(damaged);
            source.append(2, 2, 1, true);
            assertThat(source.holds(2, 1, 2)).isTrue();
        }
    }

    /**
     * The fork is exactly the state after some batch, none older than the last one acknowledged
     * before the call: nothing between the queues is lost, doubled or ahead of its time.
     */
    @ParameterizedTest
    @EnumSource(ForkMode.class)
    void aForkDuringPurgesIsAStateTheEngineWasIn(ForkMode mode) throws Exception {
        int forks = 0;
        long dropped = 0;
        for (int round = 0; round < 4 * SCALE; round++) {
            long seed = SEED + round;
            Script script = new Script(seed, BATCHES, new Ledger(), 0);
            SimulatedFileSystem disk = new SimulatedFileSystem(seed);
            AtomicInteger written = new AtomicInteger();
            AtomicInteger begun = new AtomicInteger();
            AtomicBoolean stop = new AtomicBoolean();
            try (RaftEngine engine = open(disk, WorkloadRun.DIR);
                    ExecutorService threads = Executors.newFixedThreadPool(2)) {
                Future<Long> purger = threads.submit(() -> purge(engine, stop));
                Future<?> writer =
                        threads.submit(() -> {
                            try (LogBatch batch = engine.newBatch()) {
                                for (int i = 0; i < script.batches.size(); i++) {
                                    // A share of the batches for each fork.
                                    while (i * FORKS > begun.get() * script.batches.size()) {
                                        Thread.onSpinWait();
                                    }
                                    write(engine, batch, script.batches.get(i));
                                    written.set(i + 1);
                                }
                            }
                        });
                try {
                    for (int i = 0; i < FORKS; i++) {
                        begun.incrementAndGet();
                        int atLeast = written.get();
                        Path target = Path.of("/fork" + forks);
                        engine.fork(target, mode);
                        int atMost = Math.min(written.get() + 1, script.batches.size());
                        String name =
                                String.format(
                                        Locale.ROOT, "-Draftengine.seed=%d, %s", seed, target);
                        assertState(disk, target, script.states, atLeast, atMost, name);
                        forks++;
                    }
                    begun.incrementAndGet();
                    writer.get();
                } finally {
                    // Closing waits for both threads, also where a fork was wrong.
                    begun.set(FORKS + 1);
                    stop.set(true);
                }
                dropped += purger.get();
            }
        }
        assertThat(dropped).as("segments dropped meanwhile").isGreaterThan(50);
    }

    private static long purge(RaftEngine engine, AtomicBoolean stop) {
        long dropped = 0;
        for (int i = 0; !stop.get(); i++) {
            PurgeResult result = engine.purgeExpiredFiles();
            dropped += result.appendSegmentsDropped() + result.rewriteSegmentsDropped();
            if (i % 3 == 1) {
                engine.maintenance().rewriteAppend(Long.MAX_VALUE);
            } else if (i % 3 == 2) {
                engine.maintenance().rewriteRewrite();
            }
        }
        return dropped;
    }

    private static void assertState(
            SimulatedFileSystem disk,
            Path dir,
            List<Ledger> states,
            int atLeast,
            int atMost,
            String name) {
        try (RaftEngine fork = open(disk, dir)) {
            byte[] value = fork.get(COUNTER, KEY);
            int found =
                    value == null
                            ? 0
                            : Integer.parseInt(new String(value, StandardCharsets.US_ASCII));
            assertThat(found).as(name).isBetween(atLeast, atMost);
            assertThat(states.get(found).differenceTo(fork)).as(name).isNull();
        }
    }

    /**
     * After a linked fork both sides write, purge and recycle. No byte of a shared file ever
     * changes, and both end in their own states.
     */
    @Test
    void bothSidesOfALinkedForkWritePurgeAndRecycleWithoutTouchingWhatTheyShare() {
        long recycled = 0;
        for (int round = 0; round < 3 * SCALE; round++) {
            long seed = SEED + 1000 + round;
            SimulatedFileSystem disk = new SimulatedFileSystem(seed);
            Script before = new Script(seed, 120, new Ledger(), 0);
            Path[] dirs = {WorkloadRun.DIR, Path.of("/fork")};
            RaftEngine[] engines = new RaftEngine[2];
            engines[0] = open(disk, dirs[0]);
            run(engines[0], before, 0, 1);
            engines[0].fork(dirs[1], ForkMode.LINK);
            engines[1] = open(disk, dirs[1]);
            Map<Long, byte[]> shared = shared(disk, dirs);
            assertThat(shared).as("seed " + seed).hasSizeGreaterThan(2);
            Script[] own = new Script[2];
            for (int side = 0; side < 2; side++) {
                own[side] =
                        new Script(
                                seed + 7 + side,
                                200,
                                before.states.getLast(),
                                before.batches.size());
            }
            for (int part = 0; part < 10; part++) {
                for (int side = 0; side < 2; side++) {
                    run(engines[side], own[side], part, 10);
                    if (part % 3 == 2) {
                        engines[side].maintenance().rewriteAppend(Long.MAX_VALUE);
                        engines[side].maintenance().rewriteRewrite();
                    }
                    engines[side].purgeExpiredFiles();
                    if (part % 4 == 3) {
                        engines[side].close();
                        engines[side] = open(disk, dirs[side]);
                    }
                    assertUnchanged(disk, dirs, shared, "seed " + seed + " part " + part);
                }
            }
            for (int side = 0; side < 2; side++) {
                assertThat(own[side].states.getLast().differenceTo(engines[side]))
                        .as("seed " + seed + " side " + side)
                        .isNull();
                recycled += engines[side].statistics().reservedSegments();
                engines[side].close();
                try (RaftEngine again = open(disk, dirs[side])) {
                    assertThat(own[side].states.getLast().differenceTo(again))
                            .as("seed " + seed + " side " + side)
                            .isNull();
                }
            }
        }
        assertThat(recycled).as("reserves: recycling is on and at work").isPositive();
    }

    /** One of several equal parts of a script. */
    private static void run(RaftEngine engine, Script script, int part, int parts) {
        int size = script.batches.size();
        try (LogBatch batch = engine.newBatch()) {
            for (int i = part * size / parts; i < (part + 1) * size / parts; i++) {
                write(engine, batch, script.batches.get(i));
            }
        }
    }

    /** Contents of all segments with two names, by inode. */
    private static Map<Long, byte[]> shared(SimulatedFileSystem disk, Path[] dirs) {
        Map<Long, byte[]> shared = new HashMap<>();
        for (Path dir : dirs) {
            disk.list(dir)
                    .forEach(entry -> {
                        if (disk.info(entry.path()).linkCount() > 1) {
                            shared.put(
                                    disk.info(entry.path()).inode(), disk.contents(entry.path()));
                        }
                    });
        }
        return shared;
    }

    private static void assertUnchanged(
            SimulatedFileSystem disk, Path[] dirs, Map<Long, byte[]> shared, String name) {
        for (Path dir : dirs) {
            disk.list(dir)
                    .forEach(entry -> {
                        byte[] then = shared.get(disk.info(entry.path()).inode());
                        boolean segment =
                                SegmentName.parse(entry.name()) != null
                                        && SegmentName.parse(entry.name()).queue() != null;
                        if (then != null && segment && disk.info(entry.path()).linkCount() > 1) {
                            assertThat(Arrays.equals(disk.contents(entry.path()), then))
                                    .as(name + " " + entry.path())
                                    .isTrue();
                        }
                    });
        }
    }

    /**
     * The worst moments by design: between two looks at the queues everything moves from one to the
     * other, with and without batches in between, and what was moved is dropped.
     */
    @Test
    void dataThatMovesBetweenTwoLooksIsInTheForkOnce() {
        for (int moment = 0; moment < 2; moment++) {
            for (int variety = 0; variety < 4; variety++) {
                for (int round = 0; round < 3 * SCALE; round++) {
                    moveBetweenTwoLooks(SEED + round, moment, variety);
                }
            }
        }
    }

    private static void moveBetweenTwoLooks(long seed, int moment, int variety) {
        String name =
                String.format(
                        Locale.ROOT,
                        "-Draftengine.seed=%d moment %d variety %d",
                        seed,
                        moment,
                        variety);
        SimulatedFileSystem disk = new SimulatedFileSystem(seed);
        Script script = new Script(seed, 200, new Ledger(), 0);
        int[] looks = {0};
        int[] written = {0};
        Path target = Path.of("/fork");
        try (RaftEngine engine = open(disk, WorkloadRun.DIR);
                LogBatch batch = engine.newBatch()) {
            int half = script.batches.size() / 2;
            while (written[0] < half) {
                write(engine, batch, script.batches.get(written[0]++));
            }
            if (variety % 2 == 1) {
                engine.maintenance().rewriteAppend(Long.MAX_VALUE);
                write(engine, batch, script.batches.get(written[0]++));
            }
            int before = written[0];
            engine.fork(
                    target,
                    ForkMode.COPY,
                    () -> {
                        if (looks[0]++ == moment) {
                            int more = variety / 2 * 40;
                            while (more-- > 0 && written[0] < script.batches.size()) {
                                write(engine, batch, script.batches.get(written[0]++));
                            }
                            engine.maintenance().rewriteAppend(Long.MAX_VALUE);
                            engine.maintenance().rewriteRewrite();
                        }
                    });
            assertState(disk, target, script.states, before, written[0], name);
            assertThat(script.states.get(written[0]).differenceTo(engine)).as(name).isNull();
        }
    }

    /** Its name goes while the fork is about to use it; its bytes are held. */
    @ParameterizedTest
    @EnumSource(ForkMode.class)
    void aSegmentThatLosesItsNameMeanwhileIsStillCopied(ForkMode mode) {
        SimulatedFileSystem disk = new SimulatedFileSystem(4);
        disk.setReflinks(true);
        FaultyFileSystem fs = new FaultyFileSystem(disk);
        Script script = new Script(4, 120, new Ledger(), 0);
        Path target = Path.of("/fork");
        try (RaftEngine source =
                RaftEngine.open(
                        config(WorkloadRun.DIR),
                        fs,
                        List.of(),
                        false,
                        new EngineClockwork(System::nanoTime, false))) {
            run(source, script, 0, 1);
            long first = source.segmentSpan(QueueKind.APPEND).firstSeq();
            fs.on(Operation.LINK, Operation.CLONE)
                    .once()
                    .inject(
                            new Fault.Run(
                                    call -> source.maintenance().rewriteAppend(Long.MAX_VALUE)));

            ForkReport report = source.fork(target, mode);

            assertThat(source.segmentSpan(QueueKind.APPEND).firstSeq()).isGreaterThan(first);
            assertThat(report.copied()).isGreaterThan(2);
        }
        try (RaftEngine fork = open(disk, target)) {
            assertThat(script.states.getLast().differenceTo(fork)).isNull();
        }
    }

    /** Whoever is the last to hold a file may use it again. */
    @Test
    void aSharedFileIsNobodysReserveUntilOneSideHasLetItGo() {
        SimulatedFileSystem disk = new SimulatedFileSystem(3);
        Path target = Path.of("/fork");
        try (RaftEngine source = open(disk, WorkloadRun.DIR)) {
            run(source, new Script(3, 120, new Ledger(), 0), 0, 1);
            source.fork(target, ForkMode.LINK);
            SegmentSpan span = source.segmentSpan(QueueKind.APPEND);
            Path first = target.resolve(SegmentName.segment(QueueKind.APPEND, span.firstSeq()));
            byte[] bytes = disk.contents(first);
            long inode = disk.info(first).inode();
            assertThat(disk.info(first).linkCount()).isEqualTo(2);

            source.maintenance().rewriteAppend(Long.MAX_VALUE);

            assertThat(source.segmentSpan(QueueKind.APPEND).firstSeq())
                    .isGreaterThan(span.firstSeq());
            assertThat(disk.info(first).linkCount()).as("not kept as a reserve").isEqualTo(1);
            assertThat(disk.info(first).inode()).isEqualTo(inode);
            assertThat(disk.contents(first)).isEqualTo(bytes);
        }
    }
}
