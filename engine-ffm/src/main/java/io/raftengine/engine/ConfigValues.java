package io.raftengine.engine;

import io.raftengine.error.ConfigException;
import io.raftengine.log.format.FormatVersion;
import io.raftengine.log.segment.PrefillPolicy;
import io.raftengine.recovery.RecoveryMode;
import io.raftengine.recovery.RecoverySettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * The values of a configuration: their defaults, what each may be, and how they must stand to each
 * other. A builder fills one; once it was checked, a configuration owns a copy and nobody changes
 * it any more. One thread at a time until then.
 */
final class ConfigValues {
    /** What the user said nothing about, where the default follows from other values. */
    static final long UNSET = -1;

    private static final int NANOS_PER_MILLI = 1_000_000;
    private static final Duration PURGE_INTERVAL_MAX = Duration.ofDays(365);

    Path dir = Path.of("");
    Path spillDir;
    RecoveryMode recoveryMode = RecoveryMode.TOLERATE_TAIL_CORRUPTION;

    /**
     * The reference reads 16 KiB at once; nothing but speed depends on it, and this was the
     * fastest.
     */
    int recoveryReadBlockBytes = RecoverySettings.READ_BLOCK_BYTES_DEFAULT;

    int recoveryThreads = 4;
    long batchCompressionThresholdBytes = 8 << 10;
    int compressionLevel = 1;
    FormatVersion formatVersion = FormatVersion.V2;
    long targetFileSizeBytes = 128L << 20;
    long purgeThresholdBytes = 10L << 30;
    long purgeRewriteThresholdBytes = UNSET;
    double purgeRewriteGarbageRatio = 0.6;
    long memoryLimitBytes = EngineConfig.UNLIMITED;
    boolean enableLogRecycle = true;
    boolean prefillForRecycle;
    long prefillLimitBytes = UNSET;
    PrefillPolicy prefill = PrefillPolicy.AUTO;
    long purgeHeadRoomBytes = UNSET;
    double purgeAppendGarbageRatio = 1;
    long purgeBytesPerSecond;
    Duration backgroundPurgeInterval = Duration.ZERO;
    boolean verifyEveryRead;
    boolean bytesPerSyncGiven;

    /** All defaults. */
    ConfigValues() {}

    /** A copy that changes on its own. */
    ConfigValues(ConfigValues other) {
        dir = other.dir;
        spillDir = other.spillDir;
        recoveryMode = other.recoveryMode;
        recoveryReadBlockBytes = other.recoveryReadBlockBytes;
        recoveryThreads = other.recoveryThreads;
        batchCompressionThresholdBytes = other.batchCompressionThresholdBytes;
        compressionLevel = other.compressionLevel;
        formatVersion = other.formatVersion;
        targetFileSizeBytes = other.targetFileSizeBytes;
        purgeThresholdBytes = other.purgeThresholdBytes;
        purgeRewriteThresholdBytes = other.purgeRewriteThresholdBytes;
        purgeRewriteGarbageRatio = other.purgeRewriteGarbageRatio;
        memoryLimitBytes = other.memoryLimitBytes;
        enableLogRecycle = other.enableLogRecycle;
        prefillForRecycle = other.prefillForRecycle;
        prefillLimitBytes = other.prefillLimitBytes;
        prefill = other.prefill;
        purgeHeadRoomBytes = other.purgeHeadRoomBytes;
        purgeAppendGarbageRatio = other.purgeAppendGarbageRatio;
        purgeBytesPerSecond = other.purgeBytesPerSecond;
        backgroundPurgeInterval = other.backgroundPurgeInterval;
        verifyEveryRead = other.verifyEveryRead;
        bytesPerSyncGiven = other.bytesPerSyncGiven;
    }

    /**
     * Checks everything, then corrects what may be corrected and fills in what follows from others.
     *
     * @return what was corrected or ignored, one sentence each
     * @throws ConfigException a value is out of range, or two contradict each other; names the key
     */
    List<String> check() {
        List<String> warnings = new ArrayList<>();
        checkRanges();
        checkRelations();
        correct(warnings);
        return warnings;
    }

