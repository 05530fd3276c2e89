package io.raftengine.engine;

import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import io.raftengine.allocator.MemoryBudget;
import io.raftengine.engine.commit.CommitPipeline;
import io.raftengine.engine.purge.PurgeManager;
import io.raftengine.engine.purge.PurgeOutcome;
import io.raftengine.engine.read.UseGate;
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
import io.raftengine.error.StorageException;
import io.raftengine.error.UnsupportedFeatureException;
import io.raftengine.log.format.BatchEncoder;
import io.raftengine.log.format.EncodedBatch;
import io.raftengine.log.format.QueueKind;
import io.raftengine.log.io.FileSystem;
import io.raftengine.recovery.RecoveryReport;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.LongConsumer;

/**
 * An embedded, log-structured store for the logs of many Raft groups.
 *
 * <p>Each group, named by any 64-bit number, has a contiguous range of entries and a set of
 * key-values. Batches of changes to any number of groups are written atomically; what was written
 * is found again after a crash, and nothing that was refused ever is. Directories are
 * interchangeable with those of tikv/raft-engine.
 *
 * <p><b>Threads.</b> Every method may be called by any thread, platform or virtual, at any time;
 * writes of many threads are grouped into one write and one sync. Batches of the same group written
 * by several threads at once take effect in the order in which they were taken up, which the
 * callers cannot see beforehand: let one thread at a time write a group.
 *
 * <p><b>Durability.</b> A {@linkplain Durability#BUFFERED buffered} write survives the death of the
 * process, a {@linkplain Durability#SYNC synced} one a power cut. After a failed sync the engine is
 * poisoned: reads go on, writes throw {@link PoisonedException} until the directory is opened
 * again, which decides about the batches in question, each as a whole. So it is when a caller runs
 * out of stack while it writes for all that wait with it; if that was in the middle of changing the
 * index, reads throw as well.
 *
 * <p><b>Memory.</b> Indexes and buffers are off-heap and counted against {@link
 * EngineConfig#memoryLimitBytes()}. Over it, a write is refused with {@link MemoryLimitException}
 * before anything is written. So is a read, a scan or a compaction that finds no room for its
 * buffers. What is kept for faster reads is given back first.
 *
 * <p><b>Errors.</b> All are of {@code io.raftengine.error}, and say by {@code advice()} what to do.
 * Every method that reads or writes throws {@link ClosedException} once the engine is closed.
 */
public final class RaftEngine implements AutoCloseable {
    /**
     * What {@link #firstIndex} and {@link #lastIndex} return for a group without entries; never a
     * valid index.
     */
    public static final long NO_INDEX = -1L;

    /** What {@link #get(long, byte[], byte[], int)} returns for a key that is not there. */
    public static final int NO_VALUE = -1;

    private final EngineConfig config;
    private final EngineOpener parts;
    private final CommitPipeline pipeline;
    private final CompactionBatches compactions;
    private final UseGate gate = new UseGate();
    private final EngineReads reads;
    private final Object closeLock = new Object();

    /** Guarded by closeLock. */
    private boolean closed;

    private RaftEngine(EngineConfig config, EngineOpener opened) {
        this.config = config;
        this.parts = opened;
        this.pipeline = opened.pipeline;
        this.compactions = opened.compactions;
        this.reads = new EngineReads(gate, opened.memtables, opened.entryReader, opened.contexts);
    }

    /**
     * Opens a directory, made if it is missing, and recovers what it holds. Blocks for as long as
     * that takes.
     *
     * @param config how to open it
     * @return an open engine, to be closed by the caller
     * @throws LockedException another engine has it open
     * @throws CorruptionException the files are damaged beyond what the recovery mode puts up with;
     *     nothing was changed
     * @throws StorageException the system refused an operation, such as a directory that is a file
     * @throws OutOfSpaceException no space for a first segment
     * @throws MemoryLimitException the index does not fit the memory limit
     * @throws ConfigException the configuration has no directory
     * @throws UnsupportedFeatureException the platform or file system cannot keep the promises
     */
    public static RaftEngine open(EngineConfig config) {
        return open(config, FileSystem.local(), List.of());
    }

