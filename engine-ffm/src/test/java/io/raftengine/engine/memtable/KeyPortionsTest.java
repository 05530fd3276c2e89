package io.raftengine.engine.memtable;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftengine.allocator.MemoryBudget;
import io.raftengine.error.MemoryLimitException;
import io.raftengine.log.format.QueueKind;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Walks over key-values whose copies find no room half-way through a portion: nothing of it was
 * seen to be one state of the group.
 */
class KeyPortionsTest {
    private static final int PAIRS = 40;

    private final MemoryBudget budget = new MemoryBudget(1 << 20);
    private final Rewriting r = new Rewriting(budget);

    @BeforeEach
    void write() {
        TestBatch batch = new TestBatch();
        for (int i = 0; i < PAIRS; i++) {
            batch.put(1, TestBatch.bytes("key" + (10 + i)), new byte[1000]);
        }
        r.append(7, batch);
    }

    @AfterEach
    void everythingIsGivenBack() {
        r.close();
    }

    /** Takes all memory but what a few pairs need. */
    private long takeMost() {
        long bytes = budget.limitBytes() - budget.reservedBytes() - (10 << 10);
        budget.reserve("others", bytes);
        return bytes;
    }

    @Test
    void aCursorTriesAPortionAgainThatFoundNoRoom() {
        try (KeyCursor cursor = new KeyCursor(r.memtables, budget)) {
            long taken = takeMost();
            cursor.open(1, null, null, false);
            for (int i = 0; i < 3; i++) {
                assertThatThrownBy(cursor::next).isInstanceOf(MemoryLimitException.class);
            }
            budget.release("others", taken);
            int found = 0;
            while (cursor.next()) {
                found++;
            }
            assertThat(found).isEqualTo(PAIRS);
        }
    }

    @Test
    void aWalkForPurgeTriesAPortionAgainThatFoundNoRoom() {
        try (PlacedKeys keys = new PlacedKeys(r.memtables, budget)) {
            long taken = takeMost();
            keys.open(1, QueueKind.APPEND, 7);
            for (int i = 0; i < 3; i++) {
                assertThatThrownBy(keys::next).isInstanceOf(MemoryLimitException.class);
            }
            budget.release("others", taken);
            int found = 0;
            while (keys.next()) {
                found++;
            }
            assertThat(found).isEqualTo(PAIRS);
        }
    }
}
