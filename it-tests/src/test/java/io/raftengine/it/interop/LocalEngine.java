package io.raftengine.it.interop;

import com.fasterxml.jackson.core.JsonGenerator;
import io.raftengine.engine.Durability;
import io.raftengine.engine.EngineConfig;
import io.raftengine.engine.LogBatch;
import io.raftengine.engine.PurgeResult;
import io.raftengine.engine.RaftEngine;
import io.raftengine.error.RaftEngineException;
import io.raftengine.log.format.QueueKind;
import io.raftengine.log.io.FileSystem;
import io.raftengine.proto.EntryCodec;
import io.raftengine.recovery.RecoveryReport;
import io.raftengine.testing.fs.Fault;
import io.raftengine.testing.fs.FaultyFileSystem;
import io.raftengine.testing.fs.SimulatedFileSystem;
import io.raftengine.testing.model.Item;
import io.raftengine.testing.model.Operation;
import io.raftengine.tools.ErrorClass;
import io.raftengine.tools.JsonLines;
import io.raftengine.tools.StateWriter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Our engine in this process, on a file system that can be switched off: at once, or in the middle
 * of a write.
 */
final class LocalEngine implements Contender {
    private static final int FRAMES_SHOWN = 8;
    private static final int ALIVE = 0;
    private static final int DYING = 1;
    private static final int DEAD = 2;

    private RaftEngine engine;
    private FaultyFileSystem files;
    private FileSystem disk;
    private final AtomicInteger life = new AtomicInteger();

    /** What all purges and rewrites dropped: a campaign in which it is nothing shows nothing. */
    long appendSegmentsDropped;

    long rewriteSegmentsDropped;

    /** Opens for which several threads replayed, each a part of its own. */
    long splitOpens;

    /** On the real disk. */
    LocalEngine() {
        this(FileSystem.local());
    }

    LocalEngine(FileSystem disk) {
        this.disk = disk;
    }

    @Override
    public String name() {
        return "ours";
    }

    @Override
    public void open(Path dir, Settings settings) {
        life.set(ALIVE);
        files = new FaultyFileSystem(disk);
        engine = RaftEngine.open(config(dir, settings), files, List.of());
        RecoveryReport report = engine.recoveryReport();
        splitOpens += report.threads() > 1 && report.partitions() > 1 ? 1 : 0;
    }

    private static EngineConfig config(Path dir, Settings settings) {
        EngineConfig.Builder builder = EngineConfig.builder(dir);
        for (Map.Entry<String, String> setting : settings.forOurs().entrySet()) {
            builder.set(setting.getKey(), setting.getValue());
        }
        return builder.build();
    }

    @Override
    public Outcome run(Operation operation) {
        try {
            return switch (operation) {
                case Operation.Write write -> write(write);
                case Operation.Sync sync -> {
                    engine.sync();
                    yield Outcome.DONE;
                }
                case Operation.CompactTo compact ->
                        new Outcome(null, null, engine.compactTo(compact.group(), compact.index()));
                case Operation.Purge purge -> done(engine.purgeExpiredFiles());
                case Operation.RewriteAppend rewrite -> {
                    long through = rewrite.through() == -1 ? Long.MAX_VALUE : rewrite.through();
                    yield done(engine.maintenance().rewriteAppend(through));
                }
                case Operation.RewriteRewrite rewrite ->
                        done(engine.maintenance().rewriteRewrite());
                case Operation.Rotate rotate -> {
                    engine.maintenance()
                            .rotate(rotate.rewriteQueue() ? QueueKind.REWRITE : QueueKind.APPEND);
                    yield Outcome.DONE;
                }
                default -> throw new IllegalArgumentException("not for our engine: " + operation);
            };
        } catch (RaftEngineException failure) {
            return new Outcome(ErrorClass.of(failure), withCauses(failure), null);
        }
    }

    private Outcome done(PurgeResult result) {
        appendSegmentsDropped += result.appendSegmentsDropped();
        rewriteSegmentsDropped += result.rewriteSegmentsDropped();
        return Outcome.DONE;
    }

    /** Poisoning is only the end of a story. */
    private static String withCauses(Throwable failure) {
        StringBuilder text = new StringBuilder(String.valueOf(failure.getMessage()));
        for (Throwable cause = failure.getCause(); cause != null; cause = cause.getCause()) {
            text.append("; because of ").append(cause);
            for (int i = 0; i < Math.min(FRAMES_SHOWN, cause.getStackTrace().length); i++) {
                text.append("\n    at ").append(cause.getStackTrace()[i]);
            }
        }
        return text.toString();
    }