    /**
     * Opens a directory with listeners and on a given file system.
     *
     * @param config how to open it
     * @param fileSystem where the directory is
     * @param listeners told about segments and batches, in this order
     * @return an open engine, to be closed by the caller
     * @throws LockedException another engine has it open
     * @throws CorruptionException as in {@link #open(EngineConfig)}
     * @throws StorageException as in {@link #open(EngineConfig)}
     */
    public static RaftEngine open(
            EngineConfig config, FileSystem fileSystem, List<EngineListener> listeners) {
        return open(config, fileSystem, listeners, false, EngineClockwork.REAL);
    }

    /**
     * Opens a directory to look at it, changing nothing on disk: recovery takes the same decisions
     * and cuts nothing. The lock is shared with other readers and taken only if there is a lock
     * file. Writes are refused.
     *
     * @param config how to open it
     * @return an open engine that cannot write
     * @throws LockedException an engine has it open for writing
     * @throws CorruptionException as in {@link #open(EngineConfig)}
     * @throws StorageException as in {@link #open(EngineConfig)}, or the directory does not exist
     */
    public static RaftEngine openReadOnly(EngineConfig config) {
        return openReadOnly(config, FileSystem.local());
    }

    /**
     * Opens a directory on a given file system to look at it.
     *
     * @param config how to open it
     * @param fileSystem where the directory is
     * @return an open engine that cannot write
     * @throws LockedException an engine has it open for writing
     * @throws CorruptionException as in {@link #open(EngineConfig)}
     */
    public static RaftEngine openReadOnly(EngineConfig config, FileSystem fileSystem) {
        return open(config, fileSystem, List.of(), true, EngineClockwork.REAL);
    }

    static RaftEngine open(
            EngineConfig config,
            FileSystem fileSystem,
            List<EngineListener> listeners,
            boolean readOnly,
            EngineClockwork clockwork) {
        config.demandDir();
        EngineOpener opener =
                new EngineOpener(config, fileSystem, List.copyOf(listeners), readOnly, clockwork);
        return open(config, opener);
    }

    /**
     * The last step; apart from the others so that a test can ask a failed opener what it still
     * holds.
     */
    static RaftEngine open(EngineConfig config, EngineOpener opener) {
        return opener.open(() -> new RaftEngine(config, opener));
    }

    // ---- writing
    // ---------------------------------------------------------------------------------

    /**
     * Makes an empty batch whose memory counts against this engine's limit. Close it when it is no
     * longer needed.
     *
     * @return a batch for one thread at a time
     * @throws MemoryLimitException no room for its first buffers
     */
    public LogBatch newBatch() {
        int ticket = gate.enter();
        try {
            return new LogBatch(parts.budget);
        } finally {
            gate.leave(ticket);
        }
    }

    /**
     * Writes a batch and empties it. Returns once the batch is visible to all readers, and with
     * {@link Durability#SYNC} once it and everything written before it is on disk. An empty batch
     * writes nothing, and syncs if asked to.
     *
     * <p>May block for the length of a sync, or of a rotation. Cannot be interrupted.
     *
     * @param batch what to write; left as it is where this throws
     * @param durability when to return
     * @return bytes the batch takes in the log; 0 for an empty one
     * @throws InvalidArgumentException the batch does not fit a group: a hole, or an append below
     *     its first live entry
     * @throws MemoryLimitException its index entries do not fit the memory limit, or the ids of new
     *     groups hash alike as only chosen ones do; nothing was written
     * @throws OutOfSpaceException no space; nothing of the batch is visible, and a later try may
     *     succeed
     * @throws StorageException the write failed; nothing of the batch is visible, and the engine is
     *     usable
     * @throws PoisonedException a sync failed, now or before: the fate of this batch is unknown
     *     until reopened
     * @throws UnsupportedFeatureException the engine was opened for reading only
     */
    public long write(LogBatch batch, Durability durability) {
        CommitPipeline writable = demandWritable();
        // Null taken for "buffered" would acknowledge what a power cut takes away.
        boolean sync = Objects.requireNonNull(durability, "durability") == Durability.SYNC;
        BatchEncoder encoder = batch.encoder();
        if (encoder.isEmpty()) {
            if (sync) {
                writable.commit(null, true);
            }
            gate.leave(gate.enter());
            return 0;
        }
        long begunNanos = sync ? writable.now() : 0;
        EncodedBatch encoded = encoder.finish(compressionThreshold(), config.compressionLevel());
        long bytes = encoded.bytes();
        writable.commit(encoded, sync, begunNanos);
        encoder.clear();
        return bytes;
    }

