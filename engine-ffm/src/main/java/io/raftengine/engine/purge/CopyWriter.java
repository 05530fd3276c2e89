package io.raftengine.engine.purge;

import io.raftengine.engine.memtable.Relocation;
import io.raftengine.error.MemoryLimitException;
import io.raftengine.error.RaftEngineException;
import io.raftengine.log.format.BatchEncoder;
import io.raftengine.log.format.EncodedBatch;
import io.raftengine.log.format.ItemReader;
import io.raftengine.log.format.QueueKind;
import org.agrona.collections.LongArrayList;

/**
 * Writes copies to the rewrite queue and puts them into the index.
 *
 * <p>The index learns of a batch before it is written, so that nothing can fail afterwards: what is
 * in the rewrite queue without the index knowing could come back one day (see {@link Relocation}).
 *
 * <p>The write token is to be had once per commit group, which beside synced writes is once per
 * sync. So what was written is not put in place batch by batch, but much of it at a time; until
 * then everybody finds the data where it was.
 *
 * <p>For the purger's thread.
 */
final class CopyWriter implements RewriteLog.Placing, AutoCloseable {
    /** Written bytes are synced in portions of this size. */
    private static final long SYNC_BYTES = 512 << 10;

    /** So much is written before it is put in place... */
    private static final long APPLY_BYTES = 1 << 20;

    /** ... or so many entries. */
    private static final long APPLY_ENTRIES = 8192;

    /** Groups put in place with one hold of the write token. */
    private static final int APPLY_STEP = 256;

    private final PurgeParts parts;
    private final QueueKind from;
    private final long gate;
    private final Relocation relocation;
    private final ItemReader items = new ItemReader();

    /** Segments of the batches that were written and not put in place yet. */
    private final LongArrayList notApplied = new LongArrayList();

    private EncodedBatch writing;
    private boolean placedBefore;
    private boolean atomic;
    private boolean more;
    private long bytesNotApplied;
    private long bytesWritten;

    /**
     * A writer of copies.
     *
     * @param from where they come from
     * @param gate from segments up to this one
     */
    CopyWriter(PurgeParts parts, QueueKind from, long gate) {
        this.parts = parts;
        this.from = from;
        this.gate = gate;
        this.relocation = parts.relocation();
    }

    /** Writes a batch, not synced, and empties it. It is put in place some time later. */
    void write(BatchEncoder batch) {
        EncodedBatch encoded =
                batch.finish(
                        parts.settings().compressionThreshold(),
                        parts.settings().compressionLevel());
        parts.pacer().spend(encoded.bytes());
        try {
            append(batch);
        } catch (MemoryLimitException noRoom) {
            if (atomic || notApplied.isEmpty()) {
                throw noRoom;
            }
            // Gives back what it takes the place of.
            apply();
            append(batch);
        }
        if (parts.log().unsyncedBytes() >= SYNC_BYTES) {
            parts.log().sync();
        }
        applyIfMuch();
    }

    private void applyIfMuch() {
        if (!atomic && (bytesNotApplied >= APPLY_BYTES || relocation.entries() >= APPLY_ENTRIES)) {
            apply();
        }
    }

    private void append(BatchEncoder batch) {
        writing = batch.encoded();
        placedBefore = false;
        relocation.save();
        try {
            parts.log().append(writing, this);
        } catch (Throwable notWritten) {
            if (placedBefore) {
                relocation.rollBack();
            }
            throw notWritten;
        }
        try {
            bytesWritten += writing.bytes();
            bytesNotApplied += writing.bytes();
            notApplied.addLong(parts.log().segment());
            batch.clear();
        } catch (Throwable brokenOff) {
            throw parts.log().poison("a copy was written and cannot be put in place", brokenOff);
        }
    }

    @Override
    public void placed(long segment, long blockOffset) {
        if (placedBefore) {
            relocation.rollBack();
        }
        placedBefore = true;
        items.openMemory(
                writing.itemSectionAddress(), writing.itemSectionBytes(), writing.contentBytes());
        relocation.add(
                segment, blockOffset, (int) writing.blockBytes(), writing.compressed(), items);
    }

    /** Puts everything written in place, also while the engine closes. */
    void apply() {
        if (notApplied.isEmpty()) {
            return;
        }
        try {
            do {
                parts.exclusivelyAtEnd(() ->
                        more =
                                relocation.apply(
                                        from, gate, parts.append().activeSeq(), APPLY_STEP));
            } while (more);
        } catch (RaftEngineException typed) {
            throw typed;
        } catch (Throwable brokenOff) {
            throw parts.log().poison("a copy was written and not put in place", brokenOff);
        } finally {
            nothingWaits();
        }
    }

    /** Nobody need wait for what was written any more: it is in place, or never will be. */
    private void nothingWaits() {
        for (int i = 0; parts.listener() != null && i < notApplied.size(); i++) {
            parts.listener().batchApplied(QueueKind.REWRITE, notApplied.getLong(i));
        }
        notApplied.clear();
        bytesNotApplied = 0;
    }

    /** What is written from here on is an atomic group, put in place as a whole. */
    void beginAtomic() {
        relocation.beginAtomic();
        atomic = true;
    }

    /** The atomic group is complete. */
    void endAtomic(long firstSegment, long lastSegment) {
        try {
            relocation.endAtomic(firstSegment, lastSegment);
        } catch (Throwable brokenOff) {
            throw parts.log().poison("a copy was written and cannot be put in place", brokenOff);
        }
        atomic = false;
        applyIfMuch();
    }

    /**
     * Puts in place what was written before something failed: the rewrite queue holds it. Only of
     * an atomic group without its end nothing is wanted, replay will ignore it; nor where nobody
     * knows what is on disk.
     */
    @Override
    public void close() {
        if (parts.rewrite().poisoned()) {
            relocation.discard();
            nothingWaits();
            return;
        }
        if (atomic) {
            relocation.abandonAtomic();
        }
        apply();
    }

    long bytesWritten() {
        return bytesWritten;
    }
}
