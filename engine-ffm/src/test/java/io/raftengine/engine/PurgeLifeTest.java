package io.raftengine.engine;

import static io.raftengine.engine.Scene.clean;
import static io.raftengine.engine.Scene.compact;
import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.error.EntryCompactedException;
import io.raftengine.error.EntryNotFoundException;
import io.raftengine.log.format.QueueKind;
import io.raftengine.log.io.FileSystem;
import io.raftengine.log.segment.PrefillPolicy;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Purge beside listeners, readers and large entries: M1, H13, H20. */
@Timeout(120)
class PurgeLifeTest {
    /** Counts, and holds purge back where it is told to. */
    private static final class Counting implements EngineListener {
        final int[] files = new int[2];
        final long[] purged = new long[2];
        volatile int written;
        volatile int applied;
        volatile long gate = Long.MAX_VALUE;
        volatile Runnable whenWritten = () -> {};

        @Override
        public synchronized void onNewSegment(QueueKind queue, long segment) {
            files[queue.ordinal()]++;
        }

        @Override
        public void onBatchWritten(QueueKind queue, long segment, long offset, long bytes) {
            if (queue == QueueKind.APPEND) {
                written++;
                whenWritten.run();
            }
        }

        @Override
        public void onBatchApplied(QueueKind queue, long segment) {
            if (queue == QueueKind.APPEND) {
                applied++;
            }
        }

        @Override
        public synchronized void onPurged(QueueKind queue, long highest) {
            purged[queue.ordinal()] = highest;
        }

        @Override
        public long firstSegmentNotReadyForPurge() {
            return gate;
        }
    }

    /**
     * M1, with its numbers. A batch that is written and not applied holds the write token here, so
     * that a purge waits for it; what a listener holds back is asked from it.
     */
    @Test
    void listenersAreToldOfEverythingAndHoldPurgeBackAtTheirSegment() throws Exception {
        Counting counting = new Counting();
        EngineFixture f =
                new EngineFixture(Scene.segmentsOf(128 << 10).purgeThresholdBytes(512 << 10));
        f.listeners = List.of(counting);
        try (Scene scene = new Scene(f)) {
            for (int i = 1; i <= 20; i++) {
                scene.append(1 + i % 2, (i + 1) / 2, (i + 1) / 2 + 1, 64 << 10);
                assertThat(counting.written).isEqualTo(i);
                assertThat(counting.applied).isEqualTo(i);
            }
            assertThat(counting.files[QueueKind.APPEND.ordinal()]).isEqualTo(10);
            scene.purge();
            assertThat(counting.purged[QueueKind.APPEND.ordinal()]).isEqualTo(8);
            for (int i = 21; i <= 30; i++) {
                scene.append(1 + i % 2, (i + 1) / 2, (i + 1) / 2 + 1, 64 << 10);
            }
            scene.write(compact(1, 14));
            scene.write(compact(2, 14));
            int rewriteFiles = counting.files[QueueKind.REWRITE.ordinal()];
            assertThat(rewriteFiles).isGreaterThan(1);
            scene.purge();
            assertThat(counting.purged[QueueKind.APPEND.ordinal()]).isEqualTo(14);
            assertThat(counting.purged[QueueKind.REWRITE.ordinal()]).isEqualTo(rewriteFiles);
            scene.check("two purges");

            listenersGate(scene, counting);
            waitsForApply(scene, counting);

            Counting reopened = new Counting();
            scene.f.listeners = List.of(reopened);
            scene.checkAlsoReopened("in the end");
            for (QueueKind queue : QueueKind.values()) {
                assertThat(reopened.files[queue.ordinal()])
                        .as("new files told of " + queue)
                        .isEqualTo((int) scene.f.engine.segmentSpan(queue).segmentCount());
            }
        }
    }

    private static void listenersGate(Scene scene, Counting counting) {
        for (long group = 1; group <= 2; group++) {
            scene.append(group, 16, 22, 64 << 10).append(group, 22, 28, 64 << 10);
        }
        scene.write(compact(1, 27), compact(2, 27));
        scene.append(5, 1, 2, 64 << 10).append(5, 2, 3, 64 << 10);
        counting.gate = scene.append().activeSeq() - 2;
        scene.rewriteAppend();
        assertThat(scene.append().firstSeq()).as("stops exactly there").isEqualTo(counting.gate);
        scene.check("held back");
        counting.gate = Long.MAX_VALUE;
        scene.rewriteAppend();
        assertThat(scene.append().segmentCount()).as("asked again each time").isOne();
        scene.check("no longer held back");
    }

