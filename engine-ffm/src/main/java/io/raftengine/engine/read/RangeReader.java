package io.raftengine.engine.read;

import io.raftengine.engine.memtable.EntryCursor;
import io.raftengine.engine.memtable.Memtables;
import io.raftengine.error.EntryCompactedException;
import io.raftengine.error.EntryNotFoundException;
import io.raftengine.error.RaftEngineException;
import io.raftengine.error.StorageException;
import java.lang.foreign.MemorySegment;

/**
 * Reads consecutive entries. Locations are taken a portion at a time, neighbours in one block are
 * read together, and no memory is set aside for entries that were not found yet. Safe for all
 * threads, each with a {@link ReadContext}.
 */
public final class RangeReader {
    /** Neighbours are read together up to this many bytes. */
    private static final long READ_TOGETHER_BYTES_MAX = 256 << 10;

    private final Memtables memtables;
    private final EntryReader reader;

    /**
     * A reader over the groups of one engine.
     *
     * @param memtables where entries are looked up
     * @param reader how they are read
     */
    public RangeReader(Memtables memtables, EntryReader reader) {
        this.memtables = memtables;
        this.reader = reader;
    }

    /** Sees one entry; the engine's public visitor in this package's words. */
    @FunctionalInterface
    public interface IndexedVisitor {
        /**
         * One entry.
         *
         * @param index its index
         * @param memory where it is
         * @param offset where it begins
         * @param bytes its length
         * @return true to go on
         */
        boolean visit(long index, MemorySegment memory, long offset, int bytes);
    }

    /**
     * Shows the entries of [begin, end).
     *
     * @param context the caller's context
     * @param groupId the group
     * @param begin first index
     * @param end index behind the last
     * @param bytesMax most bytes to show; the first entry always is
     * @param visitor sees the entries
     * @return how many it saw
     * @throws EntryCompactedException begin is below the first entry
     * @throws EntryNotFoundException there are no entries, or end is beyond the last
     * @throws StorageException a file could not be read
     */
    public long fetch(
            ReadContext context,
            long groupId,
            long begin,
            long end,
            long bytesMax,
            IndexedVisitor visitor) {
        if (Long.compareUnsigned(end, begin) <= 0) {
            return 0;
        }
        EntryCursor cursor = context.entryCursor();
        long next = begin;
        long bytes = 0;
        boolean retried = false;
        while (next != end) {
            int found = memtables.locateRange(groupId, next, end, cursor, context.location);
            if (found != Memtables.RANGE_FOUND) {
                if (found == Memtables.RANGE_NO_GROUP) {
                    return next - begin;
                }
                throw outside(groupId, next, end, cursor);
            }
            int i = 0;
            while (i < cursor.count()) {
                int behind = readTogether(cursor, i);
                cursor.getSpan(i, behind, context.location);
                boolean read;
                try {
                    read = reader.readLocated(context.location, context);
                } catch (StorageException failed) {
                    if (retried) {
                        throw failed;
                    }
                    retried = true;
                    read = false;
                }
                if (!read) {
                    // Moved by a purge, or to be tried once more: look up afresh from here.
                    break;
                }
                int base = cursor.entryStart(i);
                for (; i < behind; i++) {
                    int length = cursor.entryLength(i);
                    bytes += length;
                    if (bytes > bytesMax && next != begin) {
                        return next - begin;
                    }
                    long offset = context.resultOffset() + cursor.entryStart(i) - base;
                    boolean goOn = visitor.visit(next, context.resultMemory(), offset, length);
                    next++;
                    if (!goOn) {
                        return next - begin;
                    }
                }
            }
        }
        return next - begin;
    }

    /** How far the entries from {@code i} on lie one behind the other in one block. */
    private static int readTogether(EntryCursor cursor, int i) {
        int behind = i + 1;
        long bytes = cursor.entryLength(i);
        while (behind < cursor.count()
                && cursor.sameBlock(i, behind)
                && bytes + cursor.entryLength(behind) <= READ_TOGETHER_BYTES_MAX
                && cursor.entryStart(behind)
                        == cursor.entryStart(behind - 1) + cursor.entryLength(behind - 1)) {
            bytes += cursor.entryLength(behind);
            behind++;
        }
        return behind;
    }

    private static RaftEngineException outside(
            long groupId, long begin, long end, EntryCursor cursor) {
        long first = cursor.groupFirst();
        long behind = cursor.groupEnd();
        String group = "group " + Long.toUnsignedString(groupId);
        if (first == behind) {
            return new EntryNotFoundException(group + " has no entries");
        }
        if (Long.compareUnsigned(begin, first) < 0) {
            return new EntryCompactedException(
                    group
                            + ": entry "
                            + Long.toUnsignedString(begin)
                            + " was compacted away; the first is "
                            + Long.toUnsignedString(first));
        }
        return new EntryNotFoundException(
                group
                        + ": entries up to "
                        + Long.toUnsignedString(end)
                        + " are wanted; the last is "
                        + Long.toUnsignedString(behind - 1));
    }
}
