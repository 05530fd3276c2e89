package io.raftengine.testing.fs;

import java.util.Arrays;

/**
 * Walks through every crash there is, for short workloads:
 *
 * <pre>
 *    var choices = new ExhaustiveChoices();
 *    do {
 *        check(disk.crashImage(choices));
 *    } while (choices.advance());
 * </pre>
 *
 * <p>Each answer given is a digit; {@link #advance} counts up at the last digit that has another
 * value and forgets the digits behind it. The disk must not change meanwhile.
 */
public final class ExhaustiveChoices implements CrashChoices {
    private static final Fill[] FILLS = Fill.values();

    private int[] digits = new int[64];
    private int[] bounds = new int[64];
    private int known;
    private int asked;

    /** Begins at the first crash, the one that leaves nothing of the pending work. */
    public ExhaustiveChoices() {}

    /**
     * Goes on to the next crash.
     *
     * @return false if all have been seen
     */
    public boolean advance() {
        // Fewer questions than last time mean that the digits behind were about a state that is no
        // longer reached.
        known = asked;
        asked = 0;
        while (known > 0) {
            if (++digits[known - 1] < bounds[known - 1]) {
                return true;
            }
            known--;
        }
        return false;
    }

    @Override
    public boolean lands(int position, int count) {
        return pick(2) == 1;
    }

    @Override
    public int pick(int bound) {
        if (bound == 1) {
            return 0;
        }
        if (asked == known) {
            if (known == digits.length) {
                digits = Arrays.copyOf(digits, known * 2);
                bounds = Arrays.copyOf(bounds, known * 2);
            }
            digits[known] = 0;
            bounds[known] = bound;
            known++;
        }
        if (bounds[asked] != bound) {
            throw new IllegalStateException(
                    "the disk changed during the walk: question "
                            + asked
                            + " had "
                            + bounds[asked]
                            + " answers, now "
                            + bound);
        }
        return digits[asked++];
    }

    @Override
    public int prefix(int count) {
        return pick(count + 1);
    }

    @Override
    public boolean namesInOrder() {
        // Every prefix is a subset too.
        return false;
    }

    @Override
    public Fill fill() {
        return FILLS[pick(FILLS.length)];
    }

    @Override
    public long noise() {
        return 1;
    }
}
