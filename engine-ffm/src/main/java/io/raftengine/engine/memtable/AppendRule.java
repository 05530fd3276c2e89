package io.raftengine.engine.memtable;

/**
 * How an append relates to what a group holds. Every index is an unsigned 64-bit number.
 *
 * <pre>
 *   existing entries [first, end)      live append      append-queue replay        rewrite-queue replay
 *   none                               accept           accept                     accept
 *   index == end                       append           append                     append
 *   first &lt;= index &lt; end               drop from index  drop from index            drop from index
 *   index &gt; end        (hole)          refuse (D11)     only rewritten ones exist: drop all
 *                                                       drop all; else corruption
 *   index &lt; first                      refuse (D11)     drop all                   drop all
 * </pre>
 */
final class AppendRule {
    static final int EMPTY = 0;
    static final int CONTIGUOUS = 1;
    static final int OVERWRITE = 2;
    static final int HOLE = 3;
    static final int BELOW_FIRST = 4;

    private AppendRule() {}

    static int classify(long first, long end, long index) {
        if (index == end) {
            return first == end ? EMPTY : CONTIGUOUS;
        }
        if (first == end) {
            return EMPTY;
        }
        if (Long.compareUnsigned(index, end) > 0) {
            return HOLE;
        }
        return Long.compareUnsigned(index, first) < 0 ? BELOW_FIRST : OVERWRITE;
    }
}
