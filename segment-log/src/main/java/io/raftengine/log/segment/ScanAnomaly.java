package io.raftengine.log.segment;

import java.util.List;
import java.util.Objects;

/**
 * Something odd about the numbering of a queue's files, with the names of all files it sets aside.
 * Immutable.
 *
 * @param kind what it is
 * @param message one line for people, naming numbers and files
 * @param dropped the files that are ignored because of it: never renamed, reused or deleted by an
 *     open (D4)
 */
public record ScanAnomaly(Kind kind, String message, List<SegmentFile> dropped) {

    /** Kinds of anomalies. */
    public enum Kind {
        /** A number is missing: all files below the hole are ignored. */
        HOLE,
        /**
         * A number occurs twice: the later copy survives (spill directory over main), all before it
         * are ignored.
         */
        DUPLICATE
    }

    /** Keeps the list from changing. */
    public ScanAnomaly {
        Objects.requireNonNull(kind, "kind");
        Objects.requireNonNull(message, "message");
        dropped = List.copyOf(dropped);
    }
}
