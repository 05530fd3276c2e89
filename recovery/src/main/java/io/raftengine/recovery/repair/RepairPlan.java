package io.raftengine.recovery.repair;

import io.raftengine.recovery.RecoveryReport;
import java.util.List;

/**
 * What a repair does, known before anything is written. Usable while its {@link Repair} is open.
 */
public final class RepairPlan {
    /** Receives the groups of the result. */
    @FunctionalInterface
    public interface GroupVisitor {
        /**
         * A group that will exist.
         *
         * @param group its id
         * @param firstIndex index of its first entry; meaningless if there are none
         * @param entries how many entries it will hold
         */
        void group(long group, long firstIndex, long entries);
    }

    private final RecoveryReport report;
    private final List<GroupChange> changes;
    private final List<Undecided> undecided;
    private final GroupStates states;
    private final long unreadableBlocks;

    RepairPlan(
            RecoveryReport report,
            List<GroupChange> changes,
            List<Undecided> undecided,
            GroupStates states,
            long unreadableBlocks) {
        this.report = report;
        this.changes = List.copyOf(changes);
        this.undecided = List.copyOf(undecided);
        this.states = states;
        this.unreadableBlocks = unreadableBlocks;
    }

    /**
     * What was read, and which bytes are left out as damaged.
     *
     * @return the report of a recovery that tolerates any corruption
     */
    public RecoveryReport report() {
        return report;
    }

    /**
     * What becomes of entries that were read, or whose block could not be.
     *
     * @return one line per group and kind of change, groups in unsigned order
     */
    public List<GroupChange> changes() {
        return changes;
    }

    /**
     * Holes that no rule decides; with one of them nothing can be written.
     *
     * @return the first of each group, of at most 100 groups
     */
    public List<Undecided> undecided() {
        return undecided;
    }

    /**
     * Entries blocks that cannot be read.
     *
     * @return how many, behind no other damage of their segment
     */
    public long unreadableBlocks() {
        return unreadableBlocks;
    }

    /**
     * Visits the groups that the result will hold, in no particular order.
     *
     * @param visitor called for each
     */
    public void forEachGroup(GroupVisitor visitor) {
        states.forEach((group, first, end) -> visitor.group(group, first, end - first));
    }
}