    private static void waitsForApply(Scene scene, Counting counting) throws Exception {
        CountDownLatch written = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        counting.whenWritten =
                () -> {
                    written.countDown();
                    try {
                        goOn.await();
                    } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                };
        Thread writer = Thread.ofPlatform().start(() -> scene.append(3, 1, 4));
        written.await();
        assertThat(counting.written).isEqualTo(counting.applied + 1);
        long segment = scene.append().activeSeq();
        Thread purger = Thread.ofPlatform().start(scene::rewriteAppend);
        while (purger.isAlive()
                && purger.getState() != Thread.State.WAITING
                && purger.getState() != Thread.State.TIMED_WAITING) {
            Thread.onSpinWait();
        }
        assertThat(purger.isAlive()).as("the purge waits for the batch").isTrue();
        assertThat(scene.append().activeSeq()).isEqualTo(segment);
        counting.whenWritten = () -> {};
        goOn.countDown();
        writer.join();
        purger.join();
        assertThat(counting.written).isEqualTo(counting.applied);
        scene.check("the batch was applied before its segment was looked at");
    }

    /** H13: 3 groups of 10 entries of 2 MiB, a segment for every batch, on a real file system. */
    @Test
    void hugeGroupsAreRewrittenTwiceAndNothingButTheirOwnKeysIsSeen(@TempDir Path dir) {
        EngineConfig config =
                EngineConfig.builder(dir)
                        .targetFileSizeBytes(1)
                        .purgeThresholdBytes(64 << 10)
                        .prefill(PrefillPolicy.NEVER)
                        .build();
        byte[] key = EngineFixture.bytes("last_index");
        try (RaftEngine engine = RaftEngine.open(config)) {
            for (long group = 1; group <= 3; group++) {
                for (long index = 1; index <= 10; index++) {
                    try (LogBatch batch = engine.newBatch()) {
                        batch.addEntry(group, index, huge(group, index));
                        batch.put(group, key, EngineFixture.bytes(Long.toString(index)));
                        engine.write(batch, Durability.BUFFERED);
                    }
                }
            }
            long active = engine.segmentSpan(QueueKind.APPEND).activeSeq();
            engine.maintenance().rewriteAppend(Long.MAX_VALUE);
            assertThat(engine.segmentSpan(QueueKind.APPEND).firstSeq()).isEqualTo(active + 1);
            assertHuge(engine);
            long rewritten = engine.segmentSpan(QueueKind.REWRITE).activeSeq();
            engine.maintenance().rewriteRewrite();
            assertThat(engine.segmentSpan(QueueKind.REWRITE).firstSeq()).isGreaterThan(rewritten);
            assertHuge(engine);
        }
        try (RaftEngine engine = RaftEngine.open(config)) {
            assertHuge(engine);
        }
    }

    private static byte[] huge(long group, long index) {
        byte[] bytes = new byte[2 << 20];
        byte[] pattern = Workload.value(group, index, 4096);
        for (int i = 0; i < bytes.length; i += pattern.length) {
            System.arraycopy(pattern, 0, bytes, i, pattern.length);
        }
        return bytes;
    }

    private static void assertHuge(RaftEngine engine) {
        assertThat(engine.statistics().groups()).isEqualTo(3);
        for (long group = 1; group <= 3; group++) {
            List<String> keys = new ArrayList<>();
            engine.scan(
                    group,
                    null,
                    null,
                    ScanOrder.ASCENDING,
                    (memory, k, kb, v, vb) -> {
                        keys.add(new String(MessageBuffer.copyOut(memory, k, kb)));
                        return true;
                    });
            assertThat(keys).as("no internal keys").containsExactly("last_index");
            assertThat(engine.firstIndex(group)).isOne();
            assertThat(engine.lastIndex(group)).isEqualTo(10);
            for (long index = 1; index <= 10; index++) {
                assertThat(Arrays.equals(engine.getEntry(group, index), huge(group, index)))
                        .as("entry " + index + " of group " + group)
                        .isTrue();
            }
        }
    }

