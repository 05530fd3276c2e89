package io.raftengine.testing.fs;

import java.util.SplittableRandom;

/**
 * Draws crashes from a seed. Tossing a fair coin per sector would leave nearly every larger write
 * in shreds and hardly ever produce the states that matter most, so each image first draws a
 * pattern: all, none, a beginning, an end, or coins of a drawn bias.
 */
public final class SeededChoices implements CrashChoices {
    private enum Pattern {
        ALL,
        NONE,
        BEGINNING,
        END,
        COINS
    }

    private static final Pattern[] PATTERNS = Pattern.values();
    private static final Fill[] FILLS = Fill.values();

    private final SplittableRandom random;
    private final boolean namesInOrder;
    private Pattern pattern = Pattern.ALL;
    private int boundary;
    private int bias;

    /**
     * Choices that follow from a number.
     *
     * @param seed any number
     */
    public SeededChoices(long seed) {
        random = new SplittableRandom(seed);
        namesInOrder = random.nextBoolean();
    }

    @Override
    public boolean lands(int position, int count) {
        if (position == 0) {
            pattern = PATTERNS[random.nextInt(PATTERNS.length)];
            boundary = random.nextInt(count + 1);
            bias = 1 + random.nextInt(7);
        }
        return switch (pattern) {
            case ALL -> true;
            case NONE -> false;
            case BEGINNING -> position < boundary;
            case END -> position >= boundary;
            case COINS -> random.nextInt(8) < bias;
        };
    }

    @Override
    public int pick(int bound) {
        return bound == 1 ? 0 : random.nextInt(bound);
    }

    @Override
    public int prefix(int count) {
        return switch (count == 0 ? 0 : random.nextInt(4)) {
            case 0 -> 0;
            case 1 -> random.nextInt(count + 1);
            default -> count;
        };
    }

    @Override
    public boolean namesInOrder() {
        return namesInOrder;
    }

    @Override
    public Fill fill() {
        return FILLS[random.nextInt(FILLS.length)];
    }

    @Override
    public long noise() {
        return random.nextLong();
    }
}
