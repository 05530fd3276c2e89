package io.raftengine.engine;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Optional;

/**
 * Sizes as people write them in a configuration: {@code 128MiB}, {@code 1.5 GB}, {@code 4096}.
 *
 * <p>All units are powers of 1024 whichever way they are spelt, as in the reference engine: {@code
 * B K KB KiB M MB MiB ... P PB PiB}, case-sensitive, spaces allowed around the number and in front
 * of the unit, no unit meaning bytes. Stateless and safe for all threads.
 */
public final class SizeText {
    private static final String PREFIXES = "KMGTP";

    /** With a far exponent a few characters would stand for gigabytes of digits. */
    private static final int DECIMALS_MAX = 100;

    private static final int ZEROS_MAX = 30;
    private static final int DIGITS_MAX = 60;

    private SizeText() {}

    /**
     * Reads a size.
     *
     * @param text the size as written
     * @return bytes, or empty where the text is no size: empty, a bare unit, a lower-case unit, a
     *     sign, anything left over, more digits than anybody means, or more than {@link
     *     Long#MAX_VALUE} bytes
     */
    public static Optional<Long> parse(String text) {
        String trimmed = text.strip();
        int end = numberLength(trimmed);
        if (end == 0 || !trimmed.chars().allMatch(c -> c < 128)) {
            return Optional.empty();
        }
        int shift = unitShift(trimmed.substring(end).strip());
        if (shift < 0) {
            return Optional.empty();
        }
        try {
            BigDecimal number = new BigDecimal(trimmed.substring(0, end));
            if (number.scale() > DECIMALS_MAX
                    || number.scale() < -ZEROS_MAX
                    || number.precision() > DIGITS_MAX) {
                return Optional.empty();
            }
            BigDecimal bytes =
                    number.multiply(BigDecimal.valueOf(1L << shift)).setScale(0, RoundingMode.DOWN);
            return Optional.of(bytes.longValueExact());
        } catch (NumberFormatException notANumber) {
            return Optional.empty();
        } catch (ArithmeticException tooLarge) {
            return Optional.empty();
        }
    }

    /**
     * Prints a size with the largest unit that divides it exactly.
     *
     * @param bytes zero or more
     * @return text that {@link #parse} reads back to the same number; zero prints as {@code 0KiB}
     */
    public static String print(long bytes) {
        if (bytes == 0) {
            return "0KiB";
        }
        for (int i = PREFIXES.length(); i >= 1; i--) {
            long unit = 1L << (10 * i);
            if (bytes % unit == 0) {
                return bytes / unit + PREFIXES.substring(i - 1, i) + "iB";
            }
        }
        return bytes + "B";
    }

    /** Length of the leading number; an exponent belongs to it only when digits follow. */
    private static int numberLength(String text) {
        int i = 0;
        while (i < text.length() && isNumberPart(text, i)) {
            i++;
        }
        return i;
    }

    private static boolean isNumberPart(String text, int i) {
        char c = text.charAt(i);
        if (c >= '0' && c <= '9' || c == '.') {
            return true;
        }
        if (c == 'e' || c == 'E') {
            return i > 0 && i + 1 < text.length() && isExponentStart(text.charAt(i + 1));
        }
        return (c == '+' || c == '-') && i > 0 && Character.toLowerCase(text.charAt(i - 1)) == 'e';
    }

    private static boolean isExponentStart(char c) {
        return c >= '0' && c <= '9' || c == '+' || c == '-';
    }

    /** log2 of the unit, or -1 where it is none. */
    private static int unitShift(String unit) {
        if (unit.isEmpty() || unit.equals("B")) {
            return 0;
        }
        int index = PREFIXES.indexOf(unit.charAt(0));
        String rest = unit.substring(1);
        boolean known = rest.isEmpty() || rest.equals("B") || rest.equals("iB");
        return index < 0 || !known ? -1 : 10 * (index + 1);
    }
}
