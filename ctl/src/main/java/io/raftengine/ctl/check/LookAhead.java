package io.raftengine.ctl.check;

import io.raftengine.log.format.BatchScanner;
import io.raftengine.log.format.ForwardLook;

/**
 * What stands behind the places of a segment where something is broken, in ascending order of the
 * places. One look goes through the rest of the file, so what it saw is remembered, and answers for
 * every later place that it still speaks of; else a segment with a thousand damaged places would be
 * read a thousand times.
 *
 * <p>A look tells where the last whole batch begins and where the highest watermark stands, which
 * is all that a verdict asks: whether anything is behind a place, and whether the place was synced.
 * Behind the last whole batch another look is needed, since there may be batches inside of those it
 * counted. It happens at most once in a file that we wrote: to get there twice, the walk must have
 * found batches inside of others. Whoever nests them deeply gets no more than {@value #LOOKS_MAX}.
 */
final class LookAhead {
    private static final int LOOKS_MAX = 4;

    private final BatchScanner scanner;
    private ForwardLook look;
    private int looks;
    private long from;
    private long place;

    LookAhead(BatchScanner scanner) {
        this.scanner = scanner;
    }

    /** Goes to another segment, the one the scanner is on. */
    void begin() {
        look = null;
        looks = 0;
    }

    /**
     * Goes to a place. Moves the scanner's window, not its position.
     *
     * @param p where something is broken
     * @param watermark highest one in front of p, or -1
     * @return false if the segment has asked for too many looks, and nothing is known of this place
     */
    boolean at(long p, long watermark) {
        place = p;
        if (look != null && (p == from || p > from && speaksOf(p, watermark))) {
            return true;
        }
        if (looks == LOOKS_MAX) {
            return false;
        }
        looks++;
        look = scanner.findValidBatchAfter(p);
        from = p;
        return true;
    }

    /** What is in front of p now may count only as far as the walk met it. */
    private boolean speaksOf(long p, long watermark) {
        boolean watermarksKnown =
                look.watermarkOffset() > p || look.highestWatermark() <= watermark;
        return look.lastValidOffset() > p && watermarksKnown;
    }

    /** The highest watermark behind the place, or -1; one below those in front may be left out. */
    long highestWatermark() {
        return look.watermarkOffset() > place ? look.highestWatermark() : -1;
    }

    /** Whether there is a whole batch behind the place. */
    boolean anyBatch() {
        return look.lastValidOffset() > place;
    }

    /** Whether all whole batches behind the place were looked for. */
    boolean complete() {
        return look.complete();
    }
}
