package io.raftengine.engine.purge;

/**
 * How copies are cut into batches. Users always get {@link #USUAL}; tests take others, so that a
 * group of few entries is already one of many batches and windows.
 *
 * @param batchBytes a batch is written when it has this size
 * @param alwaysAtomic whether a group of several batches is made an atomic group also where it is
 *     copied from the append queue, which needs none
 * @param windowBytes most that is read at once, unless a single run is larger; less where the
 *     memory limit is small
 */
record CopyShape(long batchBytes, boolean alwaysAtomic, long windowBytes) {
    /** What is written without a test asking for something else. */
    static final CopyShape USUAL = new CopyShape(128 << 10, false, GroupCopy.WINDOW_BYTES);

    private static final long BATCH_BYTES_MIN = 16 << 10;

    /** The same with smaller batches where the memory limit is small. */
    CopyShape within(long memoryLimitBytes) {
        long share = Math.max(BATCH_BYTES_MIN, memoryLimitBytes / PurgeParts.SHARES);
        return new CopyShape(Math.min(batchBytes, share), alwaysAtomic, windowBytes);
    }
}
