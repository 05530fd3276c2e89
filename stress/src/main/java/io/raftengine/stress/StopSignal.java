package io.raftengine.stress;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** Ends a run early: the first failure stops everybody, and sleepers wake up. */
final class StopSignal {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition wake = lock.newCondition();
    private volatile boolean stopped;

    boolean isSet() {
        return stopped;
    }

    void set() {
        lock.lock();
        try {
            stopped = true;
            wake.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Sleeps, unless stopped before. Answers whether to go on. */
    boolean sleep(long nanos) throws InterruptedException {
        lock.lock();
        try {
            long left = nanos;
            while (!stopped && left > 0) {
                left = wake.awaitNanos(Math.min(left, TimeUnit.HOURS.toNanos(1)));
                left = left > 0 ? left : 0;
            }
            return !stopped;
        } finally {
            lock.unlock();
        }
    }
}
