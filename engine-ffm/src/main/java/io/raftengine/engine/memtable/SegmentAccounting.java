package io.raftengine.engine.memtable;

import io.raftengine.log.format.QueueKind;
import java.util.Arrays;

/**
 * How many bytes of entries and key-values every segment still holds for somebody, and how many it
 * ever got. Grows with the number of segments only. One thread at a time; statistics may be read a
 * little late by others.
 *
 * <p>Bytes are those of the uncompressed content of entries and of keys and values: known both when
 * they are added and when they are dropped, so the sums stay exact. Live divided by added is the
 * live share of the segment.
 */
final class SegmentAccounting {
    /**
     * Whether what is removed here may have been added elsewhere, as in a merge by several threads.
     */
    private final boolean partial;

    /** Whether what is removed never was there after all. */
    private boolean undoing;

    private final Counters append = new Counters();
    private final Counters rewrite = new Counters();

    /** Live and added bytes of one queue, by segment number relative to {@link #base}. */
    private static final class Counters {
        long base = -1;
        long[] live = new long[16];
        long[] added = new long[16];
        long[] items = new long[16];
        long liveItems;

        int place(long segment) {
            if (base < 0) {
                base = segment;
            }
            if (segment < base) {
                shiftUp(segment);
            }
            long place = segment - base;
            if (place >= live.length) {
                int length = Math.toIntExact(Math.max(place + 1, live.length * 2L));
                live = Arrays.copyOf(live, length);
                added = Arrays.copyOf(added, length);
                items = Arrays.copyOf(items, length);
            }
            return (int) place;
        }

        private void shiftUp(long segment) {
            int shift = Math.toIntExact(base - segment);
            live = shifted(live, shift);
            added = shifted(added, shift);
            items = shifted(items, shift);
            base = segment;
        }

        private static long[] shifted(long[] values, int by) {
            long[] shifted = new long[values.length + by];
            System.arraycopy(values, 0, shifted, by, values.length);
            return shifted;
        }

        /** Forgets segments that are gone: years of segments must not be years of array. */
        void dropBelow(long segment) {
            if (base < 0 || segment <= base) {
                return;
            }
            int dropped = (int) Math.min(segment - base, live.length);
            live = without(live, dropped);
            added = without(added, dropped);
            items = without(items, dropped);
            base = segment;
        }

        private static long[] without(long[] values, int dropped) {
            System.arraycopy(values, dropped, values, 0, values.length - dropped);
            Arrays.fill(values, values.length - dropped, values.length, 0);
            return values;
        }

        void clear() {
            base = -1;
            Arrays.fill(live, 0);
            Arrays.fill(added, 0);
            Arrays.fill(items, 0);
            liveItems = 0;
        }
    }

    SegmentAccounting(boolean partial) {
        this.partial = partial;
    }

    private Counters of(boolean rewriteQueue) {
        return rewriteQueue ? rewrite : append;
    }

    void add(boolean rewriteQueue, long segment, long bytes, long items) {
        Counters counters = of(rewriteQueue);
        int place = counters.place(segment);
        counters.live[place] += bytes;
        counters.added[place] += bytes;
        counters.items[place] += items;
        counters.liveItems += items;
    }

    void remove(boolean rewriteQueue, long segment, long bytes, long items) {
        Counters counters = of(rewriteQueue);
        int place = counters.place(segment);
        counters.live[place] -= bytes;
        counters.items[place] -= items;
        counters.liveItems -= items;
        if (undoing) {
            counters.added[place] -= bytes;
        }
        assert partial || counters.live[place] >= 0 && counters.items[place] >= 0
                : "segment " + segment + " lost more than it had";
    }

    /**
     * From now on a {@link #remove} undoes an {@link #add}: the bytes were not written after all.
     */
    void beginUndo() {
        undoing = true;
    }

    void endUndo() {
        undoing = false;
    }

    /** Undoes a {@link #remove}. */
    void takeBack(boolean rewriteQueue, long segment, long bytes, long items) {
        Counters counters = of(rewriteQueue);
        int place = counters.place(segment);
        counters.live[place] += bytes;
        counters.items[place] += items;
        counters.liveItems += items;
    }

    /** Adds what another one counted, such as a replay partition's. */
    void addAll(SegmentAccounting other) {
        addAll(append, other.append);
        addAll(rewrite, other.rewrite);
    }

    private static void addAll(Counters to, Counters from) {
        for (int i = 0; i < from.live.length; i++) {
            if (from.added[i] != 0 || from.live[i] != 0 || from.items[i] != 0) {
                int place = to.place(from.base + i);
                to.live[place] += from.live[i];
                to.added[place] += from.added[i];
                to.items[place] += from.items[i];
            }
        }
        to.liveItems += from.liveItems;
    }

    /** Forgets everything, to be used again. */
    void clear() {
        append.clear();
        rewrite.clear();
    }

    /** Forgets segments that were dropped. */
    void dropBelow(QueueKind queue, long segment) {
        of(queue == QueueKind.REWRITE).dropBelow(segment);
    }

    /**
     * The oldest segment from {@code first} on that holds a live entry or key-value, else {@code
     * active}.
     */
    long firstLive(QueueKind queue, long first, long active) {
        Counters counters = of(queue == QueueKind.REWRITE);
        for (long segment = first; segment < active; segment++) {
            if (at(counters, counters.items, segment) != 0) {
                return segment;
            }
        }
        return active;
    }

    long liveBytes(QueueKind queue, long segment) {
        Counters counters = of(queue == QueueKind.REWRITE);
        return at(counters, counters.live, segment);
    }

    long addedBytes(QueueKind queue, long segment) {
        Counters counters = of(queue == QueueKind.REWRITE);
        return at(counters, counters.added, segment);
    }

    /** Live entries and key-values of a queue. */
    long liveItems(QueueKind queue) {
        return of(queue == QueueKind.REWRITE).liveItems;
    }

    private static long at(Counters counters, long[] values, long segment) {
        long place = segment - counters.base;
        if (counters.base < 0 || place < 0 || place >= values.length) {
            return 0;
        }
        return values[(int) place];
    }
}
