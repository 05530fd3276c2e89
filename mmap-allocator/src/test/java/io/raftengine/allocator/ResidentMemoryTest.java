package io.raftengine.allocator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * I8 against the system's own books: what the budget counts is an upper bound of what is resident.
 */
class ResidentMemoryTest {
    private static final int PAGE = NativeMemory.PAGE_BYTES;
    private static final long RANGE = 256L << 20;
    private static final long SEED = 3;

    private final MemoryBudget budget = MemoryBudget.unlimited();

    @BeforeAll
    static void needsThePageTable() {
        assumeTrue(Files.isReadable(Path.of("/proc/self/pagemap")), "needs /proc/self/pagemap");
    }

    /** What the system says of each page: eight bytes, of which the highest bit means "present". */
    private static long residentBytes(long from, long bytes) throws IOException {
        int pages = (int) (bytes / PAGE);
        var table = new byte[pages * Long.BYTES];
        try (var file = new RandomAccessFile("/proc/self/pagemap", "r")) {
            file.seek(from / PAGE * Long.BYTES);
            file.readFully(table);
        }
        long resident = 0;
        for (int page = 0; page < pages; page++) {
            resident += table[page * Long.BYTES + 7] < 0 ? PAGE : 0;
        }
        return resident;
    }

    @Test
    void anArenaIsNeverMoreResidentThanItReserved() throws IOException {
        var random = new Random(SEED);
        var arena = SlabArena.open(budget, "resident", RANGE);
        var cache = arena.newCache();
        var live = new ArrayList<int[]>();
        for (int phase = 0; phase < 6; phase++) {
            for (int step = 0; step < 10_000; step++) {
                if (live.isEmpty() || random.nextInt(100) < (phase % 2 == 0 ? 80 : 20)) {
                    int bytes = 1 + random.nextInt(random.nextInt(100) == 0 ? 100_000 : 1000);
                    live.add(new int[] {cache.allocate(bytes), bytes}); // filled in checked mode
                } else {
                    int[] block = live.set(random.nextInt(live.size()), live.getLast());
                    live.removeLast();
                    cache.free(block[0], block[1]);
                }
            }
            assertThat(residentBytes(arena.base(), RANGE))
                    .as("seed %d phase %d", SEED, phase)
                    .isLessThanOrEqualTo(arena.reservedBytes())
                    .isGreaterThan(arena.liveBytes() / 2);
        }
        live.forEach(block -> cache.free(block[0], block[1]));
        cache.trim();
        assertThat(residentBytes(arena.base(), RANGE)).isZero();
        arena.close();
        budget.assertAllReleased();
    }

    @Test
    void aMappingIsResidentAsFarAsItIsTouchedUntilItIsDiscarded() throws IOException {
        try (var mapping = Mapping.map(budget, 1L << 20, "resident")) {
            Memory.putByte(mapping.address() + 5L * PAGE, (byte) 1);
            // Not exactly one page where the system prefers larger ones.
            assertThat(residentBytes(mapping.address(), mapping.bytes()))
                    .isBetween((long) PAGE, mapping.bytes());
            Memory.fill(mapping.address(), mapping.bytes(), (byte) 1);
            assertThat(residentBytes(mapping.address(), mapping.bytes())).isEqualTo(1L << 20);
            mapping.discard(0, mapping.bytes());
            assertThat(residentBytes(mapping.address(), mapping.bytes())).isZero();
        }
        budget.assertAllReleased();
    }
}
