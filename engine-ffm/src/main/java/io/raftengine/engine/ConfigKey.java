package io.raftengine.engine;

import io.raftengine.error.ConfigException;
import io.raftengine.log.format.FormatVersion;
import io.raftengine.log.segment.PrefillPolicy;
import io.raftengine.recovery.RecoveryMode;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Function;

/** The keys of the configuration file: how each is spelt, read and printed. */
public enum ConfigKey {
    /** Main directory. */
    DIR("dir", (b, v) -> b.dir(path("dir", v)), c -> c.dir().toString()),
    /** Second directory; none by default, and if it is empty. */
    SPILL_DIR(
            "spill-dir",
            (b, v) -> b.spillDir(path("spill-dir", v)),
            c -> c.spillDir().map(Path::toString).orElse(null)),
    /** What an open does about damage. */
    RECOVERY_MODE(
            "recovery-mode", (b, v) -> b.recoveryMode(mode(v)), c -> spellMode(c.recoveryMode())),
    /** Bytes read at once during recovery. */
    RECOVERY_READ_BLOCK_SIZE(
            "recovery-read-block-size",
            (b, v) -> b.recoveryReadBlockBytes(size("recovery-read-block-size", v)),
            c -> SizeText.print(c.recoveryReadBlockBytes())),
    /** Threads that replay segments. */
    RECOVERY_THREADS(
            "recovery-threads",
            (b, v) -> b.recoveryThreads(number("recovery-threads", v)),
            c -> Integer.toString(c.recoveryThreads())),
    /** Entry bytes from which on a batch is compressed; 0 is off. */
    BATCH_COMPRESSION_THRESHOLD(
            "batch-compression-threshold",
            (b, v) -> b.batchCompressionThresholdBytes(size("batch-compression-threshold", v)),
            c -> SizeText.print(c.batchCompressionThresholdBytes())),
    /** LZ4 acceleration. */
    COMPRESSION_LEVEL(
            "compression-level",
            (b, v) -> b.compressionLevel(number("compression-level", v)),
            c -> Integer.toString(c.compressionLevel())),
    /** Deprecated, read and ignored. */
    BYTES_PER_SYNC(
            "bytes-per-sync",
            (b, v) -> {
                size("bytes-per-sync", v);
                b.bytesPerSyncGiven();
            },
            c -> null),
    /** Format of new segments, 1 or 2. */
    FORMAT_VERSION(
            "format-version",
            (b, v) -> b.formatVersion(version(v)),
            c -> c.formatVersion() == FormatVersion.V1 ? "1" : "2"),
    /** Size at which a segment is rotated. */
    TARGET_FILE_SIZE(
            "target-file-size",
            (b, v) -> b.targetFileSizeBytes(size("target-file-size", v)),
            c -> SizeText.print(c.targetFileSizeBytes())),
    /** Bytes of append segments above which a purge has work to do. */
    PURGE_THRESHOLD(
            "purge-threshold",
            (b, v) -> b.purgeThresholdBytes(size("purge-threshold", v)),
            c -> SizeText.print(c.purgeThresholdBytes())),
    /** Bytes of rewrite segments above which these are rewritten. */
    PURGE_REWRITE_THRESHOLD(
            "purge-rewrite-threshold",
            (b, v) -> b.purgeRewriteThresholdBytes(size("purge-rewrite-threshold", v)),
            c -> SizeText.print(c.purgeRewriteThresholdBytes())),
    /** Share of garbage above which rewrite segments are rewritten. */
    PURGE_REWRITE_GARBAGE_RATIO(
            "purge-rewrite-garbage-ratio",
            (b, v) -> b.purgeRewriteGarbageRatio(ratio("purge-rewrite-garbage-ratio", v)),
            c -> Double.toString(c.purgeRewriteGarbageRatio())),
    /** Limit of the engine's off-heap memory; none by default. */
    MEMORY_LIMIT(
            "memory-limit",
            (b, v) -> b.memoryLimitBytes(size("memory-limit", v)),
            c ->
                    c.memoryLimitBytes() == EngineConfig.UNLIMITED
                            ? null
                            : SizeText.print(c.memoryLimitBytes())),
    /** Whether purged segments are kept and written again. */
    ENABLE_LOG_RECYCLE(
            "enable-log-recycle",
            (b, v) -> b.enableLogRecycle(truth("enable-log-recycle", v)),
            c -> Boolean.toString(c.enableLogRecycle())),
    /** Whether reserved segments are made ahead, in the background. */
    PREFILL_FOR_RECYCLE(
            "prefill-for-recycle",
            (b, v) -> b.prefillForRecycle(truth("prefill-for-recycle", v)),
            c -> Boolean.toString(c.prefillForRecycle())),
    /** Bytes of reserved segments that are made ahead. */
    PREFILL_LIMIT(
            "prefill-limit",
            (b, v) -> b.prefillLimitBytes(size("prefill-limit", v)),
            c -> c.prefillForRecycle() ? SizeText.print(c.prefillLimitBytes()) : null),
    /** Ours: whether the next segment is filled ahead: auto, always or never. */
    PREFILL(
            "prefill",
            (b, v) -> b.prefill(policy(v)),
            c -> c.prefill().name().toLowerCase(Locale.ROOT)),
    /** Ours: space set aside so that a purge can run on a full disk; 0 for none. */
    PURGE_HEAD_ROOM(
            "purge-head-room",
            (b, v) -> b.purgeHeadRoomBytes(size("purge-head-room", v)),
            EngineConfig::printHeadRoom),
    /** Ours: share of garbage above which append segments are purged before they are too many. */
    PURGE_APPEND_GARBAGE_RATIO(
            "purge-append-garbage-ratio",
            (b, v) -> b.purgeAppendGarbageRatio(ratio("purge-append-garbage-ratio", v)),
            c -> Double.toString(c.purgeAppendGarbageRatio())),
    /** Ours: most bytes a purge reads and writes per second; 0 to adapt to the writers. */
    PURGE_BYTES_PER_SECOND(
            "purge-bytes-per-second",
            (b, v) -> b.purgeBytesPerSecond(size("purge-bytes-per-second", v)),
            c -> SizeText.print(c.purgeBytesPerSecond())),
    /** Ours: how often the engine purges by itself; 0 for never. */
    BACKGROUND_PURGE_INTERVAL(
            "background-purge-interval",
            (b, v) -> b.backgroundPurgeInterval(duration("background-purge-interval", v)),
            c -> printDuration(c.backgroundPurgeInterval())),
    /** Ours: whether each read verifies its whole block, or only the first one. */
    VERIFY_EVERY_READ(
            "verify-every-read",
            (b, v) -> b.verifyEveryRead(truth("verify-every-read", v)),
            c -> Boolean.toString(c.verifyEveryRead()));