    private int compressionThreshold() {
        return (int) Math.min(config.batchCompressionThresholdBytes(), Integer.MAX_VALUE);
    }

    /**
     * Returns once everything written so far is on disk.
     *
     * @throws PoisonedException the sync failed, now or before
     * @throws UnsupportedFeatureException the engine was opened for reading only
     */
    public void sync() {
        demandWritable().commit(null, true);
    }

    /**
     * Removes all entries of a group below an index; not synced by itself. Possible also where the
     * memory limit is used up: then several at once take turns.
     *
     * @param groupId the group
     * @param index the first index to keep, unsigned; beyond the last entry all are removed
     * @return how many entries were really removed; 0, and nothing is written, for a group without
     *     entries or where {@code index} is at most the first one
     * @throws PoisonedException a sync failed before
     * @throws StorageException the write failed; nothing was removed
     * @throws UnsupportedFeatureException the engine was opened for reading only
     */
    public long compactTo(long groupId, long index) {
        CommitPipeline writable = demandWritable();
        long first = firstIndex(groupId);
        if (first == NO_INDEX || Long.compareUnsigned(index, first) <= 0) {
            return 0;
        }
        LogBatch batch = compactions.take();
        try {
            batch.compactTo(groupId, index);
            return writable.commit(batch.encoder().finish(0, 1), false);
        } finally {
            compactions.giveBack(batch);
        }
    }

    private CommitPipeline demandWritable() {
        if (pipeline == null) {
            throw new UnsupportedFeatureException(
                    config.dir()
                            + " is open for reading only; open it with RaftEngine.open to write");
        }
        gate.demandOpen();
        return pipeline;
    }

    // ---- purging
    // -----------------------------------------------------------------------------------

    /**
     * Drops segments that nobody needs, and makes room for that by copying the little that is still
     * live in old segments to the rewrite queue. To be called every few seconds by a thread of the
     * user's; it does nothing while the log is below its thresholds and is not expected to exceed
     * them before the next call: a log that grows by many segments from one call to the next is
     * purged from half of its threshold on.
     *
     * <p>Writers and readers go on meanwhile. What was deleted, compacted or cleaned stays so,
     * whatever is dropped. The space of deleted segments goes in small steps, for the sake of those
     * who sync: where more than 64 segments of over 16 MiB were deleted, a call waits for their
     * space before it deletes more, a second or two for ten of 128 MiB, unless space is short.
     *
     * @return what was done, and the groups that hold old segments, those included that an earlier
     *     call named which failed in the end; nothing where another purge is at work
     * @throws OutOfSpaceException no space to copy live data to; nothing is lost, call again when
     *     there is
     * @throws StorageException a read or write failed; nothing is lost, call again
     * @throws CorruptionException live data on disk is damaged; its segment and newer ones stay
     * @throws PoisonedException a sync failed, now or before
     * @throws UnsupportedFeatureException the engine was opened for reading only
     */
    public PurgeResult purgeExpiredFiles() {
        return purging(PurgeManager::purge);
    }

    /**
     * Forced storage operations, for tools and tests.
     *
     * @return the door to them
     */
    public Maintenance maintenance() {
        return new Maintenance(this);
    }

    /** Runs what purges, or forces a part of it; null from it stands for nothing purged. */
    PurgeResult purging(Function<PurgeManager, PurgeOutcome> work) {
        demandWritable();
        int ticket = gate.enter();
        try {
            PurgeOutcome outcome = work.apply(parts.purge);
            return outcome == null ? PurgeResult.NOTHING : PurgeResult.of(outcome);
        } finally {
            gate.leave(ticket);
        }
    }

