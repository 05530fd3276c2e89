package io.raftengine.recovery;

import static io.raftengine.recovery.DamageTable.Decision.CUT;
import static io.raftengine.recovery.DamageTable.Decision.CUT_KEEPING_BYTES;
import static io.raftengine.recovery.DamageTable.Decision.EMPTY;
import static io.raftengine.recovery.DamageTable.Decision.EMPTY_KEEPING_BYTES;
import static io.raftengine.recovery.DamageTable.Decision.REFUSE;
import static io.raftengine.recovery.DamageTable.Decision.REPLAY;
import static io.raftengine.recovery.RecoveryMode.ABSOLUTE_CONSISTENCY;
import static io.raftengine.recovery.RecoveryMode.TOLERATE_ANY_CORRUPTION;
import static io.raftengine.recovery.RecoveryMode.TOLERATE_TAIL_CORRUPTION;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * What becomes of a segment, as a pure function of what was found in it. Every combination of
 * inputs has exactly one row; a test walks them all. "p" is the offset of the first damaged
 * structure.
 *
 * <pre>
 *  place  | mode     | finding        | promise    | tail        | behind header | decision
 *  -------+----------+----------------+------------+-------------+---------------+---------------------
 *  any    | any      | whole          | -          | -           | -             | replay
 *  sealed | abs tail | any damage     | -          | -           | -             | refuse          (a)
 *  sealed | any      | any but header | -          | -           | -             | cut keeping bytes
 *  sealed | any      | header         | -          | -           | -             | empty keeping bytes
 *  last   | abs tail | batch, entries | beyond p   | -           | -             | refuse          (b)
 *  last   | any      | batch, entries | beyond p   | -           | -             | cut keeping bytes
 *  last   | tail any | batch, entries | none, below| -           | -             | cut             (c)
 *  last   | abs      | batch, entries | below p    | -           | -             | cut             (d)
 *  last   | abs      | batch, entries | none       | explained   | -             | cut             (d)
 *  last   | abs      | batch, entries | none       | unexplained | -             | refuse          (d)
 *  last   | abs tail | items          | -          | -           | -             | refuse          (g)
 *  last   | any      | items          | -          | -           | -             | cut keeping bytes
 *  last   | abs tail | header         | -          | -           | whole batch   | refuse          (e)
 *  last   | any      | header         | -          | -           | whole batch   | empty keeping bytes
 *  last   | tail any | header         | -          | -           | later batches | empty keeping bytes
 *  last   | tail any | header         | -          | -           | no batch      | empty           (e)
 *  last   | abs      | header         | -          | zeros       | no batch      | empty           (f)
 *  last   | abs      | header         | -          | not zeros   | no batch      | refuse          (f)
 *  last   | abs      | header         | -          | -           | later batches | refuse          (f)
 * </pre>
 *
 * <ul>
 *   <li>(a) it was cut and synced before its successor existed, so whatever is wrong now was right
 *       once;
 *   <li>(b) D1: a later watermark says the bytes at p were on disk: rot, never a torn tail;
 *   <li>(c) D1: a torn tail, or a file without watermarks, where nothing better can be known;
 *   <li>(d) D2: watermarks decide where there are any; else the tail must be of a shape that a
 *       crash leaves;
 *   <li>(e) D5: a whole batch right behind the header shows that the header was complete once;
 *   <li>(f) D2 applied at offset 0: an empty file, or one of zeros, is what a crash during creation
 *       leaves;
 *   <li>(g) D8: the checksum is right, so this is how the batch was written: neither torn nor for
 *       us to interpret.
 * </ul>
 */
final class DamageTable {
    /** Where the segment stands in its queue. */
    enum Place {
        /** Has a successor. */
        SEALED,
        /** Has the highest number. */
        LAST
    }

    /** The first thing wrong with the segment. */
    enum Finding {
        /** Whole batches up to the physical end. */
        WHOLE,
        /** No whole batch at p. */
        BROKEN_BATCH,
        /**
         * A whole item section at p, but its entries do not match their checksum, and that matters
         * (D3).
         */
        BAD_ENTRIES,
        /** The checksum at p is right, but the items are none (D8). */
        BAD_ITEMS,
        /** The segment header is short or damaged. */
        BAD_HEADER
    }

    /** What the synced watermarks of the segment say about p. */
    enum Promise {
        /** The segment carries no watermark. */
        NONE,
        /** It does, none of them beyond p. */
        BELOW,
        /** One lies beyond p: the bytes at p were synced. */
        BEYOND
    }

