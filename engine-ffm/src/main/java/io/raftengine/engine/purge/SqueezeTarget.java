package io.raftengine.engine.purge;

import io.raftengine.engine.memtable.PlacedKeys;
import io.raftengine.log.format.AtomicMarker;
import io.raftengine.log.format.BatchEncoder;

/**
 * Copies of what is live in the rewrite queue, within that queue. Replay meets the old data of a
 * group first and then the copy, so a copy counts as a whole or not at all: what fits shares a
 * batch with other groups, what does not becomes an atomic group of batches of its own. A
 * compressed block is copied as it is, unless it is small.
 *
 * <pre>
 *   begin 128 KiB of one group | middle ... | end, with its keys
 * </pre>
 *
 * <p>The index is changed when the end has been written: before, replay would ignore the copy.
 */
final class SqueezeTarget implements GroupCopy.Target {
    /** A block of less than this part of a batch is unfolded, to share one with others. */
    private static final int SMALL_PART = 4;

    private final PurgeParts parts;
    private final CopyWriter writer;
    private final BatchEncoder shared;
    private final BatchEncoder single;
    private final long batchBytes;

    // The group.
    private boolean adopted;
    private boolean marked;
    private long atomicId;
    private long firstSegment;

    SqueezeTarget(PurgeParts parts, CopyWriter writer) {
        this.parts = parts;
        this.writer = writer;
        this.shared = parts.shared();
        this.single = parts.single();
        this.batchBytes = parts.shape().batchBytes();
        shared.clear();
        single.clear();
    }

    @Override
    public void begin(long group) {
        adopted = false;
        marked = false;
    }

    @Override
    public void run(EntryWindow window, int run) {
        if (window.wholeCompressedBlock(run) && !isSmall(window.contentBytes(run))) {
            if (!single.isEmpty()) {
                writePart();
            }
            window.adoptInto(run, single);
            adopted = true;
            return;
        }
        // A block that was adopted takes no further entries.
        makeRoom(window.contentBytes(run), adopted);
        window.addTo(run, single);
    }

    /**
     * Small blocks one by one would make an atomic group of very many batches, whose places an open
     * has to remember; together they are also shorter. Where nothing is compressed any more they
     * would get longer, and stay as they are.
     */
    private boolean isSmall(long contentBytes) {
        return contentBytes < batchBytes / SMALL_PART
                && parts.settings().compressionThreshold() > 0;
    }

    @Override
    public void key(long group, PlacedKeys keys) {
        makeRoom((long) keys.keyLength() + keys.valueLength(), false);
        single.put(
                group,
                keys.keyAddress(),
                keys.keyLength(),
                keys.valueAddress(),
                keys.valueLength());
    }

    private void makeRoom(long bytes, boolean needed) {
        if (!single.isEmpty() && (needed || single.approximateBytes() + bytes > batchBytes)) {
            writePart();
        }
    }

    /** The group goes on in another batch. */
    private void writePart() {
        if (!marked) {
            flush();
            writer.beginAtomic();
            atomicId = parts.newAtomicId();
        }
        single.mark(atomicId, marked ? AtomicMarker.MIDDLE : AtomicMarker.BEGIN);
        writer.write(single);
        if (!marked) {
            marked = true;
            firstSegment = parts.log().segment();
        }
        adopted = false;
    }

    @Override
    public void end(long group) {
        if (marked) {
            // Always something: a part is written only when more of the group is at hand.
            single.mark(atomicId, AtomicMarker.END);
            writer.write(single);
            writer.endAtomic(firstSegment, parts.log().segment());
        } else if (!single.isEmpty()) {
            share();
        }
    }

    private void share() {
        long bytes = single.approximateBytes();
        if (adopted || shared.approximateBytes() + bytes > batchBytes) {
            flush();
        }
        if (adopted || bytes > batchBytes / 2) {
            writer.write(single);
        } else {
            shared.mergeFrom(single);
        }
        single.clear();
    }

    private void flush() {
        if (!shared.isEmpty()) {
            writer.write(shared);
        }
    }

    /** Everything has come; puts it in place. */
    void finish() {
        flush();
        writer.apply();
    }
}
