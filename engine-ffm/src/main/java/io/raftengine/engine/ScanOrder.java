package io.raftengine.engine;

/** Direction of a scan over the keys of a group; keys are compared as unsigned bytes. */
public enum ScanOrder {
    /** From the smallest key upwards. */
    ASCENDING,
    /** From the largest key downwards. */
    DESCENDING
}
