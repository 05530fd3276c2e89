package io.raftengine.stress;

import io.raftengine.engine.Durability;
import io.raftengine.engine.LogBatch;
import io.raftengine.engine.RaftEngine;
import java.util.SplittableRandom;

/** A writer: batches for groups that nobody else appends to, one after the other. */
final class WriteWorker extends Worker {
    private static final int ACK_LINE_BYTES_MAX = 20 + 1 + 20 + 1;

    private final RaftEngine engine;
    private final StressOptions options;
    private final Durability durability;
    private final LogBatch batch;
    private final MessagePool pool;
    private final Activity activity;
    private final AckOutput acks;
    private final byte[] ackLines;

    // The groups of this thread, and what they hold: nobody else appends to them.
    private final long[] groups;
    private final long[] firstIndexes;
    private final long[] nextIndexes;

    /** Which of them are in the batch. */
    private final int[] batchPlaces;

    WriteWorker(StressRun run, int number, AckOutput acks) {
        super(run, run.options().writeOpsPerThread);
        this.engine = run.engine();
        this.options = run.options();
        this.durability = options.writeWithoutSync ? Durability.BUFFERED : Durability.SYNC;
        this.acks = acks;
        this.ackLines = new byte[options.writeRegionCount * ACK_LINE_BYTES_MAX];
        SplittableRandom random = new SplittableRandom();
        this.pool =
                new MessagePool(
                        options.entrySize,
                        options.writeEntryCount,
                        options.verify,
                        options.seed,
                        random);
        int count = (options.regions - number + options.writeThreads - 1) / options.writeThreads;
        this.activity =
                new Activity(
                        random, count, options.hotRegions, options.hotWrites, options.idleRegions);
        this.groups = new long[count];
        this.firstIndexes = new long[count];
        this.nextIndexes = new long[count];
        this.batchPlaces = new int[options.writeRegionCount];
        for (int i = 0; i < count; i++) {
            groups[i] = number + (long) i * options.writeThreads;
            long first = engine.firstIndex(groups[i]);
            firstIndexes[i] = first == RaftEngine.NO_INDEX ? 1 : first;
            long last = engine.lastIndex(groups[i]);
            nextIndexes[i] = last == RaftEngine.NO_INDEX ? 1 : last + 1;
        }
        this.batch = engine.newBatch();
    }

    @Override
    void prepare() {
        activity.next(options.writeRegionCount);
        for (int step = 0; step < options.writeRegionCount; step++) {
            int place = activity.place(step);
            long next = nextIndexes[place];
            batch.addEntries(groups[place], next, pool.messages(groups[place], next));
            next += options.writeEntryCount;
            nextIndexes[place] = next;
            batchPlaces[step] = place;
            if (options.compactCount > 0 && next - firstIndexes[place] > options.compactCount) {
                firstIndexes[place] = next - options.compactCount;
                batch.compactTo(groups[place], firstIndexes[place]);
            }
        }
    }

    @Override
    long operate() {
        return engine.write(batch, durability);
    }

    @Override
    void acknowledge() {
        if (acks == null) {
            return;
        }
        int at = 0;
        for (int step = 0; step < options.writeRegionCount; step++) {
            int place = batchPlaces[step];
            at = AckOutput.putUnsigned(ackLines, at, groups[place]);
            ackLines[at++] = ' ';
            at = AckOutput.putUnsigned(ackLines, at, nextIndexes[place] - 1);
            ackLines[at++] = '\n';
        }
        acks.write(ackLines, at);
    }

    @Override
    void end() {
        batch.close();
    }
}
