package io.raftengine.engine.commit;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class PlatformLeaderTest {
    /** What it touches last, looking for somebody to wake, is unmapped next. */
    @Test
    void whoeverClosesItWaitsUntilItIsDoneInterruptedOrNot() throws Exception {
        for (boolean interrupted : new boolean[] {false, true}) {
            CountDownLatch leads = new CountDownLatch(1);
            AtomicReference<Thread> closer = new AtomicReference<>();
            AtomicBoolean done = new AtomicBoolean();
            PlatformLeader leader =
                    new PlatformLeader(() -> {
                        leads.countDown();
                        PipelineFixture.await(() -> waitsOrIsDone(closer.get()));
                        done.set(true);
                        return false;
                    });
            leads.await();
            boolean[] seen = new boolean[2];
            Thread thread =
                    new Thread(() -> {
                        if (interrupted) {
                            Thread.currentThread().interrupt();
                        }
                        leader.close();
                        seen[0] = done.get();
                        seen[1] = Thread.currentThread().isInterrupted();
                    });
            closer.set(thread);
            thread.start();
            thread.join();
            assertThat(seen[0]).as("it was done").isTrue();
            assertThat(seen[1]).as("interrupted").isEqualTo(interrupted);
        }
    }

    /** Its sleep while callers are expected takes the wake-up that was meant for its end. */
    @Test
    void itEndsAlsoWhereLeadingUsedUpTheWakeUp() throws Exception {
        CountDownLatch leads = new CountDownLatch(1);
        PlatformLeader leader =
                new PlatformLeader(() -> {
                    leads.countDown();
                    LockSupport.park();
                    return false;
                });
        leads.await();
        Thread closer = new Thread(leader::close);
        closer.start();
        closer.join();
    }

    private static boolean waitsOrIsDone(Thread thread) {
        return thread != null
                && switch (thread.getState()) {
                    case WAITING, TIMED_WAITING, TERMINATED -> true;
                    default -> false;
                };
    }
}
