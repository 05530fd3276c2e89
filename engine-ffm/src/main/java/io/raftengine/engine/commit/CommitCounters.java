package io.raftengine.engine.commit;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * What the pipeline did so far. Written by the holder of the write token alone, read by any thread.
 */
public final class CommitCounters {
    /** What an engine that cannot write has committed. */
    public static final Snapshot NOTHING = new Snapshot(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

    private static final int GROUPS = 0;
    private static final int BATCHES = 1;
    private static final int BYTES = 2;
    private static final int SYNCED_GROUPS = 3;
    private static final int SYNCED_BATCHES = 4;
    private static final int REFUSED = 5;
    private static final int WRITE_NANOS = 6;
    private static final int SYNC_NANOS = 7;
    private static final int WATERMARKS = 8;
    private static final int CALLERS = 9;
    private static final int ENCODE_NANOS = 10;
    private static final int WAIT_NANOS = 11;
    private static final int APPLY_NANOS = 12;
    private static final int COUNT = 13;

    /** Opaque: each value is whole, but no order between them is promised, and none is paid for. */
    private static final VarHandle VALUE = MethodHandles.arrayElementVarHandle(long[].class);

    private final long[] values = new long[COUNT];

    CommitCounters() {}

    /**
     * Values at one moment.
     *
     * @param groups commit groups
     * @param callers callers in them, bare syncs included
     * @param batches batches written
     * @param batchBytes their encoded bytes
     * @param syncedGroups groups that were synced
     * @param syncedBatches batches in them
     * @param refusedBatches batches that validation refused
     * @param encodeNanos time callers spent encoding batches that were to be synced
     * @param waitNanos time they then waited for their group to begin
     * @param writeNanos time spent validating and writing groups that were synced
     * @param syncNanos time spent in syncs
     * @param applyNanos time spent making groups visible that were synced
     * @param watermarks synced watermarks written
     */
    public record Snapshot(
            long groups,
            long callers,
            long batches,
            long batchBytes,
            long syncedGroups,
            long syncedBatches,
            long refusedBatches,
            long encodeNanos,
            long waitNanos,
            long writeNanos,
            long syncNanos,
            long applyNanos,
            long watermarks) {}

    void group(
            int callers, int batches, long bytes, boolean synced, long writeNanos, long syncNanos) {
        add(GROUPS, 1);
        add(CALLERS, callers);
        add(BATCHES, batches);
        add(BYTES, bytes);
        add(WRITE_NANOS, writeNanos);
        if (synced) {
            add(SYNCED_GROUPS, 1);
            add(SYNCED_BATCHES, batches);
            add(SYNC_NANOS, syncNanos);
        }
    }

    /** What else is known of the time that a synced group took. */
    void timesOfSynced(long encodeNanos, long waitNanos, long applyNanos) {
        add(ENCODE_NANOS, encodeNanos);
        add(WAIT_NANOS, waitNanos);
        add(APPLY_NANOS, applyNanos);
    }

    long groups() {
        return get(GROUPS);
    }

    long syncedGroups() {
        return get(SYNCED_GROUPS);
    }

    /** Write and sync time of synced groups; unsynced ones count as no time at all. */
    long syncedNanos() {
        return get(WRITE_NANOS) + get(SYNC_NANOS);
    }

    void refused() {
        add(REFUSED, 1);
    }

    void watermark() {
        add(WATERMARKS, 1);
    }

    private void add(int index, long amount) {
        VALUE.setOpaque(values, index, values[index] + amount);
    }

    private long get(int index) {
        return (long) VALUE.getOpaque(values, index);
    }

    Snapshot snapshot() {
        return new Snapshot(
                get(GROUPS),
                get(CALLERS),
                get(BATCHES),
                get(BYTES),
                get(SYNCED_GROUPS),
                get(SYNCED_BATCHES),
                get(REFUSED),
                get(ENCODE_NANOS),
                get(WAIT_NANOS),
                get(WRITE_NANOS),
                get(SYNC_NANOS),
                get(APPLY_NANOS),
                get(WATERMARKS));
    }
}
