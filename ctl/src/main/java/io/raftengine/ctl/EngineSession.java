package io.raftengine.ctl;

import io.raftengine.engine.EngineConfig;
import io.raftengine.engine.RaftEngine;
import io.raftengine.error.RaftEngineException;
import io.raftengine.log.io.FileSystem;
import java.util.List;

/**
 * One directory and the engine open on it. After a reopen that failed, every use tries to open it
 * again.
 */
final class EngineSession implements AutoCloseable {
    private final EngineConfig config;
    private KillableFileSystem files;
    private RaftEngine engine;

    /** Opens the directory. */
    EngineSession(EngineConfig config) {
        this.config = config;
        engine();
    }

    RaftEngine engine() {
        if (engine == null) {
            files = new KillableFileSystem(FileSystem.local());
            engine = RaftEngine.open(config, files, List.of());
        }
        return engine;
    }

    void reopen() {
        close();
        engine();
    }

    /** Leaves the directory as a kill would, but gives back lock and memory. */
    void abandon() {
        if (engine != null) {
            files.kill();
            try {
                close();
            } catch (RaftEngineException deadEngine) {
                // It could not tidy up a disk that is gone; that is what was asked for.
                engine = null;
            }
        }
    }

    @Override
    public void close() {
        RaftEngine closing = engine;
        engine = null;
        if (closing != null) {
            closing.close();
        }
    }
}
