package io.raftengine.recovery.repair;

import java.nio.file.Path;

/** Convinces itself that a repaired directory is one that an engine opens and can read. */
@FunctionalInterface
public interface RepairProof {
    /** Takes the result as it is. */
    RepairProof NONE = (directory, plan) -> {};

    /**
     * Looks at the result, which is complete and synced, and has its name only after this returned.
     * It must leave the directory as it is.
     *
     * @param directory the result
     * @param plan what it is expected to hold
     * @throws io.raftengine.error.RaftEngineException it does not hold what it should; it is
     *     deleted then
     */
    void prove(Path directory, RepairPlan plan);
}
