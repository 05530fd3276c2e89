package io.raftengine.recovery;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.testing.forge.CollidingGroups;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.LongUnaryOperator;
import org.junit.jupiter.api.Test;

/** Ids get numbers in the order they come, and no choice of ids makes that slow (D8). */
class IdIndexTest {
    private static final int IDS = 20_000;
    private static final long GOLDEN_RATIO = 0x9e3779b97f4a7c15L;

    @Test
    void idsKeepTheNumbersTheyGotInOrder() {
        SplittableRandom random = new SplittableRandom(7);
        IdIndex index = new IdIndex();
        Map<Long, Integer> model = new LinkedHashMap<>();
        for (int i = 0; i < 5000; i++) {
            long id = random.nextInt(4) == 0 ? random.nextInt(50) - 25 : random.nextLong();
            assertThat(index.find(id)).isEqualTo(model.getOrDefault(id, -1));
            int expected = model.computeIfAbsent(id, unknown -> model.size());
            assertThat(index.findOrAdd(id)).isEqualTo(expected);
            assertThat(index.size()).isEqualTo(model.size()).isLessThanOrEqualTo(index.capacity());
        }
        model.forEach((id, number) -> {
            assertThat(index.find(id)).isEqualTo(number);
            assertThat(index.id(number)).isEqualTo(id);
        });
    }

    @Test
    void theNumbersDoNotDependOnTheSeed() {
        for (long seed = 0; seed < 10; seed++) {
            IdIndex index = new IdIndex(IdIndex.CAPACITY_MIN, seed);
            for (int i = 0; i < 100; i++) {
                assertThat(index.findOrAdd(i * GOLDEN_RATIO)).isEqualTo(i);
            }
        }
    }

    /** Slots that are looked at to find each of the ids once. */
    private static long probes(IdIndex index, LongUnaryOperator ids) {
        for (int i = 0; i < IDS; i++) {
            index.findOrAdd(ids.applyAsLong(i));
        }
        long probes = 0;
        for (int i = 0; i < IDS; i++) {
            probes += index.probes(ids.applyAsLong(i));
        }
        return probes;
    }

    @Test
    void idsInAnyPatternAreSpread() {
        long inverse = CollidingGroups.inverse(GOLDEN_RATIO);
        for (long seed = 0; seed < 20; seed++) {
            for (int shift = 0; shift <= 48; shift += 8) {
                int by = shift;
                assertThat(probes(new IdIndex(16, seed), i -> i << by))
                        .as("seed %s, shift %s", seed, shift)
                        .isLessThan(2L * IDS);
            }
            assertThat(probes(new IdIndex(16, seed), i -> i * inverse))
                    .as("seed %s, ids whose products with the golden ratio are small", seed)
                    .isLessThan(2L * IDS);
        }
    }

    /** Who knows the seed can choose such ids, which shows that they are chosen well. */
    @Test
    void idsThatMeetUnderOneSeedAreSpreadUnderAnyOther() {
        for (long known : new long[] {0, GOLDEN_RATIO}) {
            LongUnaryOperator meeting = i -> CollidingGroups.idOf(i << Integer.SIZE, known);
            assertThat(probes(new IdIndex(16, known), meeting)).isEqualTo(IDS * (IDS + 1L) / 2);
            assertThat(probes(new IdIndex(16, known + 1), meeting)).isLessThan(2L * IDS);
            assertThat(probes(new IdIndex(), meeting)).isLessThan(2L * IDS);
        }
    }
}
