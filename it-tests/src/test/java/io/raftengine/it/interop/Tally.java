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
    final LongAdder forgotten = new LongAdder();

    @Override
    public String toString() {
        return scripts
                + " scripts, "
                + operations
                + " operations, "
                + refused
                + " refused as they must be, "
                + switches
                + " switches, "
                + kills
                + " kills ("
                + whole
                + " batches under way were whole, "
                + absent
                + " absent), the reference forgot "
                + forgotten
                + " times after purges";
    }
}