    // ---- key-values
    // --------------------------------------------------------------------------------

    /**
     * Reads a key of a group.
     *
     * @param groupId the group
     * @param key the key
     * @return a copy of the value, or null if there is none
     */
    public byte[] get(long groupId, byte[] key) {
        return reads.get(groupId, key);
    }

    /**
     * Reads a key of a group into an array, allocating nothing.
     *
     * @param groupId the group
     * @param key the key
     * @param destination where the value goes
     * @param offset where in it
     * @return length of the value in bytes, or {@link #NO_VALUE}. Where it is more than {@code
     *     destination.length - offset}, nothing was copied: call again with more room
     * @throws InvalidArgumentException the offset is outside the array
     */
    public int get(long groupId, byte[] key, byte[] destination, int offset) {
        return reads.get(groupId, key, destination, offset);
    }

    /**
     * Reads a key of a group as a protobuf message.
     *
     * @param <M> type of the message
     * @param groupId the group
     * @param key the key
     * @param parser of the message type, such as {@code Entry.parser()}
     * @return the message, or null if there is no value
     * @throws CorruptionException the value is no such message
     */
    public <M extends MessageLite> M getMessage(long groupId, byte[] key, Parser<M> parser) {
        byte[] value = get(groupId, key);
        return value == null ? null : EngineReads.parse(value, parser, groupId, "value of a key");
    }

    /**
     * Shows the key-values of a group in the order of their keys, compared as unsigned bytes.
     *
     * <p>Pairs are taken in portions of about 64 KiB, each of which is one state of the group: a
     * scan of no more is a snapshot, a larger one neither skips nor repeats a key that was there
     * all the time.
     *
     * @param groupId the group; one that does not exist has no keys
     * @param start least key, inclusive; null for no bound
     * @param end bound above, exclusive; null for no bound. A range that ends before it starts is
     *     empty
     * @param order from which end
     * @param visitor sees the pairs; returning false ends the scan
     * @return how many pairs the visitor saw
     */
    public long scan(
            long groupId, byte[] start, byte[] end, ScanOrder order, KeyValueVisitor visitor) {
        Objects.requireNonNull(order, "order");
        Objects.requireNonNull(visitor, "visitor");
        return reads.scan(groupId, start, end, order, visitor);
    }

    // ---- entries
    // -----------------------------------------------------------------------------------

    /**
     * Reads one entry.
     *
     * @param groupId the group
     * @param index the entry's index, unsigned
     * @return a copy of the entry, or null if the group has no such entry
     * @throws CorruptionException the entry's block on disk is damaged
     * @throws StorageException the file could not be read
     */
    public byte[] getEntry(long groupId, long index) {
        return reads.getEntry(groupId, index);
    }

    /**
     * Reads one entry as a protobuf message.
     *
     * @param <M> type of the message
     * @param groupId the group
     * @param index the entry's index, unsigned
     * @param parser of the message type
     * @return the message, or null if the group has no such entry
     * @throws CorruptionException the entry's block on disk is damaged, or the entry is no such
     *     message
     * @throws StorageException the file could not be read
     */
    public <M extends MessageLite> M getEntry(long groupId, long index, Parser<M> parser) {
        byte[] entry = getEntry(groupId, index);
        return entry == null
                ? null
                : EngineReads.parse(
                        entry, parser, groupId, "entry " + Long.toUnsignedString(index));
    }

    /**
     * Shows one entry in place, without a copy and without allocating.
     *
     * @param groupId the group
     * @param index the entry's index, unsigned
     * @param visitor sees the entry; what it returns is ignored
     * @return false, and the visitor saw nothing, if the group has no such entry
     * @throws CorruptionException the entry's block on disk is damaged
     * @throws StorageException the file could not be read
     */
    public boolean readEntry(long groupId, long index, EntryVisitor visitor) {
        return reads.readEntry(groupId, index, visitor);
    }

