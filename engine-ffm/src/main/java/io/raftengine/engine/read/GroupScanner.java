package io.raftengine.engine.read;

import io.raftengine.engine.memtable.KeyCursor;
import io.raftengine.engine.memtable.Memtables;
import java.lang.foreign.MemorySegment;

/**
 * Shows the key-values of a group to a visitor. Safe for all threads, each with a {@link
 * ReadContext} of its own.
 */
public final class GroupScanner {
    private final Memtables memtables;

    /**
     * A scanner over the groups of one engine.
     *
     * @param memtables where the groups are
     */
    public GroupScanner(Memtables memtables) {
        this.memtables = memtables;
    }

    /** Sees one pair; the engine's public visitor in this package's words. */
    @FunctionalInterface
    public interface PairVisitor {
        /**
         * One pair.
         *
         * @param memory where both are
         * @param keyOffset where the key begins
         * @param keyBytes its length
         * @param valueOffset where the value begins
         * @param valueBytes its length
         * @return true to go on
         */
        boolean visit(
                MemorySegment memory,
                long keyOffset,
                int keyBytes,
                long valueOffset,
                int valueBytes);
    }

    /**
     * Shows the pairs of a range.
     *
     * @param context the caller's context
     * @param groupId the group
     * @param start least key, or null
     * @param end bound above, or null
     * @param descending from the greatest key down
     * @param visitor sees the pairs
     * @return how many it saw
     */
    public long scan(
            ReadContext context,
            long groupId,
            byte[] start,
            byte[] end,
            boolean descending,
            PairVisitor visitor) {
        KeyCursor cursor = context.keyCursor(memtables);
        cursor.open(groupId, start, end, descending);
        long seen = 0;
        while (cursor.next()) {
            seen++;
            MemorySegment memory = context.view(cursor);
            long keyOffset = cursor.keyAddress() - memory.address();
            long valueOffset = cursor.valueAddress() - memory.address();
            if (!visitor.visit(
                    memory, keyOffset, cursor.keyLength(), valueOffset, cursor.valueLength())) {
                break;
            }
        }
        return seen;
    }
}