    /** What the bytes from p to the physical end look like (D2); only absolute-consistency asks. */
    enum Tail {
        /** Nothing but zeros, or nothing at all: preallocated space. */
        ZEROS,
        /**
         * V2: no batch of this segment begins there: recycled content, or the remains of one torn
         * write.
         */
        STALE,
        /** The beginning of one batch that the physical end cuts off. */
        PREFIX,
        /** Anything else. */
        UNEXPLAINED
    }

    /** What follows a damaged segment header. */
    enum BehindHeader {
        /** No whole batch. */
        NO_BATCH,
        /** Not right behind it, but further on: header and first batch went together. */
        LATER_BATCHES,
        /** A whole batch, valid for this segment. */
        WHOLE_BATCH
    }

    /** What becomes of the segment. */
    enum Decision {
        /** Everything in it counts. */
        REPLAY,
        /** Cut at p, sync, report. */
        CUT,
        /** Copy the bytes from p on into a side file, then cut, sync, report. */
        CUT_KEEPING_BYTES,
        /** Cut to nothing; a new header is written before its next batch. */
        EMPTY,
        /** Copy everything into a side file, then cut to nothing. */
        EMPTY_KEEPING_BYTES,
        /** The open fails with a corruption error; nothing is changed on disk. */
        REFUSE
    }

    /** One row: a set of accepted values per input, and the decision. */
    record Row(
            Set<Place> places,
            Set<RecoveryMode> modes,
            Set<Finding> findings,
            Set<Promise> promises,
            Set<Tail> tails,
            Set<BehindHeader> behind,
            Decision decision) {
        boolean matches(Inputs in) {
            return places.contains(in.place)
                    && modes.contains(in.mode)
                    && findings.contains(in.finding)
                    && promises.contains(in.promise)
                    && tails.contains(in.tail)
                    && behind.contains(in.behind);
        }
    }

    /** One combination of inputs. */
    record Inputs(
            Place place,
            RecoveryMode mode,
            Finding finding,
            Promise promise,
            Tail tail,
            BehindHeader behind) {}

    private static final Set<Place> ANY_PLACE = EnumSet.allOf(Place.class);
    private static final Set<Place> SEALED = EnumSet.of(Place.SEALED);
    private static final Set<Place> LAST = EnumSet.of(Place.LAST);
    private static final Set<RecoveryMode> ANY_MODE = EnumSet.allOf(RecoveryMode.class);
    private static final Set<RecoveryMode> ABS = EnumSet.of(ABSOLUTE_CONSISTENCY);
    private static final Set<RecoveryMode> ABS_TAIL =
            EnumSet.of(ABSOLUTE_CONSISTENCY, TOLERATE_TAIL_CORRUPTION);
    private static final Set<RecoveryMode> RESCUE = EnumSet.of(TOLERATE_ANY_CORRUPTION);
    private static final Set<RecoveryMode> TAIL_RESCUE =
            EnumSet.of(TOLERATE_TAIL_CORRUPTION, TOLERATE_ANY_CORRUPTION);
    private static final Set<Finding> WHOLE = EnumSet.of(Finding.WHOLE);
    private static final Set<Finding> DAMAGE = EnumSet.complementOf(EnumSet.of(Finding.WHOLE));
    private static final Set<Finding> BATCH = EnumSet.of(Finding.BROKEN_BATCH, Finding.BAD_ENTRIES);
    private static final Set<Finding> ITEMS = EnumSet.of(Finding.BAD_ITEMS);
    private static final Set<Finding> ANY_BATCH =
            EnumSet.of(Finding.BROKEN_BATCH, Finding.BAD_ENTRIES, Finding.BAD_ITEMS);
    private static final Set<Finding> HEADER = EnumSet.of(Finding.BAD_HEADER);
    private static final Set<Promise> ANY_PROMISE = EnumSet.allOf(Promise.class);
    private static final Set<Promise> BEYOND = EnumSet.of(Promise.BEYOND);
    private static final Set<Promise> NOT_BEYOND = EnumSet.of(Promise.NONE, Promise.BELOW);
    private static final Set<Promise> BELOW = EnumSet.of(Promise.BELOW);
    private static final Set<Promise> NO_PROMISE = EnumSet.of(Promise.NONE);
    private static final Set<Tail> ANY_TAIL = EnumSet.allOf(Tail.class);
    private static final Set<Tail> UNEXPLAINED = EnumSet.of(Tail.UNEXPLAINED);
    private static final Set<Tail> EXPLAINED = EnumSet.complementOf(EnumSet.of(Tail.UNEXPLAINED));
    private static final Set<Tail> ZEROS = EnumSet.of(Tail.ZEROS);
    private static final Set<Tail> NOT_ZEROS = EnumSet.complementOf(EnumSet.of(Tail.ZEROS));
    private static final Set<BehindHeader> ANYTHING = EnumSet.allOf(BehindHeader.class);
    private static final Set<BehindHeader> FOLLOWED = EnumSet.of(BehindHeader.WHOLE_BATCH);
    private static final Set<BehindHeader> LATER = EnumSet.of(BehindHeader.LATER_BATCHES);
    private static final Set<BehindHeader> ALONE = EnumSet.of(BehindHeader.NO_BATCH);

