package io.raftengine.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.engine.Ledger.Change;
import io.raftengine.engine.memtable.EntryLocation;
import io.raftengine.engine.purge.PurgeDoors;
import io.raftengine.log.format.QueueKind;
import io.raftengine.log.segment.PrefillPolicy;
import io.raftengine.testing.fs.Fault;
import io.raftengine.testing.fs.Operation;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** An engine and the ledger of what it must hold, in the words of the purge scenarios. */
final class Scene implements AutoCloseable {
    static final long EVERYTHING = Long.MAX_VALUE;

    /** What may happen between two writes. */
    enum Between {
        NOTHING,
        /** The removals were carried, then the process was interrupted. */
        REMOVALS_ONLY,
        /** Copied, but nothing dropped. */
        COPIES_ONLY,
        REWRITE_APPEND,
        REWRITE_REWRITE,
        REOPEN
    }

    final EngineFixture f;
    Ledger ledger = new Ledger();

    Scene(EngineConfig.Builder config) {
        this(new EngineFixture(config));
    }

    Scene(EngineFixture fixture) {
        f = fixture.open();
    }

    /** Uncompressed, with segments of the given size; 1: one batch in each. */
    static EngineConfig.Builder segmentsOf(long bytes) {
        return segmentsOf(bytes, EngineFixture.DIR);
    }

    static EngineConfig.Builder segmentsOf(long bytes, Path dir) {
        return EngineConfig.builder(dir)
                .targetFileSizeBytes(bytes)
                .purgeThresholdBytes(Math.max(bytes, 64 << 10))
                .batchCompressionThresholdBytes(0)
                .recoveryThreads(2)
                .prefill(PrefillPolicy.NEVER)
                .verifyEveryRead(true);
    }

    // ---- writes --------------------------------------------------------------------------------

    Scene write(Change... changes) {
        return write(List.of(changes));
    }

    Scene write(List<Change> changes) {
        ledger = ledger.with(changes);
        try (LogBatch batch = f.engine.newBatch()) {
            Ledger.fill(batch, changes);
            f.write(batch, true);
        }
        return this;
    }

    /** Entries [first, end) of small size and the key {@code last_index}, in one batch. */
    Scene append(long group, long first, long end) {
        return append(group, first, end, 0);
    }

    /** As above, with entries of a size; 0: some small one. */
    Scene append(long group, long first, long end, int entryBytes) {
        List<byte[]> entries = new ArrayList<>();
        for (long i = first; i < end; i++) {
            entries.add(
                    entryBytes == 0
                            ? EngineFixture.entry(group, i)
                            : Workload.value(group, i, entryBytes));
        }
        return write(
                new Change.Append(group, first, entries),
                new Change.Put(
                        group,
                        EngineFixture.bytes("last_index"),
                        EngineFixture.bytes(Long.toString(end - 1))));
    }

    static Change entries(long group, long first, long end) {
        List<byte[]> entries = new ArrayList<>();
        for (long i = first; i < end; i++) {
            entries.add(EngineFixture.entry(group, i));
        }
        return new Change.Append(group, first, entries);
    }

    static Change put(long group, String key, String value) {
        return new Change.Put(group, EngineFixture.bytes(key), EngineFixture.bytes(value));
    }

    static Change delete(long group, String key) {
        return new Change.Delete(group, EngineFixture.bytes(key));
    }

    static Change compact(long group, long index) {
        return new Change.Compact(group, index);
    }

    static Change clean(long group) {
        return new Change.Clean(group);
    }

    // ---- purges --------------------------------------------------------------------------------

    Scene happens(Between what) {
        switch (what) {
            case NOTHING -> {}
            case REMOVALS_ONLY ->
                    f.engine.purging(p -> PurgeDoors.stopAfterRemovals(p, EVERYTHING));
            case COPIES_ONLY -> f.engine.purging(p -> PurgeDoors.stopAfterCopies(p, EVERYTHING));
            case REWRITE_APPEND -> rewriteAppend();
            case REWRITE_REWRITE -> rewriteRewrite();
            case REOPEN -> f.reopen();
        }
        return this;
    }

    PurgeResult rewriteAppend() {
        return f.engine.maintenance().rewriteAppend(EVERYTHING);
    }

    PurgeResult rewriteRewrite() {
        return f.engine.maintenance().rewriteRewrite();
    }

    PurgeResult purge() {
        return f.engine.purgeExpiredFiles();
    }

    /** Groups a purge named, in order of their ids. */
    static List<Long> named(PurgeResult result) {
        return result.groups().stream().map(PurgeResult.BlockingGroup::groupId).sorted().toList();
    }

    /** From now on copies are cut into batches of this size. */
    Scene cut(long batchBytes, boolean alwaysAtomic) {
        f.engine.purging(p -> {
            PurgeDoors.cut(p, batchBytes, alwaysAtomic);
            return null;
        });
        return this;
    }

    /** Runs in the purger's thread whenever copies were written and are not in the index yet. */
    void duringCopies(Runnable what) {
        f.fs.on(Operation.WRITE)
                .onFiles(name -> name.endsWith(".rewrite"))
                .inject(new Fault.Run(call -> what.run()));
    }

    // ---- questions -----------------------------------------------------------------------------

    SegmentSpan append() {
        return f.engine.segmentSpan(QueueKind.APPEND);
    }

    SegmentSpan rewrite() {
        return f.engine.segmentSpan(QueueKind.REWRITE);
    }

    /** Entries and keys that are live, as the accounting has it. */
    long liveItems() {
        return f.parts.memtables.liveItems(QueueKind.APPEND)
                + f.parts.memtables.liveItems(QueueKind.REWRITE);
    }

    /** The queue an entry is in. */
    QueueKind queueOf(long group, long index) {
        return locate(group, index).queue();
    }

    /** The segment an entry is in. */
    long segmentOf(long group, long index) {
        return locate(group, index).segment();
    }

    private EntryLocation locate(long group, long index) {
        EntryLocation location = new EntryLocation();
        assertThat(f.parts.memtables.locate(group, index, location)).isTrue();
        return location;
    }

    /** Every byte is right, and the accounting counts exactly what is there. */
    void check(String when) {
        assertThat(ledger.differenceTo(f.engine)).as(when).isNull();
        long[] items = new long[1];
        f.engine.forEachGroup(group -> {
            long first = f.engine.firstIndex(group);
            if (first != RaftEngine.NO_INDEX) {
                items[0] += f.engine.lastIndex(group) - first + 1;
            }
            items[0] +=
                    f.engine.scan(
                            group, null, null, ScanOrder.ASCENDING, (m, k, kb, v, vb) -> true);
        });
        assertThat(liveItems()).as("live items " + when).isEqualTo(items[0]);
    }

    /** Checks now and after a reopen. */
    void checkAlsoReopened(String when) {
        check(when);
        f.reopen();
        check("reopened, " + when);
    }

    @Override
    public void close() {
        f.close();
    }
}
