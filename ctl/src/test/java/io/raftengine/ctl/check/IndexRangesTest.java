package io.raftengine.ctl.check;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.testing.campaign.Seed;
import io.raftengine.testing.forge.AllocationMeter;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Ranges of indexes, against a set of bits; and what many of them cost. */
class IndexRangesTest {
    private static final int INDEXES = 300;
    private static final int MANY = 100_000;

    private static List<Long> bounds(IndexRanges ranges) {
        List<Long> bounds = new ArrayList<>();
        for (int i = 0; i < ranges.size(); i++) {
            bounds.add(ranges.first(i));
            bounds.add(ranges.last(i));
        }
        return bounds;
    }

    /** Shifted so that they lie on both sides of the largest signed number. */
    private static List<Long> bounds(BitSet bits, long shift) {
        List<Long> bounds = new ArrayList<>();
        for (int first = bits.nextSetBit(0); first >= 0; ) {
            int end = bits.nextClearBit(first);
            bounds.add(first + shift);
            bounds.add(end - 1 + shift);
            first = bits.nextSetBit(end);
        }
        return bounds;
    }

    @Test
    void theyAreWhatASetOfTheirIndexesIs() {
        long base = Seed.orElse(100);
        for (long seed = base; seed < base + 300; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            long shift = random.nextBoolean() ? 0 : Long.MAX_VALUE - INDEXES / 2;
            IndexRanges ranges = new IndexRanges();
            BitSet bits = new BitSet();
            for (int step = 0; step < 200; step++) {
                int first = random.nextInt(INDEXES);
                int end = Math.min(INDEXES, first + random.nextInt(6));
                switch (random.nextInt(12)) {
                    case 0 -> {
                        ranges.cut(first + shift);
                        bits.clear(first, INDEXES);
                    }
                    case 1 -> {
                        end = first + random.nextInt(INDEXES);
                        ranges.keep(first + shift, end + shift);
                        bits.clear(0, first);
                        bits.clear(end, Math.max(end, INDEXES));
                    }
                    case 2 ->
                            assertThat(bounds(ranges))
                                    .as("-Draftengine.seed=%s, step %s", seed, step)
                                    .isEqualTo(bounds(bits, shift));
                    default -> {
                        ranges.add(first + shift, end + shift);
                        bits.set(first, end);
                    }
                }
            }
            IndexRanges copy = new IndexRanges();
            copy.add(shift, shift + 1);
            copy.addAll(ranges);
            bits.set(0);
            assertThat(bounds(copy))
                    .as("-Draftengine.seed=%s", seed)
                    .isEqualTo(bounds(bits, shift));
        }
    }

    /** D8: a damaged entry in each batch of a file; the order is the file's to choose. */
    @Test
    void addingIsNotPaidAnewForEveryRangeThatIsThere() {
        for (int direction : new int[] {1, -1}) {
            IndexRanges ranges = new IndexRanges();
            long bytes = AllocationMeter.allocatedBytes(() -> addMany(ranges, direction));
            assertThat(ranges.size()).isEqualTo(MANY);
            assertThat(bytes / MANY).as("bytes for each range").isLessThan(1000);
        }
    }

    private static void addMany(IndexRanges ranges, int direction) {
        for (int i = 0; i < MANY; i++) {
            long first = 4L * MANY + 3L * direction * i;
            ranges.add(first, first + 1);
        }
    }
}
