package io.raftengine.log.format;

import static io.raftengine.log.format.TestBytes.ascii;
import static io.raftengine.log.format.TestBytes.encoded;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftengine.allocator.Mapping;
import io.raftengine.allocator.Memory;
import io.raftengine.allocator.MemoryBudget;
import io.raftengine.error.BatchFullException;
import io.raftengine.error.InvalidArgumentException;
import io.raftengine.error.MemoryLimitException;
import io.raftengine.error.RaftEngineException;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * A batch that takes a stored block over instead of entries is, byte for byte, the batch that was
 * written with the entries; and whatever does not fit the block is refused.
 */
class AdoptedBlockTest {
    private static final int LZ4 = 1;

    private final MemoryBudget budget = new MemoryBudget(64 << 20);
    private final BatchEncoder batch = new BatchEncoder(budget);
    private Mapping stored;
    private int storedBytes;

    @AfterEach
    void everythingIsGivenBack() {
        if (stored != null) {
            stored.close();
        }
        batch.close();
        assertThat(budget.reservedBytes()).isZero();
    }

    @Test
    void isTheBatchThatWasWrittenWithTheEntries() {
        for (int entries : new int[] {1, 2, 127, 128, 300}) {
            byte[] written = writtenNormally(entries, 40);
            batch.adoptBlock(stored.address(), storedBytes, entries * 40);
            declare(3, 7, entries, 40);
            batch.finish(0, 1); // a threshold is no matter any more
            assertThat(encoded(batch, 5)).as("%d entries", entries).isEqualTo(written);
            assertThat(batch.encoded().compressed()).isTrue();
            assertThat(batch.encoded().blockBytes()).isEqualTo(storedBytes);
            assertThat(batch.contentBytes()).isEqualTo(entries * 40L);
            assertThat(batch.entryCount()).isEqualTo(entries);
            batch.clear();
            stored.close();
        }
    }

    @Test
    void isTheBatchThatWasWrittenInPartsWithOtherItemsBetween() {
        try (BatchEncoder normal = new BatchEncoder(MemoryBudget.unlimited())) {
            for (BatchEncoder each : new BatchEncoder[] {normal, batch}) {
                boolean declared = each == batch;
                if (declared) {
                    keepBlock(normal);
                    each.adoptBlock(stored.address(), storedBytes, 900);
                }
                each.mark(8, AtomicMarker.BEGIN);
                add(each, declared, 3, 7, 5, 100);
                add(each, declared, 4, 1, 2, 0);
                add(each, declared, 3, 12, 3, 100); // not the same item: others stand between
                each.put(3, ascii("key"), 0, 3, ascii("value"), 0, 5);
                each.compact(4, 1);
                add(each, declared, 5, 1, 1, 100);
                each.finish(1, 1);
            }
            assertThat(encoded(batch, 9)).isEqualTo(encoded(normal, 9));
        }
    }

    @Test
    void theEstimateIsNotBelowTheLength() {
        writtenNormally(50, 40);
        batch.adoptBlock(stored.address(), storedBytes, 2000);
        assertThat(batch.isEmpty()).isTrue();
        declare(3, 7, 50, 40);
        long estimate = batch.approximateBytes();
        batch.finish(1, 1);
        assertThat(estimate).isGreaterThanOrEqualTo(batch.encoded().bytes());
        assertThat(estimate - batch.encoded().bytes()).isLessThan(20);
    }

    @Test
    void theBlockIsCopiedSoThatItsMemoryMayGo() {
        byte[] written = writtenNormally(50, 40);
        batch.adoptBlock(stored.address(), storedBytes, 2000);
        Memory.fill(stored.address(), storedBytes, (byte) 0);
        declare(3, 7, 50, 40);
        batch.finish(1, 1);
        assertThat(encoded(batch, 5)).isEqualTo(written);
    }

    @Test
    void onlyAnEmptyBatchAdopts() {
        writtenNormally(50, 40);
        batch.clean(1);
        assertRefused(InvalidArgumentException.class, 2000);
        batch.finish(0, 1);
        assertThat(batch.itemCount()).isEqualTo(1);
        batch.clear();
        batch.adoptBlock(stored.address(), storedBytes, 2000);
        assertRefused(InvalidArgumentException.class, 2000); // not twice either
    }

    @Test
    void lengthsNoBlockCanHaveAreRefused() {
        writtenNormally(50, 40);
        assertRefused(InvalidArgumentException.class, 0);
        assertRefused(InvalidArgumentException.class, -1);
        int most = (storedBytes - 8) * 255;
        assertRefused(InvalidArgumentException.class, most + 1);
        batch.adoptBlock(stored.address(), storedBytes, most);
        batch.clear();
        for (int bytes : new int[] {-5, 0, 4, 8}) {
            assertThatThrownBy(() -> batch.adoptBlock(stored.address(), bytes, 1))
                    .isInstanceOf(InvalidArgumentException.class);
        }
        assertThat(batch.isEmpty()).isTrue();
    }

    @Test
    void aContentAboveTheLimitOfBatchesIsRefused() {
        writtenNormally(50, 40);
        try (BatchEncoder small = new BatchEncoder(budget, 1999)) {
            assertThatThrownBy(() -> small.adoptBlock(stored.address(), storedBytes, 2000))
                    .isInstanceOf(BatchFullException.class);
            small.beginEntries(1, 1); // still usable the ordinary way
            small.addEntry(new byte[5], 0, 5);
            small.endEntries();
            small.finish(0, 1);
            assertThat(small.encoded().compressed()).isFalse();
        }
    }

