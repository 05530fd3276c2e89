package io.raftengine.log.segment;

import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicReference;

/**
 * The purged segment of a queue, one at most, that has its reserved name already while a power cut
 * could still give it its old one back. Safe for all threads.
 *
 * <p>Why it is left so: making a name durable is a commit of the file system's journal, and whoever
 * syncs meanwhile waits for it. The next rotation syncs the directory in any case. Until then the
 * segment is one that the log can do without and that may come back whole, so
 *
 * <ul>
 *   <li>no other name is removed, in neither queue: what removes it, or keeps it removed, may be in
 *       there;
 *   <li>its bytes are neither overwritten nor cut.
 * </ul>
 */
final class PendingRemoval {
    private final AtomicReference<Path> reserve = new AtomicReference<>();

    /** A segment was renamed to this reserved name. */
    void begin(Path reserved) {
        boolean only = reserve.compareAndSet(null, reserved);
        assert only : "two removals at once: " + reserve.get() + " and " + reserved;
    }

    /** The reserved name, or null where all removals are durable. */
    Path reserved() {
        return reserve.get();
    }

    /**
     * A sync of a directory succeeded.
     *
     * @param before {@link #reserved} as it was when the sync began
     */
    void synced(Path directory, Path before) {
        if (before != null && before.getParent().equals(directory)) {
            reserve.compareAndSet(before, null);
        }
    }
}
