package io.raftengine.log.format;

/**
 * What a file name in a log directory means.
 *
 * <pre>
 *    0000000000000001.raftlog             segment 1 of the append queue
 *    0000000000000001.rewrite             segment 1 of the rewrite queue
 *    0000000000000001.raftlog.reserved    reserve 1: a free file, content irrelevant, numbers of its own
 *    prepared-1.tmp                       a segment being made ready; to the reference a foreign file
 * </pre>
 *
 * <p>The rules are the reference's, oddities included, so that both take the same files for logs:
 * only the first 16 bytes are read as the number (a leading {@code +} counts as one of them), what
 * stands between them and the suffix is ignored, and 17 digits are misread as their first 16.
 * Immutable, safe for all threads.
 *
 * @param kind what the file is
 * @param seq its number, 0 or more
 */
public record SegmentName(Kind kind, long seq) {
    /** Largest number: longer ones are misread as their first 16 digits (D10). */
    public static final long SEQ_MAX = 9_999_999_999_999_999L;

    private static final int NUMBER_CHARS = 16;
    private static final String RESERVED_SUFFIX = ".raftlog.reserved";
    private static final String PREPARED_PREFIX = "prepared-";
    private static final String PREPARED_SUFFIX = ".tmp";

    /** What a numbered file is. */
    public enum Kind {
        /** A segment of the append queue. */
        APPEND,
        /** A segment of the rewrite queue. */
        REWRITE,
        /** A free file that may become a segment. */
        RESERVED
    }

    /**
     * Reads a file name.
     *
     * @param name last element of a path
     * @return its meaning, or null for a foreign name
     */
    public static SegmentName parse(String name) {
        if (name.length() <= NUMBER_CHARS) {
            return null;
        }
        long seq = parseNumber(name);
        if (seq < 0) {
            return null;
        }
        if (name.endsWith(QueueKind.APPEND.suffix())) {
            return new SegmentName(Kind.APPEND, seq);
        }
        if (name.endsWith(QueueKind.REWRITE.suffix())) {
            return new SegmentName(Kind.REWRITE, seq);
        }
        if (name.endsWith(RESERVED_SUFFIX)) {
            return new SegmentName(Kind.RESERVED, seq);
        }
        return null;
    }

    /**
     * Name of a segment.
     *
     * @param queue its queue
     * @param seq its number, 0 or more
     * @return the file name
     */
    public static String segment(QueueKind queue, long seq) {
        return number(seq) + queue.suffix();
    }

    /**
     * Name of a reserve.
     *
     * @param number its number, 0 or more
     * @return the file name
     */
    public static String reserved(long number) {
        return number(number) + RESERVED_SUFFIX;
    }

    /**
     * Name of a segment that is being made ready; no scanner takes it for a log.
     *
     * @param number any number, 0 or more
     * @return the file name
     */
    public static String prepared(long number) {
        return PREPARED_PREFIX + number + PREPARED_SUFFIX;
    }

    /**
     * Number of a prepared file.
     *
     * @param name last element of a path
     * @return the number that {@link #prepared} was given, or -1 for any other name
     */
    public static long preparedNumber(String name) {
        if (!name.startsWith(PREPARED_PREFIX) || !name.endsWith(PREPARED_SUFFIX)) {
            return -1;
        }
        int from = PREPARED_PREFIX.length();
        int to = name.length() - PREPARED_SUFFIX.length();
        if (to <= from || to - from > 18) {
            return -1;
        }
        return decimal(name, from, to);
    }

    /**
     * The queue the file belongs to.
     *
     * @return the queue, or null for a reserve
     */
    public QueueKind queue() {
        return switch (kind) {
            case APPEND -> QueueKind.APPEND;
            case REWRITE -> QueueKind.REWRITE;
            case RESERVED -> null;
        };
    }

    private static String number(long seq) {
        String digits = Long.toUnsignedString(seq);
        return "0".repeat(Math.max(0, NUMBER_CHARS - digits.length())) + digits;
    }

    private static long parseNumber(String name) {
        return decimal(name, name.charAt(0) == '+' ? 1 : 0, NUMBER_CHARS);
    }

    /**
     * ASCII digits only: Character.digit would accept other scripts, which the reference refuses.
     */
    private static long decimal(String name, int from, int to) {
        long value = 0;
        for (int i = from; i < to; i++) {
            char c = name.charAt(i);
            if (c < '0' || c > '9') {
                return -1;
            }
            value = value * 10 + (c - '0');
        }
        return value;
    }
}