    /**
     * The spelling under which the reference engine writes its second mode, and which it also
     * reads.
     */
    private static final String TAIL_MODE_OLD_SPELLING = "tolerate-corrupted-tail-records";

    private final String spelling;
    private final BiConsumer<EngineConfig.Builder, String> reader;
    private final Function<EngineConfig, String> printer;

    ConfigKey(
            String spelling,
            BiConsumer<EngineConfig.Builder, String> reader,
            Function<EngineConfig, String> printer) {
        this.spelling = spelling;
        this.reader = reader;
        this.printer = printer;
    }

    /**
     * How the key is written in a file.
     *
     * @return kebab case
     */
    public String spelling() {
        return spelling;
    }

    void read(EngineConfig.Builder builder, String value) {
        reader.accept(builder, value);
    }

    Optional<String> print(EngineConfig config) {
        return Optional.ofNullable(printer.apply(config));
    }

    static ConfigKey named(String spelling) {
        return Arrays.stream(values())
                .filter(key -> key.spelling.equals(spelling))
                .findFirst()
                .orElseThrow(() -> new ConfigException(spelling, "unknown key"));
    }

    private static Path path(String key, String value) {
        try {
            return Path.of(value);
        } catch (InvalidPathException notAPath) {
            throw new ConfigException(key, "not a path: " + notAPath.getMessage());
        }
    }

