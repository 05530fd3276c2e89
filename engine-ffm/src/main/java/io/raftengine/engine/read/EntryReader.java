package io.raftengine.engine.read;

import io.raftengine.allocator.Memory;
import io.raftengine.allocator.MemoryBudget;
import io.raftengine.engine.memtable.EntryLocation;
import io.raftengine.engine.memtable.Memtables;
import io.raftengine.error.CorruptionException;
import io.raftengine.error.StorageException;
import io.raftengine.log.format.BatchHeader;
import io.raftengine.log.format.QueueKind;
import io.raftengine.log.segment.SegmentReader;
import io.raftengine.log.segment.SegmentSource;
import java.util.HexFormat;

/**
 * Reads single entries.
 *
 * <p>An uncompressed block is verified as a whole on its first read; from then on only the wanted
 * bytes are read, unless every read is to be verified. A compressed block is read whole, verified,
 * unfolded and cached. The segment is held by a counted reference while it is read, and the
 * location is looked up again if the segment went away in between: a purge moves entries, it never
 * loses them.
 *
 * <p>Safe for all threads, each with a {@link ReadContext} of its own.
 */
public final class EntryReader implements AutoCloseable {
    /** An uncompressed block above this size is verified in pieces instead of being read whole. */
    private static final int WHOLE_BLOCK_BYTES_MAX = 1 << 20;

    private static final int VERIFY_PIECE_BYTES = 256 << 10;
    private static final int LOOKUPS_MAX = 100;

    private final Memtables memtables;
    private final SegmentSource append;
    private final SegmentSource rewrite;
    private final boolean verifyEveryRead;
    private final VerifiedBlocks verified = new VerifiedBlocks();
    private final BlockingReads blockingReads = new BlockingReads();
    private final BlockCache cache;

    /**
     * A reader over both queues.
     *
     * @param budget what the block cache is charged to
     * @param memtables where entries are looked up
     * @param append the append queue
     * @param rewrite the rewrite queue
     * @param verifyEveryRead whether a block is verified each time it is read
     */
    public EntryReader(
            MemoryBudget budget,
            Memtables memtables,
            SegmentSource append,
            SegmentSource rewrite,
            boolean verifyEveryRead) {
        this.memtables = memtables;
        this.append = append;
        this.rewrite = rewrite;
        this.verifyEveryRead = verifyEveryRead;
        this.cache = new BlockCache(budget);
    }

    /**
     * Reads one entry; the result is in the context.
     *
     * @param groupId the group
     * @param index the entry's index, unsigned
     * @param context the caller's context
     * @return false if the group has no such entry
     * @throws CorruptionException the bytes on disk are damaged
     * @throws StorageException the file could not be read, twice
     */
    public boolean read(long groupId, long index, ReadContext context) {
        StorageException first = null;
        for (int i = 0; i < LOOKUPS_MAX; i++) {
            EntryLocation location = context.location;
            if (!memtables.locate(groupId, index, location)) {
                if (first != null) {
                    throw first;
                }
                return false;
            }
            try {
                if (readLocated(location, context)) {
                    return true;
                }
            } catch (StorageException failed) {
                if (first != null) {
                    throw first;
                }
                // The entry may have moved to another file meanwhile; a second failure is final.
                first = failed;
            }
        }
        throw new StorageException(
                "group " + Long.toUnsignedString(groupId),
                "read of entry " + Long.toUnsignedString(index),
                0,
                "its segment was purged each time it was looked up");
    }

    /**
     * Reads bytes whose place is known; the result is in the context.
     *
     * @param location where they are, a single entry or several neighbours of one block
     * @param context the caller's context
     * @return false if the segment was purged meanwhile: look the place up again
     * @throws CorruptionException the bytes on disk are damaged
     * @throws StorageException the file could not be read
     */
    boolean readLocated(EntryLocation location, ReadContext context) {
        if (location.blockBytes() == 0) {
            context.result(false, 0, 0);
            return true;
        }
        SegmentReader segment = queue(location.queue()).acquire(location.segment());
        if (segment == null) {
            return false;
        }
        try {
            readHeld(segment, location, context);
            return true;
        } finally {
            segment.release();
        }
    }

    private SegmentSource queue(QueueKind kind) {
        return kind == QueueKind.APPEND ? append : rewrite;
    }

    private void readHeld(SegmentReader segment, EntryLocation location, ReadContext context) {
        boolean counted = blockingReads.enter();
        try {
            if (location.compressed()) {
                readCompressed(segment, location, context);
            } else {
                readPlain(segment, location, context);
            }
        } finally {
            if (counted) {
                blockingReads.leave();
            }
        }
    }

