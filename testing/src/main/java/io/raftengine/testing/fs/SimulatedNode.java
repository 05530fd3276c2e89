package io.raftengine.testing.fs;

import java.util.TreeMap;

/** What a name can stand for on the simulated disk. Guarded by the file system's lock. */
abstract sealed class SimulatedNode {
    /** Inode number. */
    final long id;

    /** Logical time of the last change of the content. */
    long modifiedTick;

    SimulatedNode(long id, long modifiedTick) {
        this.id = id;
        this.modifiedTick = modifiedTick;
    }

    /** A regular file. */
    static final class File extends SimulatedNode {
        final FileContent content;

        /** Names it has, in the view of running programs. */
        int links;

        /** Handles that are open; without names and handles its space is free. */
        int handles;

        File(long id, long modifiedTick, FileContent content) {
            super(id, modifiedTick);
            this.content = content;
        }
    }

    /**
     * A directory: what programs see, and what is on the platter. The difference is in the list of
     * name changes.
     */
    static final class Directory extends SimulatedNode {
        final TreeMap<String, SimulatedNode> names = new TreeMap<>();
        final TreeMap<String, SimulatedNode> platterNames = new TreeMap<>();

        Directory(long id, long modifiedTick) {
            super(id, modifiedTick);
        }
    }

    /** A symbolic link. */
    static final class Link extends SimulatedNode {
        final String target;

        Link(long id, long modifiedTick, String target) {
            super(id, modifiedTick);
            this.target = target;
        }
    }
}
