package io.raftengine.engine.memtable;

import java.util.List;
import java.util.concurrent.ThreadFactory;

/**
 * Joins the groups of one share of the hash space, in a thread of its own but for the first share.
 */
final class MergeThread implements Runnable {
    private final ReplayMerge merge;
    private final Blocks blocks;
    private final List<ReplayPartition> partitions;
    private final int share;
    private final int shares;
    private Thread thread;
    private Throwable failure;

    MergeThread(
            Memtables memtables,
            Blocks blocks,
            List<ReplayPartition> partitions,
            int share,
            int shares) {
        this.blocks = blocks;
        this.partitions = partitions;
        this.share = share;
        this.shares = shares;
        merge = new ReplayMerge(memtables, blocks);
    }

    void start() {
        start(task -> new Thread(task, "raft-engine-merge-" + share));
    }

    /**
     * Where there is no thread, for whatever reason, the work is done in {@link #await}: an error
     * from here would leave those that were started before alone with the memory they work on.
     */
    void start(ThreadFactory factory) {
        try {
            Thread started = factory.newThread(this);
            started.setDaemon(true);
            started.start();
            thread = started;
        } catch (RuntimeException | Error noThread) {
            thread = null;
        }
    }

    @Override
    public void run() {
        try {
            for (ReplayPartition partition : partitions) {
                merge.join(partition, share, shares);
            }
            merge.settle();
        } catch (RuntimeException | Error e) {
            failure = e; // told by rethrow(), in the thread that asked for the merge
        }
    }

    /**
     * Waits for the end, whatever interrupts: memory the thread works on must not be freed under
     * it.
     */
    void await() {
        if (thread == null) {
            run();
            return;
        }
        boolean interrupted = false;
        while (true) {
            try {
                thread.join();
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    void rethrow() {
        if (failure instanceof RuntimeException e) {
            throw e;
        }
        if (failure instanceof Error e) {
            throw e;
        }
    }

    SegmentAccounting accounting() {
        return merge.accounting();
    }

    Tombstones tombstones() {
        return merge.tombstones();
    }

    long groupsAdded() {
        return merge.groupsAdded();
    }

    void close() {
        blocks.close();
    }
}
