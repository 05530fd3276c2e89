package io.raftengine.it.interop;

import io.raftengine.testing.model.Operation;
import java.nio.file.Path;

/** One of the two engines, with at most one directory open. One thread at a time. */
interface Contender extends AutoCloseable {
    /** What came of an operation. */
    record Outcome(String error, String message, Long removed) {
        static final Outcome DONE = new Outcome(null, null, null);

        boolean failed() {
            return error != null;
        }

        @Override
        public String toString() {
            return failed() ? error + ": " + message : "done";
        }
    }

    /** Ours or the real one. */
    String name();

    /** Opens a directory; fails the test if that fails. */
    void open(Path dir, Settings settings);

    /** Runs one operation; {@code reopen} is the caller's business. */
    Outcome run(Operation operation);

    /**
     * The state of the open engine, with entries: a list of groups in JSON, as {@code export}
     * prints them.
     */
    String state();

    /** Closes the open engine as it should be. */
    void shut();

    /** Leaves the directory as a kill would. */
    void abandon();

    /** The state of a closed directory, which is not changed. */
    String export(Path dir, Settings settings);

    /** Gives everything back. */
    @Override
    void close();
}
