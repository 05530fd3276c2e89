package io.raftengine.log.segment;

import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/**
 * Files with reserved names that wait to become segments, first in first out. Holds names only;
 * never touches the disk, so its lock is held for moments. Safe for all threads.
 */
final class ReservePool {
    /**
     * One file.
     *
     * @param number from its name; the name may occur once per directory
     * @param former the purged segment whose bytes it still holds, or null; not to be overwritten
     *     before its readers left
     */
    record Reserve(Path path, long number, SegmentReader former) {
        boolean free() {
            return former == null || former.abandoned();
        }
    }

    // Both guarded by `this`.
    private final ArrayDeque<Reserve> queue = new ArrayDeque<>();
    private long numberMax;

    synchronized int size() {
        return queue.size();
    }

    /** How many of them no reader looks at. */
    synchronized long freeSize() {
        return queue.stream().filter(Reserve::free).count();
    }

    /** Whether there is one that no reader looks at. Allocates nothing while there is none. */
    synchronized boolean hasFree() {
        if (queue.isEmpty()) {
            return false;
        }
        for (Reserve reserve : queue) {
            if (reserve.free()) {
                return true;
            }
        }
        return false;
    }

    /** A number that no reserve has had so far. */
    synchronized long nextNumber() {
        return ++numberMax;
    }

    /** Never gives a file this number. */
    synchronized void seen(long number) {
        numberMax = Math.max(numberMax, number);
    }

    synchronized void add(Reserve reserve) {
        numberMax = Math.max(numberMax, reserve.number);
        queue.addLast(reserve);
    }

    /** Puts back what was taken and not used. */
    synchronized void addFirst(Reserve reserve) {
        queue.addFirst(reserve);
    }

    /** Takes out the oldest reserve that no reader looks at, or returns null. */
    synchronized Reserve take() {
        Iterator<Reserve> all = queue.iterator();
        while (all.hasNext()) {
            Reserve reserve = all.next();
            if (reserve.free()) {
                all.remove();
                return reserve;
            }
        }
        return null;
    }

    /** Takes out the newest reserve of a directory that no reader looks at, or returns null. */
    synchronized Reserve takeNewestOf(Path dir) {
        Iterator<Reserve> all = queue.descendingIterator();
        while (all.hasNext()) {
            Reserve reserve = all.next();
            if (reserve.free() && dir.equals(reserve.path().getParent())) {
                all.remove();
                return reserve;
            }
        }
        return null;
    }

    /** How often {@link #takeNewestOf} would find one. */
    synchronized long countFree(Path dir) {
        return queue.stream().filter(r -> r.free() && dir.equals(r.path().getParent())).count();
    }

    /** Takes out the newest reserves until no more than {@code keep} are left. */
    synchronized List<Reserve> trim(int keep) {
        List<Reserve> trimmed = new ArrayList<>();
        while (queue.size() > keep) {
            trimmed.add(queue.removeLast());
        }
        return trimmed;
    }
}
