package io.raftengine.recovery.repair;

import io.raftengine.allocator.GrowableBuffer;
import io.raftengine.allocator.Memory;
import io.raftengine.allocator.MemoryBudget;
import io.raftengine.log.format.AtomicMarker;
import io.raftengine.log.format.BatchEncoder;
import io.raftengine.log.format.EncodedBatch;
import io.raftengine.log.format.ItemReader;

/**
 * Encodes a batch anew in which items changed. It stays one batch: what was atomic stays so, and an
 * atomic marker keeps its place. Records of an engine's own are left out; they speak of the place
 * the batch had. One thread at a time.
 */
final class BatchRecoder implements AutoCloseable {
    private static final int LZ4_ACCELERATION = 1;

    private final BatchEncoder encoder;
    private final GrowableBuffer value;
    private final GrowableBuffer key;
    private final Decision decision = new Decision();
    private final RepairRules rules;

    BatchRecoder(RepairRules rules, MemoryBudget budget) {
        this.rules = rules;
        this.encoder = new BatchEncoder(budget);
        this.value = new GrowableBuffer(budget, 0, Integer.MAX_VALUE);
        this.key = new GrowableBuffer(budget, 0, Integer.MAX_VALUE);
    }

    /**
     * Encodes a batch.
     *
     * @param items its items, before the first one
     * @param content address of its uncompressed entries
     * @param changes what is to be changed
     * @param compress whether the entries are to be LZ4 again
     * @return the finished batch, unsigned, until the next call; empty if no item is left
     */
    EncodedBatch encode(ItemReader items, long content, ItemChanges changes, boolean compress) {
        encoder.clear();
        boolean marked = false;
        int change = 0;
        for (int ordinal = 0; items.next(); ordinal++) {
            decision.begin(items.count());
            if (change < changes.count() && changes.ordinal(change) == ordinal) {
                changes.get(change++, decision);
            }
            if (isMarker(items)) {
                if (!marked) {
                    AtomicMarker marker = AtomicMarker.of(items.internalRecordType());
                    encoder.mark(items.groupId(), marker);
                    marked = true;
                }
            } else if (!items.isInternalKey()) {
                add(items, content);
            }
        }
        return encoder.finish(compress ? 1 : 0, LZ4_ACCELERATION);
    }

    private static boolean isMarker(ItemReader items) {
        return items.kind() == ItemReader.PUT
                && items.valueLength() == 1
                && items.isInternalKey()
                && items.internalRecordType() >= 0;
    }

    private void add(ItemReader items, long content) {
        long group = items.groupId();
        if (decision.clear) {
            encoder.compact(group, decision.clearTo);
        }
        if (decision.fillFrom != decision.fillTo) {
            fill(group, decision.fillFrom, decision.fillTo);
        }
        if (decision.drop) {
            return;
        }
        switch (items.kind()) {
            case ItemReader.ENTRIES -> entries(items, content);
            case ItemReader.CLEAN -> encoder.clean(group);
            case ItemReader.COMPACT -> encoder.compact(group, items.compactIndex());
            case ItemReader.PUT -> put(items);
            default ->
                    encoder.delete(group, items.keyArray(), items.keyOffset(), items.keyLength());
        }
    }

    /** Empty entries: what a rule asks for, or placeholders that nobody will see. */
    private void fill(long group, long from, long to) {
        FillEntry rule = rules.of(group).fill();
        FillEntry fill = rule == null ? FillEntry.ZERO_LENGTH : rule;
        encoder.beginEntries(group, from);
        for (long index = from; index != to; index++) {
            byte[] bytes = fill.bytes(index);
            encoder.addEntry(bytes, 0, bytes.length);
        }
        encoder.endEntries();
    }

    private void entries(ItemReader items, long content) {
        if (decision.keep == 0) {
            return;
        }
        if (decision.blank) {
            long from = items.firstIndex();
            fill(items.groupId(), from, from + decision.keep);
            return;
        }
        encoder.beginEntries(items.groupId(), items.firstIndex());
        int start = items.entryStart();
        for (int i = 0; i < decision.keep; i++) {
            int end = items.nextTail();
            if (end == start) {
                encoder.reserveEntry(0);
            } else {
                encoder.addEntry(content + start, end - start);
            }
            start = end;
        }
        encoder.endEntries();
    }

    private void put(ItemReader items) {
        key.ensureCapacity(Math.max(1, items.keyLength()), 0);
        value.ensureCapacity(Math.max(1, items.valueLength()), 0);
        Memory.copyFromArray(items.keyArray(), items.keyOffset(), key.address(), items.keyLength());
        items.copyValue(value.address());
        encoder.put(
                items.groupId(),
                key.address(),
                items.keyLength(),
                value.address(),
                items.valueLength());
    }

    @Override
    public void close() {
        try (value;
                key) {
            encoder.close();
        }
    }
}