    @Test
    void entriesEndWhereTheContentEnds() {
        writtenNormally(50, 40);
        batch.adoptBlock(stored.address(), storedBytes, 2000);
        declare(3, 7, 49, 40);
        batch.beginEntries(3, 56);
        assertThatThrownBy(() -> batch.declareEntry(41))
                .isInstanceOf(InvalidArgumentException.class)
                .hasMessageContaining("1960")
                .hasMessageContaining("2000");
        batch.beginEntries(3, 56);
        assertThatThrownBy(() -> batch.declareEntry(-1))
                .isInstanceOf(InvalidArgumentException.class);
        assertThatThrownBy(() -> batch.finish(0, 1))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("1960");
        declare(3, 56, 1, 40); // the failed attempts left nothing
        batch.finish(0, 1);
        assertThat(batch.entryCount()).isEqualTo(50);
        assertThat(TestBlocks.content(encoded(batch, 0))).hasSize(2000).containsOnly(3);
    }

    @Test
    void bytesOfOnesOwnDoNotMixWithAnAdoptedBlock() {
        writtenNormally(50, 40);
        batch.beginEntries(1, 1);
        assertThatThrownBy(() -> batch.declareEntry(1)).isInstanceOf(IllegalStateException.class);
        batch.abortEntries();
        batch.adoptBlock(stored.address(), storedBytes, 2000);
        batch.beginEntries(1, 1);
        assertThatThrownBy(() -> batch.addEntry(new byte[1], 0, 1))
                .isInstanceOf(IllegalStateException.class);
        batch.abortEntries();
        try (BatchEncoder other = new BatchEncoder(budget)) {
            other.clean(1);
            assertThatThrownBy(() -> batch.mergeFrom(other))
                    .isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> other.mergeFrom(batch))
                    .isInstanceOf(IllegalStateException.class);
            assertThat(other.itemCount()).isEqualTo(1);
        }
    }

    @Test
    void clearedItIsABatchLikeAnyOther() {
        writtenNormally(50, 40);
        batch.adoptBlock(stored.address(), storedBytes, 2000);
        declare(3, 7, 50, 40);
        batch.finish(0, 1);
        batch.clear();
        add(batch, false, 1, 1, 3, 10);
        batch.finish(0, 1);
        assertThat(TestBlocks.content(encoded(batch, 0))).hasSize(30);
        assertThat(batch.encoded().compressed()).isFalse();
    }

    @Test
    void aBudgetThatDoesNotTakeTheBlockLeavesTheBatchEmpty() {
        byte[] noise = new byte[300_000];
        new java.util.Random(1).nextBytes(noise);
        try (BatchEncoder normal = new BatchEncoder(MemoryBudget.unlimited())) {
            normal.beginEntries(1, 1);
            normal.addEntry(new byte[100_000], 0, 100_000);
            normal.addEntry(noise, 0, noise.length);
            normal.endEntries();
            normal.finish(1, LZ4);
            assertThat(normal.encoded().compressed()).isTrue();
            keepBlock(normal);
        }
        MemoryBudget tight = new MemoryBudget(200_000);
        try (BatchEncoder poor = new BatchEncoder(tight)) {
            assertThatThrownBy(() -> poor.adoptBlock(stored.address(), storedBytes, 400_000))
                    .isInstanceOf(MemoryLimitException.class);
            add(poor, false, 1, 1, 3, 10);
            poor.finish(0, 1);
            assertThat(TestBlocks.content(encoded(poor, 0))).hasSize(30);
        }
        assertThat(tight.reservedBytes()).isZero();
    }

    private void assertRefused(Class<? extends RaftEngineException> error, int contentBytes) {
        assertThatThrownBy(() -> batch.adoptBlock(stored.address(), storedBytes, contentBytes))
                .isInstanceOf(error);
    }

    /** Writes a compressed batch the ordinary way, keeps its block, returns all of it. */
    private byte[] writtenNormally(int entries, int bytesEach) {
        try (BatchEncoder normal = new BatchEncoder(MemoryBudget.unlimited())) {
            add(normal, false, 3, 7, entries, bytesEach);
            normal.finish(1, LZ4);
            assertThat(normal.encoded().compressed()).isTrue();
            keepBlock(normal);
            return encoded(normal, 5);
        }
    }

    private void keepBlock(BatchEncoder normal) {
        storedBytes = (int) normal.encoded().blockBytes();
        stored = Mapping.map(MemoryBudget.unlimited(), storedBytes, "stored block");
        Memory.copy(
                normal.encoded().frontAddress() + BatchHeader.BYTES, stored.address(), storedBytes);
    }

    private void declare(long group, long first, int count, int bytesEach) {
        add(batch, true, group, first, count, bytesEach);
    }

    private static void add(
            BatchEncoder batch, boolean declared, long group, long first, int count, int bytes) {
        byte[] entry = new byte[bytes];
        Arrays.fill(entry, (byte) group);
        batch.beginEntries(group, first);
        for (int i = 0; i < count; i++) {
            if (declared) {
                batch.declareEntry(bytes);
            } else {
                batch.addEntry(entry, 0, bytes);
            }
        }
        batch.endEntries();
    }
}
