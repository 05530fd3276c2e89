package io.raftengine.stress;

import java.util.SplittableRandom;

/**
 * Which of a writer's groups a batch is for: neighbours from a random one on. All alike, or a few
 * hot ones that get most of the writes, and idle ones that are written to once, by the first
 * batches, and never again.
 *
 * <pre>
 *    place  0        hot           count - idle     count
 *           |  hot    |   ordinary    |     idle      |
 * </pre>
 */
final class Activity {
    private final SplittableRandom random;
    private final int count;
    private final int hot;
    private final double hotWrites;
    private final int ordinaryEnd;

    private int idleNext;

    // The window that the current batch is drawn from, and where in it the batch begins.
    private int low;
    private int width;
    private int from;

    /**
     * @param count groups of the writer
     * @param hotShare share of them that is hot; 0 for none
     * @param hotWrites share of the batches that go to hot groups
     * @param idleShare share of the groups that is idle
     */
    Activity(
            SplittableRandom random,
            int count,
            double hotShare,
            double hotWrites,
            double idleShare) {
        this.random = random;
        this.count = count;
        this.ordinaryEnd = count - Math.min(count - 1, (int) (count * idleShare));
        this.hot = hotShare == 0 ? 0 : Math.min(ordinaryEnd, Math.max(1, (int) (count * hotShare)));
        this.hotWrites = hotWrites;
        this.idleNext = ordinaryEnd;
    }

    /** Chooses the groups of the next batch. */
    void next(int groupsPerBatch) {
        if (idleNext < count) {
            low = ordinaryEnd;
            width = count - ordinaryEnd;
            from = idleNext - ordinaryEnd;
            idleNext += groupsPerBatch;
            return;
        }
        boolean chooseHot = hot == ordinaryEnd || hot > 0 && random.nextDouble() < hotWrites;
        low = chooseHot ? 0 : hot;
        width = chooseHot ? hot : ordinaryEnd - hot;
        from = random.nextInt(width);
    }

    /** The n-th group of the batch. */
    int place(int step) {
        return low + (from + step) % width;
    }
}