    private static long size(String key, String value) {
        return SizeText.parse(value)
                .orElseThrow(() -> new ConfigException(key, "not a size: '" + value + "'"));
    }

    private static int number(String key, String value) {
        try {
            return Integer.parseInt(value.strip());
        } catch (NumberFormatException notANumber) {
            throw new ConfigException(key, "not a whole number: '" + value + "'");
        }
    }

    private static Duration duration(String key, String value) {
        String text = value.strip();
        if (text.equals("0")) {
            return Duration.ZERO;
        }
        try {
            if (text.endsWith("ms")) {
                return Duration.ofMillis(Long.parseLong(text, 0, text.length() - 2, 10));
            }
            if (text.endsWith("s")) {
                return Duration.ofSeconds(Long.parseLong(text, 0, text.length() - 1, 10));
            }
        } catch (NumberFormatException | ArithmeticException notANumber) {
            throw new ConfigException(key, "not a duration such as 10s or 500ms: '" + value + "'");
        }
        throw new ConfigException(key, "not a duration such as 10s or 500ms: '" + value + "'");
    }

    private static String printDuration(Duration value) {
        return value.toMillis() % 1000 == 0 ? value.toSeconds() + "s" : value.toMillis() + "ms";
    }

    private static double ratio(String key, String value) {
        try {
            return Double.parseDouble(value.strip());
        } catch (NumberFormatException notANumber) {
            throw new ConfigException(key, "not a number: '" + value + "'");
        }
    }

    private static boolean truth(String key, String value) {
        return switch (value.strip()) {
            case "true" -> true;
            case "false" -> false;
            default -> throw new ConfigException(key, "neither true nor false: '" + value + "'");
        };
    }

    private static FormatVersion version(String value) {
        return switch (value.strip()) {
            case "1" -> FormatVersion.V1;
            case "2" -> FormatVersion.V2;
            default ->
                    throw new ConfigException("format-version", "neither 1 nor 2: '" + value + "'");
        };
    }

    private static PrefillPolicy policy(String value) {
        return Arrays.stream(PrefillPolicy.values())
                .filter(p -> p.name().toLowerCase(Locale.ROOT).equals(value.strip()))
                .findFirst()
                .orElseThrow(() ->
                        new ConfigException(
                                "prefill", "not one of auto, always, never: '" + value + "'"));
    }

    private static RecoveryMode mode(String value) {
        return switch (value.strip()) {
            case "absolute-consistency" -> RecoveryMode.ABSOLUTE_CONSISTENCY;
            case "tolerate-tail-corruption", TAIL_MODE_OLD_SPELLING ->
                    RecoveryMode.TOLERATE_TAIL_CORRUPTION;
            case "tolerate-any-corruption" -> RecoveryMode.TOLERATE_ANY_CORRUPTION;
            default ->
                    throw new ConfigException(
                            "recovery-mode",
                            "not one of absolute-consistency, tolerate-tail-corruption,"
                                    + " tolerate-any-corruption: '"
                                    + value
                                    + "'");
        };
    }

    /**
     * Files written by us must be readable by the reference, whose own output uses the old
     * spelling.
     */
    private static String spellMode(RecoveryMode mode) {
        return switch (mode) {
            case ABSOLUTE_CONSISTENCY -> "absolute-consistency";
            case TOLERATE_TAIL_CORRUPTION -> TAIL_MODE_OLD_SPELLING;
            case TOLERATE_ANY_CORRUPTION -> "tolerate-any-corruption";
        };
    }
}
