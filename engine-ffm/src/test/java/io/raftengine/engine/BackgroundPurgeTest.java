package io.raftengine.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.log.format.QueueKind;
import io.raftengine.testing.errors.Undeclared;
import io.raftengine.testing.fs.Fault;
import io.raftengine.testing.fs.FaultRule;
import io.raftengine.testing.fs.Operation;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** An engine that purges by itself. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class BackgroundPurgeTest {
    private static final int ENTRY_BYTES = 4 << 10;

    private final CountDownLatch dropped = new CountDownLatch(1);
    private final CountDownLatch calledAgain = new CountDownLatch(1);
    private final AtomicInteger told = new AtomicInteger();

    @Test
    void oldSegmentsGoByThemselvesAndListenersAreTold() throws InterruptedException {
        try (EngineFixture f = open(noting())) {
            fill(f);
            dropped.await();
            assertThat(f.engine.segmentSpan(QueueKind.APPEND).firstSeq()).isGreaterThan(1);
            assertThat(f.engine.firstIndex(1)).isEqualTo(40);
        }
    }

    @Test
    void aPurgeThatFailsIsTriedAgain() throws InterruptedException {
        try (EngineFixture f = open(noting())) {
            FaultRule unwritable =
                    f.fs.on(Operation.WRITE)
                            .onFiles(name -> name.endsWith(".rewrite"))
                            .program(0, 3)
                            .inject(Fault.error());
            // In the first segment, and live: no segment goes before this was copied, and a purge
            // that cannot copy has failed.
            f.put(2, "live", "value", true);
            fill(f);
            dropped.await();
            assertThat(unwritable.fired()).as("copies that failed").isEqualTo(3);
            assertThat(f.engine.firstIndex(1)).isEqualTo(40);
            assertThat(f.value(2, "live")).isEqualTo("value");
        }
    }

    /** Without its thread nothing would be purged any more, and nobody would know. */
    @Test
    void whatAListenerThrowsDoesNotEndIt() throws InterruptedException {
        EngineListener failing =
                new EngineListener() {
                    @Override
                    public void onBackgroundPurge(PurgeResult result) {
                        int call = told.incrementAndGet();
                        if (call == 5) {
                            calledAgain.countDown();
                        }
                        if (call == 1) {
                            throw new IllegalStateException("on purpose");
                        }
                        if (call == 2) {
                            throw new AssertionError("on purpose");
                        }
                        if (call == 3) {
                            Undeclared.raise(new IOException("on purpose"));
                        }
                    }

                    @Override
                    public void onPurged(QueueKind queue, long lastSegmentSeq) {
                        dropped.countDown();
                    }
                };
        try (EngineFixture f = open(failing)) {
            calledAgain.await();
            fill(f);
            dropped.await();
            assertThat(f.engine.firstIndex(1)).isEqualTo(40);
        }
    }

    private EngineListener noting() {
        return new EngineListener() {
            @Override
            public void onBackgroundPurge(PurgeResult result) {
                if (result.appendSegmentsDropped() > 0) {
                    dropped.countDown();
                }
            }
        };
    }

    private static EngineFixture open(EngineListener listener) {
        EngineFixture f =
                new EngineFixture(
                        Scene.segmentsOf(ENTRY_BYTES)
                                .backgroundPurgeInterval(Duration.ofMillis(1)));
        f.listeners = List.of(listener);
        return f.open();
    }

    /** Forty segments, of which the last one lives. */
    private static void fill(EngineFixture f) {
        try (LogBatch batch = f.engine.newBatch()) {
            for (long index = 1; index <= 40; index++) {
                batch.addEntry(1, index, Workload.value(1, index, ENTRY_BYTES));
                f.write(batch, true);
            }
        }
        f.engine.compactTo(1, 40);
    }
}
