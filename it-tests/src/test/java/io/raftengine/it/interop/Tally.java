package io.raftengine.it.interop;

import java.util.concurrent.atomic.LongAdder;

/**
 * What a campaign has seen; a campaign that never killed anything has shown nothing about kills.
 */
final class Tally {
    final LongAdder scripts = new LongAdder();
    final LongAdder operations = new LongAdder();
    final LongAdder refused = new LongAdder();
    final LongAdder switches = new LongAdder();
    final LongAdder kills = new LongAdder();
    final LongAdder whole = new LongAdder();
    final LongAdder absent = new LongAdder();
    final LongAdder purges = new LongAdder();
    final LongAdder appendSegmentsDropped = new LongAdder();
    final LongAdder rewriteSegmentsDropped = new LongAdder();

    /** Opens of ours for which several threads replayed, each a part of its own. */
    final LongAdder splitOpens = new LongAdder();

    /** Times a purge of the reference lost a fact, or made it die. */
    final LongAdder forgotten = new LongAdder();

    /** Times the reference read wrongly what an earlier purge of its own had written. */
    final LongAdder misread = new LongAdder();

    /** Times the reference showed an overwritten tail that had been compacted away. */
    final LongAdder tailsBack = new LongAdder();

    @Override
    public String toString() {
        return scripts
                + " scripts, "
                + operations
                + " operations, "
                + refused
                + " refused as they must be, "
                + switches
                + " reopens, "
                + splitOpens
                + " opens with the log split, "
                + kills
                + " kills ("
                + whole
                + " batches under way were whole, "
                + absent
                + " absent), "
                + purges
                + " purges, rewrites and rotations of ours ("
                + appendSegmentsDropped
                + " append and "
                + rewriteSegmentsDropped
                + " rewrite segments dropped); the reference forgot "
                + forgotten
                + " times in purges of its own, and misread "
                + misread
                + " times what it had written in one, and showed a tail "
                + tailsBack
                + " times that had been overwritten and compacted away";
    }
}
