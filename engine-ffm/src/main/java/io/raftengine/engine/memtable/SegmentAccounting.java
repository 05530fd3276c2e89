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

    private final Counters append = new Counters();
    private final Counters rewrite = new Counters();

    /** Live and added bytes of one queue, by segment number relative to {@link #base}. */
    private static final class Counters {
        long base = -1;
        long[] live = new long[16];
        long[] added = new long[16];
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
            }
            return (int) place;
        }

        private void shiftUp(long segment) {
            int shift = Math.toIntExact(base - segment);
            long[] newLive = new long[live.length + shift];
            long[] newAdded = new long[added.length + shift];
            System.arraycopy(live, 0, newLive, shift, live.length);
            System.arraycopy(added, 0, newAdded, shift, added.length);
            live = newLive;
            added = newAdded;
            base = segment;
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
        counters.liveItems += items;
    }

    void remove(boolean rewriteQueue, long segment, long bytes, long items) {
        Counters counters = of(rewriteQueue);
        int place = counters.place(segment);
        counters.live[place] -= bytes;
        counters.liveItems -= items;
        assert partial || counters.live[place] >= 0
                : "segment " + segment + " lost more than it had";
    }

    /** Adds what another one counted, such as a replay partition's. */
    void addAll(SegmentAccounting other) {
        addAll(append, other.append);
        addAll(rewrite, other.rewrite);
    }

    private static void addAll(Counters to, Counters from) {
        for (int i = 0; i < from.live.length; i++) {
            if (from.added[i] != 0 || from.live[i] != 0) {
                int place = to.place(from.base + i);
                to.live[place] += from.live[i];
                to.added[place] += from.added[i];
            }
        }
        to.liveItems += from.liveItems;
    }

    long liveBytes(QueueKind queue, long segment) {
        return at(of(queue == QueueKind.REWRITE), segment, true);
    }

    long addedBytes(QueueKind queue, long segment) {
        return at(of(queue == QueueKind.REWRITE), segment, false);
    }

    /** Live entries and key-values of a queue. */
    long liveItems(QueueKind queue) {
        return of(queue == QueueKind.REWRITE).liveItems;
    }

    private static long at(Counters counters, long segment, boolean live) {
        long place = segment - counters.base;
        if (counters.base < 0 || place < 0 || place >= counters.live.length) {
            return 0;
        }
        return live ? counters.live[(int) place] : counters.added[(int) place];
    }
}
