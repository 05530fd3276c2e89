package io.raftengine.engine.purge;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.allocator.MemoryBudget;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The order in which a window's runs are read is that of queue, segment and offset, and stable. */
class FileOrderTest {
    private final MemoryBudget budget = MemoryBudget.unlimited();
    private final FileOrder order = new FileOrder(budget);

    @AfterEach
    void everythingIsGivenBack() {
        order.close();
        assertThat(budget.reservedBytes()).isZero();
    }

    private record Run(int number, boolean rewrite, long segment, long offset) {}

    private static final Comparator<Run> BY_PLACE =
            Comparator.comparing(Run::rewrite)
                    .thenComparingLong(Run::segment)
                    .thenComparingLong(Run::offset)
                    .thenComparingInt(Run::number);

    @Test
    void isTheOrderOfTheFiles() {
        for (long seed = 0; seed < 300; seed++) {
            Random random = new Random(seed);
            int count = random.nextInt(seed == 7 ? 100_000 : 400);
            long base = 1 + random.nextLong(1L << 53);
            int segments = 1 + random.nextInt(seed % 2 == 0 ? 3 : 1 << 12);
            long offsets = seed % 3 == 0 ? 50 : 1L << 32; // with 50 many share a block
            List<Run> runs = new ArrayList<>();
            for (int round = 0; round < 2; round++) { // the second on what the first left
                order.clear();
                runs.clear();
                for (int i = 0; i < count; i++) {
                    Run run =
                            new Run(
                                    i,
                                    seed % 5 == 0 && random.nextBoolean(),
                                    base + random.nextInt(segments),
                                    random.nextLong(offsets));
                    assertThat(order.takes(run.segment)).isTrue();
                    order.add(run.rewrite, run.segment, run.offset);
                    runs.add(run);
                }
                order.sort();
                runs.sort(BY_PLACE);
                for (int i = 0; i < count; i++) {
                    assertThat(order.run(i))
                            .as("seed %d, place %d", seed, i)
                            .isEqualTo(runs.get(i).number);
                }
            }
        }
    }

    @Test
    void takesWhatIsWithin2To13SegmentsOfTheFirst() {
        long first = 100_000;
        assertThat(order.takes(0)).isTrue();
        order.add(false, first, 0);
        assertThat(order.takes(first - (1 << 12))).isTrue();
        assertThat(order.takes(first - (1 << 12) - 1)).isFalse();
        assertThat(order.takes(first + (1 << 12) - 1)).isTrue();
        assertThat(order.takes(first + (1 << 12))).isFalse();
        order.add(true, first - (1 << 12), 0xFFFF_FFFFL);
        order.add(false, first + (1 << 12) - 1, 0xFFFF_FFFFL);
        order.sort();
        assertThat(List.of(order.run(0), order.run(1), order.run(2))).containsExactly(0, 2, 1);
    }

    @Test
    void aRunTakenBackIsNotInIt() {
        order.add(false, 5, 9);
        order.add(false, 5, 3);
        order.removeLast();
        order.add(false, 5, 12);
        order.sort();
        assertThat(List.of(order.run(0), order.run(1))).containsExactly(0, 1);
    }
}