    private void readPlain(SegmentReader segment, EntryLocation location, ReadContext context) {
        int contentBytes = location.blockBytes() - BatchHeader.CRC_BYTES;
        demandInside(segment, location, contentBytes);
        long key = BlockKey.of(location.queue(), location.segment(), location.blockOffset());
        if (!verifyEveryRead && verified.contains(key)) {
            readRange(segment, location, context);
            return;
        }
        if (location.blockBytes() <= WHOLE_BLOCK_BYTES_MAX) {
            readWhole(segment, location, context);
            context.decoder.verify(
                    context.stored.view(),
                    0,
                    location.blockBytes(),
                    false,
                    segment.path().toString(),
                    location.blockOffset());
            context.result(false, location.entryStart(), location.entryLength());
        } else {
            verifyInPieces(segment, location, context);
            readRange(segment, location, context);
        }
        verified.add(key);
    }

    private static void readRange(
            SegmentReader segment, EntryLocation location, ReadContext context) {
        int bytes = location.entryLength();
        context.stored.ensureCapacity(Math.max(1, bytes), 0);
        read(
                segment,
                context.stored.address(),
                bytes,
                location.blockOffset() + location.entryStart());
        context.result(false, 0, bytes);
    }

    private static void readWhole(
            SegmentReader segment, EntryLocation location, ReadContext context) {
        context.stored.ensureCapacity(location.blockBytes(), 0);
        read(segment, context.stored.address(), location.blockBytes(), location.blockOffset());
    }

    private static void verifyInPieces(
            SegmentReader segment, EntryLocation location, ReadContext context) {
        context.stored.ensureCapacity(VERIFY_PIECE_BYTES, 0);
        long offset = location.blockOffset();
        int left = location.blockBytes() - BatchHeader.CRC_BYTES;
        context.crc.reset();
        while (left > 0) {
            int piece = Math.min(left, VERIFY_PIECE_BYTES);
            read(segment, context.stored.address(), piece, offset);
            context.crc.update(context.stored.view().clear().limit(piece));
            offset += piece;
            left -= piece;
        }
        read(segment, context.stored.address(), BatchHeader.CRC_BYTES, offset);
        int found = Memory.getInt(context.stored.address());
        int computed = (int) context.crc.getValue();
        if (found != computed) {
            throw new CorruptionException(
                    segment.path().toString(),
                    location.blockOffset(),
                    "entries checksum",
                    HexFormat.of().toHexDigits(computed),
                    HexFormat.of().toHexDigits(found));
        }
    }

    private void readCompressed(
            SegmentReader segment, EntryLocation location, ReadContext context) {
        long key = BlockKey.of(location.queue(), location.segment(), location.blockOffset());
        int bytes = location.entryLength();
        // Only lengths that a cached block can have: nothing has checked this one yet (D8).
        if (!verifyEveryRead && bytes <= BlockCache.BLOCK_BYTES_MAX) {
            context.unfolded.ensureCapacity(Math.max(1, bytes), 0);
            if (cache.copy(key, location.entryStart(), bytes, context.unfolded.address())) {
                context.result(true, 0, bytes);
                return;
            }
        }
        String file = segment.path().toString();
        readWhole(segment, location, context);
        int contentBytes =
                context.decoder.verify(
                        context.stored.view(),
                        0,
                        location.blockBytes(),
                        true,
                        file,
                        location.blockOffset());
        demandInside(segment, location, contentBytes);
        context.decoder.unfold(
                context.stored.view(),
                0,
                location.blockBytes(),
                contentBytes,
                context.unfolded,
                file,
                location.blockOffset());
        cache.put(key, context.unfolded.address(), contentBytes);
        context.result(true, location.entryStart(), bytes);
    }

    private static void demandInside(
            SegmentReader segment, EntryLocation location, int contentBytes) {
        if ((long) location.entryStart() + location.entryLength() > contentBytes) {
            throw new CorruptionException(
                    segment.path().toString(),
                    location.blockOffset(),
                    "entry range",
                    "within " + contentBytes + " bytes of content",
                    location.entryLength() + " bytes at " + location.entryStart());
        }
    }

    private static void read(SegmentReader segment, long address, int bytes, long offset) {
        int got = segment.read(address, bytes, offset);
        if (got != bytes) {
            throw new CorruptionException(
                    segment.path().toString(),
                    offset,
                    "entries block",
                    bytes + " bytes",
                    "end of file after " + got);
        }
    }

    /** Gives back what the block cache holds; by any thread, at any time. */
    public void giveBack() {
        cache.giveBack();
    }

    @Override
    public void close() {
        cache.close();
    }
}