    /** The rows, in the order of the table above. */
    static final List<Row> ROWS =
            List.of(
                    new Row(ANY_PLACE, ANY_MODE, WHOLE, ANY_PROMISE, ANY_TAIL, ANYTHING, REPLAY),
                    new Row(SEALED, ABS_TAIL, DAMAGE, ANY_PROMISE, ANY_TAIL, ANYTHING, REFUSE),
                    new Row(
                            SEALED,
                            RESCUE,
                            ANY_BATCH,
                            ANY_PROMISE,
                            ANY_TAIL,
                            ANYTHING,
                            CUT_KEEPING_BYTES),
                    new Row(
                            SEALED,
                            RESCUE,
                            HEADER,
                            ANY_PROMISE,
                            ANY_TAIL,
                            ANYTHING,
                            EMPTY_KEEPING_BYTES),
                    new Row(LAST, ABS_TAIL, BATCH, BEYOND, ANY_TAIL, ANYTHING, REFUSE),
                    new Row(LAST, RESCUE, BATCH, BEYOND, ANY_TAIL, ANYTHING, CUT_KEEPING_BYTES),
                    new Row(LAST, TAIL_RESCUE, BATCH, NOT_BEYOND, ANY_TAIL, ANYTHING, CUT),
                    new Row(LAST, ABS, BATCH, BELOW, ANY_TAIL, ANYTHING, CUT),
                    new Row(LAST, ABS, BATCH, NO_PROMISE, EXPLAINED, ANYTHING, CUT),
                    new Row(LAST, ABS, BATCH, NO_PROMISE, UNEXPLAINED, ANYTHING, REFUSE),
                    new Row(LAST, ABS_TAIL, ITEMS, ANY_PROMISE, ANY_TAIL, ANYTHING, REFUSE),
                    new Row(
                            LAST,
                            RESCUE,
                            ITEMS,
                            ANY_PROMISE,
                            ANY_TAIL,
                            ANYTHING,
                            CUT_KEEPING_BYTES),
                    new Row(LAST, ABS_TAIL, HEADER, ANY_PROMISE, ANY_TAIL, FOLLOWED, REFUSE),
                    new Row(
                            LAST,
                            RESCUE,
                            HEADER,
                            ANY_PROMISE,
                            ANY_TAIL,
                            FOLLOWED,
                            EMPTY_KEEPING_BYTES),
                    new Row(
                            LAST,
                            TAIL_RESCUE,
                            HEADER,
                            ANY_PROMISE,
                            ANY_TAIL,
                            LATER,
                            EMPTY_KEEPING_BYTES),
                    new Row(LAST, TAIL_RESCUE, HEADER, ANY_PROMISE, ANY_TAIL, ALONE, EMPTY),
                    new Row(LAST, ABS, HEADER, ANY_PROMISE, ZEROS, ALONE, EMPTY),
                    new Row(LAST, ABS, HEADER, ANY_PROMISE, NOT_ZEROS, ALONE, REFUSE),
                    new Row(LAST, ABS, HEADER, ANY_PROMISE, ANY_TAIL, LATER, REFUSE));

    private DamageTable() {}

    /**
     * The decision.
     *
     * @param in what was found
     * @return what becomes of the segment
     */
    static Decision decide(Inputs in) {
        for (Row row : ROWS) {
            if (row.matches(in)) {
                return row.decision;
            }
        }
        throw new AssertionError("no row for " + in);
    }
}
