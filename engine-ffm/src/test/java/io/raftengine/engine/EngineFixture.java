package io.raftengine.engine;

import io.raftengine.log.format.QueueKind;
import io.raftengine.log.format.SegmentName;
import io.raftengine.testing.fs.FaultyFileSystem;
import io.raftengine.testing.fs.SimulatedFileSystem;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** An engine on a simulated disk whose calls can be disturbed; without background thread. */
final class EngineFixture implements AutoCloseable {
    static final Path DIR = WorkloadRun.DIR;

    final SimulatedFileSystem disk;
    final FaultyFileSystem fs;
    EngineConfig config;
    List<EngineListener> listeners = List.of();
    EngineClockwork clockwork = new EngineClockwork(System::nanoTime, false);
    EngineLog log = new EngineLog();
    RaftEngine engine;

    /** What the open engine is made of. */
    EngineOpener parts;

    EngineFixture() {
        this(WorkloadRun.config(DIR).targetFileSizeBytes(1 << 20).purgeThresholdBytes(8 << 20));
    }

    EngineFixture(EngineConfig.Builder config) {
        this(new SimulatedFileSystem(1), config.build());
    }

    private EngineFixture(SimulatedFileSystem disk, EngineConfig config) {
        this(disk, new FaultyFileSystem(disk), config);
    }

    private EngineFixture(SimulatedFileSystem disk, FaultyFileSystem fs, EngineConfig config) {
        this.disk = disk;
        this.fs = fs;
        this.config = config;
    }

    /** Another directory on the same disk, not open yet. */
    EngineFixture at(Path dir) {
        return new EngineFixture(disk, fs, WorkloadRun.config(dir).build());
    }

    /** The same directory after a power cut now, not open yet. */
    EngineFixture afterPowerCut(long seed) {
        return new EngineFixture(disk.crashImage(seed), config);
    }

    EngineFixture open() {
        parts = new EngineOpener(config, fs, listeners, false, clockwork, log);
        engine = RaftEngine.open(config, parts);
        return this;
    }

    void reopen() {
        engine.close();
        open();
    }

    /**
     * The process dies. Its memory is given back by closing what is no engine of this disk any
     * more.
     */
    void kill() {
        disk.killProcess();
        closeDead();
        open();
    }

    private void closeDead() {
        try {
            engine.close();
        } catch (RuntimeException deadHandles) {
            // Expected: all handles died with the process.
        }
    }

    void append(long group, long first, int count, boolean sync) {
        try (LogBatch batch = engine.newBatch()) {
            for (int i = 0; i < count; i++) {
                batch.addEntry(group, first + i, entry(group, first + i));
            }
            write(batch, sync);
        }
    }

    void put(long group, String key, String value, boolean sync) {
        try (LogBatch batch = engine.newBatch()) {
            batch.put(group, bytes(key), bytes(value));
            write(batch, sync);
        }
    }

    void write(LogBatch batch, boolean sync) {
        engine.write(batch, sync ? Durability.SYNC : Durability.BUFFERED);
    }

    /** Whether exactly the entries [first, last] are there, with their right bytes. */
    boolean holds(long group, long first, long last) {
        if (engine.firstIndex(group) != first || engine.lastIndex(group) != last) {
            return false;
        }
        for (long i = first; i <= last; i++) {
            if (!Arrays.equals(entry(group, i), engine.getEntry(group, i))) {
                return false;
            }
        }
        return true;
    }

    String value(long group, String key) {
        byte[] value = engine.get(group, bytes(key));
        return value == null ? null : new String(value, StandardCharsets.UTF_8);
    }

    static byte[] entry(long group, long index) {
        return Workload.value(group, index, 40 + (int) (index % 7));
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    Path segment(long seq) {
        return DIR.resolve(SegmentName.segment(QueueKind.APPEND, seq));
    }

    /** Length of the active segment's file. */
    int length(long seq) {
        return disk.contents(segment(seq)).length;
    }

    @Override
    public void close() {
        if (engine != null) {
            fs.clearRules();
            closeDead();
            engine.budget().assertAllReleased();
        }
    }
}
