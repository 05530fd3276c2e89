package io.raftengine.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftengine.engine.Durability;
import io.raftengine.engine.EngineConfig;
import io.raftengine.engine.LogBatch;
import io.raftengine.engine.RaftEngine;
import io.raftengine.error.StorageException;
import io.raftengine.log.io.FileSystem;
import io.raftengine.testing.fs.Fault;
import io.raftengine.testing.fs.FaultRule;
import io.raftengine.testing.fs.FaultyFileSystem;
import io.raftengine.testing.fs.Operation;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * An engine whose next segment cannot be made (P1, D14): found by killing engines in the middle of
 * a rotation.
 */
class FailedRotationIT {
    @TempDir Path dir;

    private final FaultyFileSystem files = new FaultyFileSystem(FileSystem.local());

    @Test
    void closesAndKeepsEverythingWhenTheNextSegmentCouldNotBeMade() {
        try (RaftEngine engine = open()) {
            put(engine, 1);
            FaultRule disk = noNewFiles();
            assertThatThrownBy(() -> put(engine, 2)).isInstanceOf(StorageException.class);
            assertThat(disk.fired()).isPositive();
        }
        assertThat(files.openHandles()).isZero();
        files.clearRules();
        try (RaftEngine engine = open()) {
            assertThat(engine.get(1, key(1))).isEqualTo(new byte[2000]);
            assertThat(engine.get(1, key(2))).isNull();
        }
    }

    @Test
    void goesOnAsSoonAsSegmentsCanBeMadeAgain() {
        try (RaftEngine engine = open()) {
            put(engine, 1);
            FaultRule disk = noNewFiles();
            assertThatThrownBy(() -> put(engine, 2)).isInstanceOf(StorageException.class);
            disk.remove();
            put(engine, 2);
        }
        try (RaftEngine engine = open()) {
            assertThat(engine.get(1, key(1))).isEqualTo(new byte[2000]);
            assertThat(engine.get(1, key(2))).isEqualTo(new byte[2000]);
        }
    }

    private FaultRule noNewFiles() {
        return files.on(Operation.CREATE, Operation.RENAME).inject(Fault.error());
    }

    private RaftEngine open() {
        EngineConfig config =
                EngineConfig.builder(dir)
                        .set("target-file-size", "1KiB")
                        .set("purge-threshold", "1MiB")
                        .build();
        return RaftEngine.open(config, files, List.of());
    }

    private static void put(RaftEngine engine, int n) {
        try (LogBatch batch = engine.newBatch()) {
            batch.put(1, key(n), new byte[2000]);
            engine.write(batch, Durability.SYNC);
        }
    }

    private static byte[] key(int n) {
        return new byte[] {(byte) n};
    }
}
