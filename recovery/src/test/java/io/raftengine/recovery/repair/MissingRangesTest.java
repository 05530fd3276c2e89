package io.raftengine.recovery.repair;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.allocator.MemoryBudget;
import io.raftengine.recovery.repair.MissingRanges.Range;
import io.raftengine.testing.forge.AllocationMeter;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;

class MissingRangesTest {
    private static Range range(long first, long end) {
        return new Range(first, end, true, "f", first);
    }

    @Test
    void whatIsKeptIsWhatLiesWithin() {
        for (int seed = 0; seed < 300; seed++) {
            Random random = new Random(seed);
            MemoryBudget budget = MemoryBudget.unlimited();
            try (MissingRanges missing = new MissingRanges(budget)) {
                List<Range> model = new ArrayList<>();
                long end = 0;
                for (int step = 0; step < 60; step++) {
                    if (random.nextInt(3) > 0) {
                        long first = end + random.nextInt(3);
                        end = first + 1 + random.nextInt(4);
                        missing.add(7, range(first, end));
                        model.add(range(first, end));
                    } else {
                        long from = random.nextInt((int) end + 2);
                        long to = Math.clamp(from - 1 + random.nextInt((int) end + 2), 0, end);
                        missing.keep(7, from, to);
                        model.replaceAll(range -> range.within(from, to));
                        model.removeIf(Objects::isNull);
                        end = Math.max(0, to);
                    }
                    assertThat(missing.of(7)).as("seed %d", seed).isEqualTo(model);
                    assertThat(missing.groups()).hasSize(model.isEmpty() ? 0 : 1);
                    assertThat(budget.reservedBytes()).isEqualTo(128L * model.size());
                }
            }
            assertThat(budget.reservedBytes()).isZero();
        }
    }

    /** P9: each batch of a group asks, and each of its blocks may be damaged. */
    @Test
    void askingWhatToKeepCostsNothingPerRange() {
        int ranges = 20_000;
        try (MissingRanges missing = new MissingRanges(MemoryBudget.unlimited())) {
            long bytes =
                    AllocationMeter.allocatedBytes(() -> {
                        for (long index = 0; index < ranges; index++) {
                            missing.keep(7, index / 2, index);
                            missing.add(7, range(index, index + 1));
                        }
                    });
            assertThat(missing.of(7)).hasSize(ranges - (ranges - 1) / 2);
            assertThat(bytes).isLessThan(1000L * ranges);
        }
    }
}
