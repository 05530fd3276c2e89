package io.raftengine.tools;

import io.raftengine.error.BatchFullException;
import io.raftengine.error.ClosedException;
import io.raftengine.error.ConfigException;
import io.raftengine.error.CorruptionException;
import io.raftengine.error.EntryCompactedException;
import io.raftengine.error.EntryNotFoundException;
import io.raftengine.error.InvalidArgumentException;
import io.raftengine.error.LockedException;
import io.raftengine.error.MemoryLimitException;
import io.raftengine.error.OutOfSpaceException;
import io.raftengine.error.PoisonedException;
import io.raftengine.error.RaftEngineException;
import io.raftengine.error.StorageException;
import io.raftengine.error.UnsupportedFeatureException;

/** The words by which programs tell errors apart in the output of the tools (decision D26). */
public final class ErrorClass {
    /** An expected state was not found; the tools' own class. */
    public static final String MISMATCH = "Mismatch";

    private ErrorClass() {}

    /**
     * The word for an error of the engine.
     *
     * @param error the error
     * @return its class
     */
    public static String of(RaftEngineException error) {
        return switch (error) {
            case InvalidArgumentException e -> "InvalidArgument";
            case ClosedException e -> "InvalidArgument";
            case CorruptionException e -> "Corruption";
            case StorageException e -> "Io";
            case BatchFullException e -> "Full";
            case MemoryLimitException e -> "Full";
            case OutOfSpaceException e -> "TryAgain";
            case EntryCompactedException e -> "EntryCompacted";
            case EntryNotFoundException e -> "EntryNotFound";
            case PoisonedException e -> "Poisoned";
            case LockedException e -> "Locked";
            case ConfigException e -> "Config";
            case UnsupportedFeatureException e -> "Unsupported";
        };
    }
}