    /**
     * Shows consecutive entries in place, in ascending order.
     *
     * @param groupId the group; one that does not exist has nothing to show
     * @param begin first index, unsigned
     * @param end index behind the last one; at most {@code begin} means none
     * @param bytesMax most bytes of entries to show; the first entry is shown whatever its length.
     *     {@link Long#MAX_VALUE} for no limit
     * @param visitor sees the entries; returning false ends the fetch
     * @return how many entries the visitor saw
     * @throws EntryCompactedException {@code begin} is below the group's first entry
     * @throws EntryNotFoundException the group exists and has no entries, or {@code end} is beyond
     *     its last one
     * @throws CorruptionException a block on disk is damaged; entries before it were shown
     * @throws StorageException a file could not be read; entries before it were shown
     */
    public long fetchEntries(
            long groupId, long begin, long end, long bytesMax, EntryVisitor visitor) {
        Objects.requireNonNull(visitor, "visitor");
        return reads.fetchEntries(groupId, begin, end, bytesMax, visitor);
    }

    /**
     * Copies consecutive entries, in ascending order.
     *
     * @param groupId as in the visiting form
     * @param begin first index, unsigned
     * @param end index behind the last one
     * @param bytesMax most bytes of entries to copy; the first one is copied whatever its length
     * @param target copies are added to its end; entries copied before an error stay there
     * @return how many entries were added
     * @throws EntryCompactedException as in the visiting form
     * @throws EntryNotFoundException as in the visiting form
     * @throws CorruptionException as in the visiting form
     * @throws StorageException as in the visiting form
     */
    public long fetchEntriesTo(
            long groupId, long begin, long end, long bytesMax, List<? super byte[]> target) {
        return fetchEntries(
                groupId,
                begin,
                end,
                bytesMax,
                (index, memory, offset, bytes) ->
                        target.add(MessageBuffer.copyOut(memory, offset, bytes)));
    }

    /**
     * Index of a group's first entry.
     *
     * @param groupId the group
     * @return an unsigned index, or {@link #NO_INDEX} if the group has no entries
     */
    public long firstIndex(long groupId) {
        return reads.firstIndex(groupId);
    }

    /**
     * Index of a group's last entry.
     *
     * @param groupId the group
     * @return an unsigned index, or {@link #NO_INDEX} if the group has no entries
     */
    public long lastIndex(long groupId) {
        return reads.lastIndex(groupId);
    }

    // ---- the whole
    // -----------------------------------------------------------------------------------

    /**
     * Shows the ids of all groups, in no particular order and without a list of them. Groups that
     * come or go meanwhile may or may not be shown.
     *
     * @param visitor sees the ids
     */
    public void forEachGroup(LongConsumer visitor) {
        reads.forEachGroup(visitor);
    }

    /**
     * Whether there is no group at all. A group exists from its first entry or key until it is
     * cleaned, also when nothing is left in it.
     *
     * @return true if no group exists
     */
    public boolean isEmpty() {
        return reads.groupCount() == 0;
    }

    /**
     * The segments of a queue that are in use.
     *
     * @param queue which queue
     * @return first and active number
     */
    public SegmentSpan segmentSpan(QueueKind queue) {
        gate.demandOpen();
        var source =
                Objects.requireNonNull(queue, "queue") == QueueKind.APPEND
                        ? parts.append
                        : parts.rewrite;
        return SegmentSpan.of(source);
    }

    /**
     * Estimate of the disk space in use: segments of both queues times their target size. Reserved
     * segments are not counted.
     *
     * @return bytes
     */
    public long usedBytes() {
        long segments =
                segmentSpan(QueueKind.APPEND).segmentCount()
                        + segmentSpan(QueueKind.REWRITE).segmentCount();
        return segments * config.targetFileSizeBytes();
    }

