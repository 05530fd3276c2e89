package io.raftengine.testing.fs;

import io.raftengine.testing.fs.SimulatedNode.Directory;
import java.util.Map;
import java.util.function.Function;

/**
 * A change of names that is not on the platter yet: a new name, a removed one, or both at once (a
 * rename, which lands as a whole or not at all). Guarded by the file system's lock.
 */
final class NameChange {
    private final Directory removedFrom;
    private final String removedName;
    private final Directory addedTo;
    private final String addedName;
    private final SimulatedNode node;
    private boolean removalSynced;
    private boolean additionSynced;

    private NameChange(
            Directory removedFrom,
            String removedName,
            Directory addedTo,
            String addedName,
            SimulatedNode node) {
        this.removedFrom = removedFrom;
        this.removedName = removedName;
        this.addedTo = addedTo;
        this.addedName = addedName;
        this.node = node;
        removalSynced = removedFrom == null;
        additionSynced = addedTo == null;
    }

    static NameChange added(Directory directory, String name, SimulatedNode node) {
        return new NameChange(null, null, directory, name, node);
    }

    static NameChange removed(Directory directory, String name, SimulatedNode node) {
        return new NameChange(directory, name, null, null, node);
    }

    static NameChange renamed(
            Directory source, String name, Directory target, String newName, SimulatedNode node) {
        return new NameChange(source, name, target, newName, node);
    }

    /** Notes that a directory was synced; returns whether all directories concerned now are. */
    boolean synced(Directory directory) {
        removalSynced |= directory == removedFrom;
        additionSynced |= directory == addedTo;
        return removalSynced && additionSynced;
    }

    /**
     * Applies the change to the names of the directories concerned, as {@code namesOf} has them.
     */
    void apply(Function<Directory, Map<String, SimulatedNode>> namesOf) {
        if (removedFrom != null) {
            // Only that node: with an earlier change missing, the name may still stand for another.
            namesOf.apply(removedFrom).remove(removedName, node);
        }
        if (addedTo != null) {
            namesOf.apply(addedTo).put(addedName, node);
        }
    }
}