    /**
     * H20: a reader may find a group gone, never a segment that is gone from under its feet, and
     * never other bytes.
     */
    @Test
    void readersBesideCleansAndPurgesNeverMeetASegmentThatIsGone(@TempDir Path dir)
            throws Exception {
        EngineConfig config = Scene.segmentsOf(2 << 10, dir).purgeThresholdBytes(8 << 10).build();
        AtomicBoolean done = new AtomicBoolean();
        AtomicReference<Throwable> wrong = new AtomicReference<>();
        AtomicLong writing = new AtomicLong();
        CountDownLatch everyoneHasRead = new CountDownLatch(2);
        try (RaftEngine engine = RaftEngine.open(config, FileSystem.local(), List.of())) {
            List<Thread> readers = new ArrayList<>();
            for (int r = 0; r < 2; r++) {
                readers.add(
                        Thread.ofPlatform()
                                .start(() -> {
                                    try {
                                        read(engine, done, writing, everyoneHasRead);
                                    } catch (Throwable failure) {
                                        wrong.compareAndSet(null, failure);
                                        everyoneHasRead.countDown();
                                    }
                                }));
            }
            for (int cycle = 0; cycle < 150 && wrong.get() == null; cycle++) {
                writing.set(cycle);
                for (long group = 1; group <= 10; group++) {
                    try (LogBatch batch = engine.newBatch()) {
                        for (long index = 1; index <= 20; index++) {
                            batch.addEntry(group, index, entry(group, index, cycle));
                        }
                        engine.write(batch, Durability.BUFFERED);
                        if (group % 2 == cycle % 2) {
                            batch.clean(group);
                            engine.write(batch, Durability.BUFFERED);
                        }
                    }
                }
                if (cycle == 1) {
                    everyoneHasRead.await(); // half of the groups hold entries
                }
                if (cycle % 3 == 2) {
                    engine.maintenance().rewriteAppend(Long.MAX_VALUE);
                    engine.maintenance().rewriteRewrite();
                } else {
                    engine.purgeExpiredFiles();
                }
            }
            done.set(true);
            for (Thread reader : readers) {
                reader.join();
            }
            assertThat(wrong.get()).isNull();
            assertThat(engine.segmentSpan(QueueKind.APPEND).firstSeq()).isGreaterThan(100);
        }
    }

    /** Its bytes say in which cycle it was written. */
    private static byte[] entry(long group, long index, long cycle) {
        byte[] entry = Workload.value(group, 1000 * cycle + index, 60);
        entry[0] = (byte) cycle;
        return entry;
    }

    private static void read(
            RaftEngine engine, AtomicBoolean done, AtomicLong writing, CountDownLatch hasRead) {
        List<byte[]> fetched = new ArrayList<>();
        boolean first = true;
        while (!done.get()) {
            for (long group = 1; group <= 10; group++) {
                fetched.clear();
                long from = Math.max(0, writing.get() - 1);
                try {
                    engine.fetchEntriesTo(group, 1, 21, Long.MAX_VALUE, fetched);
                } catch (EntryNotFoundException | EntryCompactedException cleaned) {
                    continue; // or has not got its entries yet
                }
                long to = writing.get();
                for (int i = 0; i < fetched.size(); i++) {
                    byte[] found = fetched.get(i);
                    long cycle = found[0] & 0xff;
                    assertThat(cycle).as("cycle an entry is of").isBetween(from, to);
                    assertThat(found).isEqualTo(entry(group, i + 1, cycle));
                }
                if (first && fetched.size() == 20) {
                    first = false;
                    hasRead.countDown();
                }
            }
        }
        assertThat(first).as("never read anything").isFalse();
    }

    /** When nothing is live, nothing but the active segments is left. */
    @Test
    void aPurgeWhileNothingIsLiveLeavesOneSegmentPerQueue() {
        try (Scene scene = new Scene(Scene.segmentsOf(1))) {
            for (long group = 1; group <= 5; group++) {
                scene.append(group, 1, 9);
            }
            scene.rewriteAppend();
            for (long group = 1; group <= 5; group++) {
                scene.write(clean(group));
            }
            scene.rewriteAppend();
            scene.rewriteRewrite();
            assertThat(scene.append().segmentCount()).isOne();
            assertThat(scene.rewrite().segmentCount()).isOne();
            assertThat(scene.liveItems()).isZero();
            scene.checkAlsoReopened("nothing");
        }
    }
}