    private Outcome write(Operation.Write write) {
        try (LogBatch batch = engine.newBatch()) {
            for (Item item : write.items()) {
                add(batch, item);
            }
            boolean empty = batch.isEmpty();
            long bytes = engine.write(batch, write.sync() ? Durability.SYNC : Durability.BUFFERED);
            if (empty != (bytes == 0)) {
                throw new AssertionError("a write of " + bytes + " bytes, empty: " + empty);
            }
            return Outcome.DONE;
        }
    }

    private static void add(LogBatch batch, Item item) {
        switch (item) {
            case Item.Append append -> {
                List<byte[]> messages = new ArrayList<>(append.data().size());
                long index = append.first();
                for (byte[] data : append.data()) {
                    messages.add(EntryCodec.toBytes(append.term(), index++, data));
                }
                batch.addEntries(append.group(), append.first(), messages);
            }
            case Item.Put put -> batch.put(put.group(), put.key(), put.value());
            case Item.Delete delete -> batch.delete(delete.group(), delete.key());
            case Item.Compact compact -> batch.compactTo(compact.group(), compact.index());
            case Item.Clean clean -> batch.clean(clean.group());
        }
    }

    @Override
    public String state() {
        return state(engine);
    }

    private static String state(RaftEngine engine) {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        try (JsonGenerator json = JsonLines.generator(text)) {
            new StateWriter(engine, true, false).writeList(json);
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
        return text.toString(StandardCharsets.UTF_8);
    }

    @Override
    public void shut() {
        RaftEngine closing = engine;
        engine = null;
        closing.close();
    }

    @Override
    public void abandon() {
        life.set(DEAD);
        nothingReachesTheDiskFrom(() -> life.get() == DEAD);
        shutDead();
    }

    /**
     * From now on the next write to a segment lands with its first bytes only, and nothing after it
     * reaches the disk.
     *
     * @param suffix ending of the segment's name: which queue it belongs to
     */
    void dieInNextWrite(String suffix, int bytes) {
        life.set(DYING);
        files.on(io.raftengine.testing.fs.Operation.WRITE)
                .onFiles(name -> name.endsWith(suffix))
                .where(call -> life.compareAndSet(DYING, DEAD))
                .inject(new Fault.ErrorAfterBytes(bytes, Fault.EIO));
        nothingReachesTheDiskFrom(() -> life.get() == DEAD);
    }

    /** From now on so many more changes reach the disk, and nothing after them. */
    void dieAfterChanges(int changes) {
        AtomicInteger left = new AtomicInteger(changes);
        nothingReachesTheDiskFrom(() -> {
            if (left.getAndDecrement() <= 0) {
                life.set(DEAD);
                return true;
            }
            return false;
        });
    }

    private void nothingReachesTheDiskFrom(java.util.function.BooleanSupplier dead) {
        files.on(
                        io.raftengine.testing.fs.Operation.WRITE,
                        io.raftengine.testing.fs.Operation.TRUNCATE,
                        io.raftengine.testing.fs.Operation.ALLOCATE,
                        io.raftengine.testing.fs.Operation.DELETE,
                        io.raftengine.testing.fs.Operation.RENAME)
                .where(call -> dead.getAsBoolean())
                .inject(new Fault.Skip());
        files.on(io.raftengine.testing.fs.Operation.CREATE)
                .where(call -> dead.getAsBoolean())
                .inject(Fault.error());
    }

    /**
     * Cuts the power once everything is synced: no more and no less may be there afterwards. On a
     * simulated disk only.
     */
    void syncAndCutPower(long seed) {
        engine.sync();
        SimulatedFileSystem after = ((SimulatedFileSystem) disk).crashImage(seed);
        abandon();
        disk = after;
    }

    boolean isDead() {
        return life.get() == DEAD;
    }

    private void shutDead() {
        try {
            shut();
        } catch (RaftEngineException deadDisk) {
            // It could not tidy up a disk that is gone; lock and memory are given back all the
            // same.
            engine = null;
        }
    }

    @Override
    public String export(Path dir, Settings settings) {
        try (RaftEngine reader = RaftEngine.openReadOnly(config(dir, settings), disk)) {
            return state(reader);
        }
    }

    @Override
    public void close() {
        if (engine != null) {
            shutDead();
        }
    }
}