    /**
     * Makes a second directory with the state of this engine: everything that was acknowledged
     * before the call, and a prefix of what is written meanwhile. The two are independent from then
     * on. Takes as long as copying takes; nobody waits for it, neither writers nor readers nor a
     * purge, except {@link #close}. All segments go to the target itself, also those of a spill
     * directory; reserves are not taken along. When it returns the fork is on disk; when it throws
     * there is none. While it works, a directory beside the target has the target's name with
     * {@code .forking} behind it.
     *
     * @param target where to: nothing is there, or an empty directory, which is replaced; its
     *     parent exists
     * @param mode whether sealed segments may be hard links
     * @return what was done
     * @throws InvalidArgumentException something is at the target already
     * @throws LockedException another fork to the same target is under way
     * @throws OutOfSpaceException no space for the copy
     * @throws StorageException a file or directory could not be read, written or synced
     * @throws PoisonedException a sync of this engine failed, now or before
     * @throws UnsupportedFeatureException the engine was opened for reading only: use the static
     *     form; or the target is on a network file system
     */
    public ForkReport fork(Path target, ForkMode mode) {
        return fork(target, mode, () -> {});
    }

    /** As above, with something that happens between two looks at the queues, for tests. */
    ForkReport fork(Path target, ForkMode mode, Runnable betweenLooks) {
        demandWritable();
        Objects.requireNonNull(target, "target");
        int ticket = gate.enter();
        try {
            return Forks.ofRunning(
                    parts.fileSystem(),
                    parts.budget,
                    parts.appendQueue,
                    parts.rewriteQueue,
                    target,
                    Objects.requireNonNull(mode, "mode"),
                    betweenLooks);
        } finally {
            gate.leave(ticket);
        }
    }

    /**
     * Makes a second directory with the same state as one that nobody has open, otherwise as {@link
     * #fork(Path, ForkMode)}. Nothing is interpreted: damage is taken along as it is, and whatever
     * an open would make of the source it makes of the fork. The source is not changed, but for the
     * lock file if it has none.
     *
     * @param source names the directory, and the spill directory if there is one; nothing else of
     *     it matters
     * @param fileSystem where both are
     * @param target as above
     * @param mode as above
     * @return what was done; names the files that are not in the fork because the numbering has
     *     holes
     * @throws ConfigException the source has no directory
     * @throws LockedException an engine has the source open, or another fork to the same target is
     *     under way
     * @throws InvalidArgumentException the source is no engine's directory, or something is at the
     *     target already
     * @throws StorageException as above
     * @throws OutOfSpaceException no space for the copy
     */
    public static ForkReport fork(
            EngineConfig source, FileSystem fileSystem, Path target, ForkMode mode) {
        return Forks.ofDirectory(
                source,
                fileSystem,
                Objects.requireNonNull(target, "target"),
                Objects.requireNonNull(mode, "mode"));
    }

    /**
     * The main directory.
     *
     * @return its path as configured
     */
    public Path path() {
        return config.dir();
    }

    /**
     * How this engine was opened.
     *
     * @return its configuration
     */
    public EngineConfig config() {
        return config;
    }

    /**
     * What recovery found when this engine was opened: every file, every dropped byte and why.
     *
     * @return the report
     */
    public RecoveryReport recoveryReport() {
        return parts.recovered.report();
    }

    /**
     * Counters and sizes at this moment.
     *
     * @return a snapshot
     */
    public EngineStatistics statistics() {
        int ticket = gate.enter();
        try {
            return EngineFigures.of(parts, config);
        } finally {
            gate.leave(ticket);
        }
    }

    /**
     * Waits for calls under way, marks the log as cleanly closed, syncs it, and gives back the lock
     * and all memory except that of batches not closed yet. Calling it again changes nothing. Must
     * not be called by a visitor.
     *
     * @throws PoisonedException the last sync failed; everything was given back all the same
     * @throws StorageException a file could not be cut or synced; everything was given back all the
     *     same
     */
    @Override
    public void close() {
        synchronized (closeLock) {
            if (closed) {
                return;
            }
            closed = true;
            if (parts.purge != null) {
                parts.purge.stop();
            }
            gate.close();
            parts.parts.closeAll();
        }
    }

    /** For tests that take the agent's steps themselves. */
    EngineAgent agent() {
        return parts.agent;
    }

    /** For tests of the promise that everything is given back. */
    MemoryBudget budget() {
        return parts.budget;
    }
}
