package io.raftengine.ctl;

import io.raftengine.engine.EngineConfig;
import io.raftengine.engine.LogBatch;
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
    private LogBatch batch;

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

    /**
     * An empty batch of the open engine, the same one each time: its buffers are memory mappings,
     * which cost more to make than a small batch takes to write.
     */
    LogBatch emptyBatch() {
        RaftEngine owner = engine();
        if (batch == null) {
            batch = owner.newBatch();
        }
        batch.clear();
        return batch;
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
        if (batch != null) {
            batch.close();
            batch = null;
        }
        RaftEngine closing = engine;
        engine = null;
        if (closing != null) {
            closing.close();
        }
    }
}
