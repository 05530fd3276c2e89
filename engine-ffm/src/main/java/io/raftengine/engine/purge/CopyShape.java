package io.raftengine.engine.purge;

/**
 * How copies are cut into batches. Users always get {@link #USUAL}; tests take others, so that a
 * group of few entries is already one of many batches.
 *
 * @param batchBytes a batch is written when it has this size
 * @param alwaysAtomic whether a group of several batches is made an atomic group also where it is
 *     copied from the append queue, which needs none
 */
record CopyShape(long batchBytes, boolean alwaysAtomic) {
    /** What is written without a test asking for something else. */
    static final CopyShape USUAL = new CopyShape(128 << 10, false);
}
