package io.raftengine.engine.memtable;

import io.raftengine.allocator.MemoryBudget;
import io.raftengine.log.format.BatchEncoder;
import io.raftengine.log.format.ItemReader;
import io.raftengine.log.format.QueueKind;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Memtables and what purge does to them, step by step, without any file. */
final class Rewriting implements AutoCloseable {
    final MemoryBudget budget;
    final Memtables memtables;
    final PurgeIndex index;
    private final Relocation relocation;
    private final PlacedKeys keys;
    private final GroupLook look = new GroupLook();
    private long offset = 100;

    Rewriting() {
        this(MemoryBudget.unlimited());
    }

    Rewriting(MemoryBudget budget) {
        this.budget = budget;
        memtables = new Memtables(budget, 1 << 28);
        index = new PurgeIndex(memtables);
        relocation = new Relocation(memtables);
        keys = new PlacedKeys(memtables, budget);
    }

    /** A write to a segment of the append queue. */
    Rewriting append(long segment, TestBatch batch) {
        memtables.beginGroup(segment);
        int verdict = memtables.validate(batch.reader());
        if (verdict != Memtables.ACCEPTED) {
            throw new AssertionError("refused: " + verdict);
        }
        memtables.apply(segment, offset, batch.blockBytes(), batch.compressed, batch.reader());
        memtables.endGroup();
        offset += 1000;
        return this;
    }

    /** A batch was copied from the append queue, as far as the gate allows, and is put in place. */
    Rewriting rewrite(long rewriteSegment, long gate, long activeSegment, TestBatch copy) {
        return place(QueueKind.APPEND, rewriteSegment, gate, activeSegment, copy);
    }

    /** A batch was copied within the rewrite queue. */
    Rewriting squeeze(long rewriteSegment, long activeSegment, TestBatch copy) {
        return place(QueueKind.REWRITE, rewriteSegment, -1, activeSegment, copy);
    }

    private Rewriting place(
            QueueKind from, long rewriteSegment, long gate, long activeSegment, TestBatch copy) {
        copy.items.forEach(item -> {
            if (memtables.exists(item.group())) {
                index.admit(item.group());
            }
        });
        relocation.save();
        relocation.add(rewriteSegment, offset, copy.blockBytes(), copy.compressed, copy.reader());
        offset += 1000;
        while (relocation.apply(from, gate, activeSegment, 1)) {
            // One group at a time.
        }
        return this;
    }

    /** Makes ready for copies of a group that may be removed before they come. */
    boolean admit(long group) {
        return index.admit(group);
    }

    /** Carries what is sealed, in portions, and tells what was written. */
    List<String> carry(long activeSegment) {
        List<String> written = write(activeSegment);
        while (index.settleRemovals(1)) {
            // One at a time.
        }
        return written;
    }

    /** As above, but what was written does not reach the disk. */
    List<String> carryInVain(long activeSegment) {
        List<String> written = write(activeSegment);
        index.abandonRemovals();
        return written;
    }

    /** As above, but the purge dies before it has settled or abandoned anything. */
    List<String> carryAndDie(long activeSegment) {
        return write(activeSegment);
    }

    private List<String> write(long activeSegment) {
        index.beginRemovals(activeSegment);
        List<String> items = new ArrayList<>();
        try (BatchEncoder batch = new BatchEncoder(budget)) {
            boolean more = true;
            while (more) {
                more = index.writeRemovals(batch, 1 << 20, 1);
            }
            if (!batch.isEmpty()) {
                batch.finish(0, 1);
                ItemReader reader = new ItemReader(512);
                reader.openMemory(
                        batch.encoded().itemSectionAddress(),
                        batch.encoded().itemSectionBytes(),
                        batch.contentBytes());
                while (reader.next()) {
                    items.add(text(reader));
                }
            }
        }
        return items;
    }

    private static String text(ItemReader item) {
        return switch (item.kind()) {
            case ItemReader.CLEAN -> "clean " + item.groupId();
            case ItemReader.COMPACT ->
                    "compact "
                            + item.groupId()
                            + " to "
                            + Long.toUnsignedString(item.compactIndex());
            case ItemReader.DELETE ->
                    "delete "
                            + item.groupId()
                            + " "
                            + new String(
                                    item.keyArray(),
                                    item.keyOffset(),
                                    item.keyLength(),
                                    StandardCharsets.US_ASCII);
            default -> throw new AssertionError("no removal: " + item.kind());
        };
    }

    /** How many of a group's entries are in the rewrite queue. */
    long rewrittenEntries(long group) {
        look(group);
        return look.rewrittenEnd() - look.first();
    }

    GroupLook look(long group) {
        index.look(memtables.table().find(group), look);
        return look;
    }

    QueueKind queueOf(long group, long entry) {
        EntryLocation at = new EntryLocation();
        return memtables.locate(group, entry, at) ? at.queue() : null;
    }

    long segmentOf(long group, long entry) {
        EntryLocation at = new EntryLocation();
        return memtables.locate(group, entry, at) ? at.segment() : -1;
    }

    /** Keys whose values are in a queue and not newer than the gate. */
    List<String> keysIn(long group, QueueKind queue, long gate) {
        List<String> found = new ArrayList<>();
        keys.open(group, queue, gate);
        while (keys.next()) {
            byte[] key = new byte[keys.keyLength()];
            io.raftengine.allocator.Memory.copyToArrayRacy(keys.keyAddress(), key, 0, key.length);
            found.add(new String(key, StandardCharsets.US_ASCII));
        }
        return found;
    }

    /** The oldest segment of a queue that a value is in; {@link Long#MAX_VALUE} for none. */
    long oldestKey(long group, QueueKind queue) {
        return keys.oldest(group, queue);
    }

    String value(long group, String key) {
        byte[] bytes = TestBatch.bytes(key);
        byte[] value = new byte[100];
        int length = memtables.get(group, bytes, 0, bytes.length, value, 0, value.length);
        return length < 0 ? null : new String(value, 0, length, StandardCharsets.US_ASCII);
    }

    long live(QueueKind queue) {
        return memtables.liveItems(queue);
    }

    /** Sweeps; groups the rewrite queue knows nothing of lose what is kept for it. */
    void sweep() {
        index.beginSweep();
        while (index.sweep(1)) {
            // One at a time.
        }
    }

    @Override
    public void close() {
        keys.close();
        relocation.close();
        memtables.close();
        budget.assertAllReleased();
    }
}