    private void checkRanges() {
        demand("target-file-size", targetFileSizeBytes >= 1, "must be at least 1 B");
        demand(
                "target-file-size",
                targetFileSizeBytes <= EngineConfig.TARGET_FILE_BYTES_MAX,
                "must be at most 2GiB, is " + SizeText.print(targetFileSizeBytes));
        demand("batch-compression-threshold", batchCompressionThresholdBytes >= 0, "is negative");
        demand(
                "purge-head-room",
                purgeHeadRoomBytes == UNSET
                        || purgeHeadRoomBytes >= 0
                                && purgeHeadRoomBytes <= EngineConfig.TARGET_FILE_BYTES_MAX,
                "must be 0 to 2GiB");
        demand("compression-level", compressionLevel >= 1, "must be at least 1");
        demand("memory-limit", memoryLimitBytes >= 1, "must be at least 1 B");
        demand(
                "purge-rewrite-garbage-ratio",
                purgeRewriteGarbageRatio >= 0 && Double.isFinite(purgeRewriteGarbageRatio),
                "must be a ratio of 0 or more");
        demand(
                "purge-append-garbage-ratio",
                purgeAppendGarbageRatio >= 0 && Double.isFinite(purgeAppendGarbageRatio),
                "must be a ratio of 0 or more");
        demand("purge-bytes-per-second", purgeBytesPerSecond >= 0, "is negative");
        demand(
                "purge-rewrite-threshold",
                purgeRewriteThresholdBytes >= 0 || purgeRewriteThresholdBytes == UNSET,
                "is negative");
        demand(
                "prefill-limit",
                prefillLimitBytes >= 0 || prefillLimitBytes == UNSET,
                "is negative");
        demand(
                "background-purge-interval",
                !backgroundPurgeInterval.isNegative()
                        && backgroundPurgeInterval.compareTo(PURGE_INTERVAL_MAX) <= 0,
                "must be 0 to " + PURGE_INTERVAL_MAX.toDays() + " days");
        // It could not be written down, and one that seems to be 0 would purge without a pause.
        demand(
                "background-purge-interval",
                backgroundPurgeInterval.toNanosPart() % NANOS_PER_MILLI == 0,
                "must be whole milliseconds, is " + backgroundPurgeInterval);
    }

    private void checkRelations() {
        demand(
                "purge-threshold",
                purgeThresholdBytes >= targetFileSizeBytes,
                "must be at least target-file-size ("
                        + SizeText.print(targetFileSizeBytes)
                        + "), is "
                        + SizeText.print(Math.max(0, purgeThresholdBytes)));
        demand(
                "enable-log-recycle",
                !enableLogRecycle || formatVersion == FormatVersion.V2,
                "needs format-version 2: segments of version 1 carry no signature");
        demand(
                "prefill-for-recycle",
                !prefillForRecycle || enableLogRecycle,
                "needs enable-log-recycle");
    }

    private void correct(List<String> warnings) {
        if (purgeRewriteThresholdBytes == UNSET) {
            purgeRewriteThresholdBytes = Math.max(purgeThresholdBytes / 10, targetFileSizeBytes);
        }
        if (bytesPerSyncGiven) {
            warnings.add("bytes-per-sync is deprecated and has no effect");
        }
        int block = Math.clamp(recoveryReadBlockBytes, 512, 1 << 20);
        if (block != recoveryReadBlockBytes) {
            warnings.add("recovery-read-block-size is set to " + SizeText.print(block));
            recoveryReadBlockBytes = block;
        }
        if (recoveryThreads < 1) {
            warnings.add("recovery-threads is set to 1");
            recoveryThreads = 1;
        }
        if (prefillForRecycle && prefillLimitBytes == UNSET) {
            prefillLimitBytes = purgeThresholdBytes;
        } else if (!prefillForRecycle && prefillLimitBytes != UNSET) {
            warnings.add("prefill-limit is ignored while prefill-for-recycle is off");
            prefillLimitBytes = UNSET;
        }
    }

    private static void demand(String key, boolean holds, String message) {
        if (!holds) {
            throw new ConfigException(key, message);
        }
    }
}
