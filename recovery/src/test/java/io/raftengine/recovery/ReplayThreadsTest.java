package io.raftengine.recovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Threads are few in a container; recovery works with those it gets. */
class ReplayThreadsTest {
    @Test
    void whatGetsNoThreadIsDoneByTheCaller() {
        for (int available = 0; available <= 4; available++) {
            List<Integer> done = Collections.synchronizedList(new ArrayList<>());
            List<Runnable> tasks = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                int number = i;
                tasks.add(() -> done.add(number));
            }
            ReplayThreads.run(tasks, scarce(available));
            assertThat(done).containsExactlyInAnyOrder(0, 1, 2, 3, 4);
        }
    }

    /** As those do that are to begin later than the first. */
    @Test
    void whoWaitsForTheFirstTaskGetsToTheEndEvenWithoutAThread() {
        CountDownLatch firstEnded = new CountDownLatch(1);
        List<Integer> done = Collections.synchronizedList(new ArrayList<>());
        Runnable first =
                () -> {
                    done.add(1);
                    firstEnded.countDown();
                };
        Runnable second =
                () -> {
                    await(firstEnded);
                    done.add(2);
                };
        ReplayThreads.run(List.of(first, second), scarce(0));
        assertThat(done).containsExactly(1, 2);
    }

    @Test
    void noThreadIsLeftBehindWhenTheNextOneCannotBeMade() {
        CountDownLatch callerWorks = new CountDownLatch(1);
        AtomicInteger ended = new AtomicInteger();
        Runnable first = callerWorks::countDown;
        Runnable second =
                () -> {
                    await(callerWorks);
                    ended.incrementAndGet();
                };
        Runnable third =
                () -> {
                    throw new IllegalArgumentException("ordered by the test");
                };
        assertThatThrownBy(() -> ReplayThreads.run(List.of(first, second, third), scarce(1)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThat(ended).hasValue(1);
    }

    @Test
    void whateverKeepsAThreadFromBeingMadeTheWorkIsDoneOnceAndJoined() {
        List<Integer> done = Collections.synchronizedList(new ArrayList<>());
        CountDownLatch callerWorks = new CountDownLatch(1);
        AtomicInteger made = new AtomicInteger();
        ThreadFactory factory =
                task -> {
                    if (made.incrementAndGet() == 2) {
                        throw new InternalError("ordered by the test");
                    }
                    return new Thread(task);
                };
        Runnable first =
                () -> {
                    done.add(0);
                    callerWorks.countDown();
                };
        Runnable second =
                () -> {
                    await(callerWorks);
                    done.add(1);
                };
        ReplayThreads.run(List.of(first, second, () -> done.add(2), () -> done.add(3)), factory);
        assertThat(done).containsExactlyInAnyOrder(0, 1, 2, 3);
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** Makes so many threads that start, and then only such that do not. */
    private static ThreadFactory scarce(int available) {
        AtomicInteger made = new AtomicInteger();
        return task ->
                made.getAndIncrement() < available
                        ? new Thread(task)
                        : new Thread(task) {
                            @Override
                            public void start() {
                                throw new OutOfMemoryError("unable to create native thread");
                            }
                        };
    }
}
