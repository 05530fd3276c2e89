package io.raftengine.engine;

import io.raftengine.error.ConfigException;
import io.raftengine.log.format.FormatVersion;
import io.raftengine.log.segment.HeadRoom;
import io.raftengine.log.segment.PrefillPolicy;
import io.raftengine.recovery.RecoveryMode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * How to open an engine. Immutable and checked: an engine never meets a bad one. Keys, defaults and
 * relations are those of the reference engine; see {@link ConfigKey} for each key.
 *
 * <pre>{@code
 * EngineConfig config = EngineConfig.builder(Path.of("/data/raft"))
 *         .targetFileSizeBytes(64L << 20)
 *         .memoryLimitBytes(512L << 20)
 *         .build();
 * }</pre>
 */
public final class EngineConfig {
    /** Value of {@link #memoryLimitBytes()} that means no limit; memory is counted all the same. */
    public static final long UNLIMITED = Long.MAX_VALUE;

    /**
     * Largest accepted {@code target-file-size}: positions inside a segment are kept in 32 bits.
     */
    public static final long TARGET_FILE_BYTES_MAX = 2L << 30;

    private final ConfigValues values;
    private final List<String> warnings;

    private EngineConfig(ConfigValues checked, List<String> warnings) {
        this.values = checked;
        this.warnings = List.copyOf(warnings);
    }

    /**
     * Starts a configuration with all defaults.
     *
     * @param dir the main directory; created, one level, when the engine opens
     * @return a builder
     */
    public static Builder builder(Path dir) {
        return new Builder().dir(dir);
    }

    /**
     * Starts a configuration without a directory, to be filled by {@link Builder#set}.
     *
     * @return a builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * The main directory.
     *
     * @return its path as given
     */
    public Path dir() {
        return values.dir;
    }

    /**
     * The directory may be named late, but not after this.
     *
     * @throws ConfigException it is empty, which as a path would be the current directory
     */
    void demandDir() {
        if (values.dir.toString().isEmpty()) {
            throw new ConfigException("dir", "is missing");
        }
    }

    /**
     * The second directory, used for new segments when the main one has no room.
     *
     * @return its path, or empty
     */
    public Optional<Path> spillDir() {
        return Optional.ofNullable(values.spillDir);
    }

    /**
     * What an open does about damage.
     *
     * @return the mode
     */
    public RecoveryMode recoveryMode() {
        return values.recoveryMode;
    }

    /**
     * Bytes read at once during recovery.
     *
     * @return 512 to 1,048,576
     */
    public int recoveryReadBlockBytes() {
        return values.recoveryReadBlockBytes;
    }

    /**
     * Threads that replay segments at most; not more than there are processors.
     *
     * @return at least 1
     */
    public int recoveryThreads() {
        return values.recoveryThreads;
    }

    /**
     * Entry bytes from which on a batch is compressed.
     *
     * @return a byte count; 0 means never
     */
    public long batchCompressionThresholdBytes() {
        return values.batchCompressionThresholdBytes;
    }

    /**
     * LZ4 acceleration: higher is faster and larger.
     *
     * @return at least 1
     */
    public int compressionLevel() {
        return values.compressionLevel;
    }

    /**
     * Format of new segments; existing ones keep theirs.
     *
     * @return the version
     */
    public FormatVersion formatVersion() {
        return values.formatVersion;
    }

    /**
     * Size at which a segment is rotated.
     *
     * @return 1 to {@link #TARGET_FILE_BYTES_MAX}
     */
    public long targetFileSizeBytes() {
        return values.targetFileSizeBytes;
    }

    /**
     * Bytes of append segments above which a purge has work to do.
     *
     * @return at least {@link #targetFileSizeBytes()}
     */
    public long purgeThresholdBytes() {
        return values.purgeThresholdBytes;
    }

    /**
     * Bytes of rewrite segments above which these are rewritten.
     *
     * @return a byte count
     */
    public long purgeRewriteThresholdBytes() {
        return values.purgeRewriteThresholdBytes;
    }

    /**
     * Share of garbage above which rewrite segments are rewritten.
     *
     * @return a ratio
     */
    public double purgeRewriteGarbageRatio() {
        return values.purgeRewriteGarbageRatio;
    }

    /**
     * Limit of the engine's off-heap memory.
     *
     * @return bytes, or {@link #UNLIMITED}
     */
    public long memoryLimitBytes() {
        return values.memoryLimitBytes;
    }

    /**
     * Whether purged segments are kept and written again.
     *
     * @return true by default
     */
    public boolean enableLogRecycle() {
        return values.enableLogRecycle;
    }

    /**
     * Whether reserved segments are made ahead, in the background.
     *
     * @return false by default
     */
    public boolean prefillForRecycle() {
        return values.prefillForRecycle;
    }

    /**
     * Bytes of reserved segments that are made ahead, at 64 MiB per second behind an open.
     *
     * @return a byte count; 0 while {@link #prefillForRecycle()} is off
     */
    public long prefillLimitBytes() {
        return values.prefillLimitBytes == ConfigValues.UNSET ? 0 : values.prefillLimitBytes;
    }

    /**
     * Whether segments are filled with zeros before they are written to.
     *
     * @return the policy
     */
    public PrefillPolicy prefill() {
        return values.prefill;
    }

    /**
     * Space set aside in the main directory so that a purge can run on a full disk.
     *
     * @return bytes; by default a segment and an eighth, at most {@link #TARGET_FILE_BYTES_MAX}, or
     *     0 where segments are smaller than 64 KiB
     */
    public long purgeHeadRoomBytes() {
        return values.purgeHeadRoomBytes == ConfigValues.UNSET
                ? Math.min(HeadRoom.defaultBytes(targetFileSizeBytes()), TARGET_FILE_BYTES_MAX)
                : values.purgeHeadRoomBytes;
    }

    String printHeadRoom() {
        return values.purgeHeadRoomBytes == ConfigValues.UNSET
                ? null
                : SizeText.print(values.purgeHeadRoomBytes);
    }

    /**
     * Share of garbage above which the append queue is purged although it is below {@link
     * #purgeThresholdBytes()}, once it is above {@link #purgeRewriteThresholdBytes()}.
     *
     * @return a share; 1 or more, as by default, for never
     */
    public double purgeAppendGarbageRatio() {
        return values.purgeAppendGarbageRatio;
    }

    /**
     * Most bytes a purge reads and writes per second.
     *
     * @return bytes; 0, the default, to go as fast as the writers do not suffer from
     */
    public long purgeBytesPerSecond() {
        return values.purgeBytesPerSecond;
    }

    /**
     * How often the engine purges by itself.
     *
     * @return an interval; zero, the default, leaves it to {@link RaftEngine#purgeExpiredFiles}
     */
    public Duration backgroundPurgeInterval() {
        return values.backgroundPurgeInterval;
    }

    /**
     * Whether each read verifies its whole block, or only the first read of it.
     *
     * @return false by default
     */
    public boolean verifyEveryRead() {
        return values.verifyEveryRead;
    }

    /**
     * Purged append segments that may be kept for reuse.
     *
     * @return a count; 0 where recycling is off or impossible
     */
    public long recycleCapacity() {
        if (formatVersion() == FormatVersion.V1 || !enableLogRecycle()) {
            return 0;
        }
        return capacity(purgeThresholdBytes());
    }

    /**
     * Reserved segments that are made ahead.
     *
     * @return a count
     */
    public long prefillCapacity() {
        if (formatVersion() == FormatVersion.V1 || !enableLogRecycle() || !prefillForRecycle()) {
            return 0;
        }
        return capacity(prefillLimitBytes());
    }

    private long capacity(long bytes) {
        if (bytes < targetFileSizeBytes()) {
            return 0;
        }
        // Signatures are 32 bits wide: with more files than that an old life could pass for a new
        // one.
        return Math.min(bytes / targetFileSizeBytes() * 3 / 2, 0xFFFF_FFFFL);
    }

    /**
     * What was corrected or ignored while building, one sentence each; the engine logs them when it
     * opens.
     *
     * @return an immutable list, empty where all was well
     */
    public List<String> warnings() {
        return warnings;
    }

    /**
     * The whole configuration as key and text, in the order of the reference's documentation.
     * Feeding the result to {@link Builder#set} gives an equal configuration.
     *
     * @return an immutable map from key to value; keys without a value are left out
     */
    public Map<String, String> toMap() {
        Map<String, String> map = new LinkedHashMap<>();
        for (ConfigKey key : ConfigKey.values()) {
            key.print(this).ifPresent(text -> map.put(key.spelling(), text));
        }
        return map;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof EngineConfig that && toMap().equals(that.toMap());
    }

    @Override
    public int hashCode() {
        return toMap().hashCode();
    }

    @Override
    public String toString() {
        return toMap().toString();
    }

    /**
     * Collects values; {@link #build()} checks each and all relations between them. Not safe for
     * several threads.
     */
    public static final class Builder {
        private final ConfigValues values = new ConfigValues();

        private Builder() {}

        /**
         * Sets a value by its key, as configuration files and command lines do.
         *
         * @param key a key of the reference's configuration, in kebab case
         * @param value its text; sizes as in {@link SizeText}
         * @return this builder
         * @throws ConfigException the key is unknown or the value cannot be read
         */
        public Builder set(String key, String value) {
            ConfigKey.named(key).read(this, value);
            return this;
        }

        /**
         * Sets the main directory.
         *
         * @param value its path
         * @return this builder
         */
        public Builder dir(Path value) {
            values.dir = Objects.requireNonNull(value, "value");
            return this;
        }

        /**
         * Sets the second directory.
         *
         * @param value its path; null or the empty path for none. The current directory is {@code
         *     .}
         * @return this builder
         */
        public Builder spillDir(Path value) {
            // The empty path would be the current directory, and the engine deletes files in its
            // own.
            values.spillDir = value == null || value.toString().isEmpty() ? null : value;
            return this;
        }

        /**
         * Sets what an open does about damage.
         *
         * @param value the mode
         * @return this builder
         */
        public Builder recoveryMode(RecoveryMode value) {
            values.recoveryMode = Objects.requireNonNull(value, "value");
            return this;
        }

        /**
         * Sets the bytes read at once during recovery; clamped to 512 B .. 1 MiB with a warning.
         *
         * @param value bytes
         * @return this builder
         */
        public Builder recoveryReadBlockBytes(long value) {
            values.recoveryReadBlockBytes = Math.clamp(value, 0, Integer.MAX_VALUE);
            return this;
        }

        /**
         * Sets the threads that replay segments; below 1 becomes 1 with a warning.
         *
         * @param value a count
         * @return this builder
         */
        public Builder recoveryThreads(int value) {
            values.recoveryThreads = value;
            return this;
        }

        /**
         * Sets the entry bytes from which on a batch is compressed.
         *
         * @param value bytes; 0 switches compression off
         * @return this builder
         */
        public Builder batchCompressionThresholdBytes(long value) {
            values.batchCompressionThresholdBytes = value;
            return this;
        }

        /**
         * Sets the LZ4 acceleration.
         *
         * @param value at least 1
         * @return this builder
         */
        public Builder compressionLevel(int value) {
            values.compressionLevel = value;
            return this;
        }

        /**
         * Sets the format of new segments.
         *
         * @param value the version; V1 asks for recycling to be off
         * @return this builder
         */
        public Builder formatVersion(FormatVersion value) {
            values.formatVersion = Objects.requireNonNull(value, "value");
            return this;
        }

        /**
         * Sets the size at which a segment is rotated.
         *
         * @param value 1 to {@link EngineConfig#TARGET_FILE_BYTES_MAX} bytes
         * @return this builder
         */
        public Builder targetFileSizeBytes(long value) {
            values.targetFileSizeBytes = value;
            return this;
        }

        /**
         * Sets the bytes of append segments above which a purge has work to do.
         *
         * @param value at least the target file size
         * @return this builder
         */
        public Builder purgeThresholdBytes(long value) {
            values.purgeThresholdBytes = value;
            return this;
        }

        /**
         * Sets the bytes of rewrite segments above which these are rewritten.
         *
         * @param value bytes; unset means a tenth of the purge threshold, at least the target file
         *     size
         * @return this builder
         */
        public Builder purgeRewriteThresholdBytes(long value) {
            values.purgeRewriteThresholdBytes = value;
            return this;
        }

        /**
         * Sets the share of garbage above which rewrite segments are rewritten.
         *
         * @param value a ratio
         * @return this builder
         */
        public Builder purgeRewriteGarbageRatio(double value) {
            values.purgeRewriteGarbageRatio = value;
            return this;
        }

        /**
         * Sets the limit of the engine's off-heap memory.
         *
         * @param value bytes, or {@link EngineConfig#UNLIMITED}
         * @return this builder
         */
        public Builder memoryLimitBytes(long value) {
            values.memoryLimitBytes = value;
            return this;
        }

        /**
         * Sets whether purged segments are kept and written again.
         *
         * @param value true to keep them
         * @return this builder
         */
        public Builder enableLogRecycle(boolean value) {
            values.enableLogRecycle = value;
            return this;
        }

        /**
         * Sets whether reserved segments are made ahead, in the background.
         *
         * @param value true to make them; asks for recycling to be on
         * @return this builder
         */
        public Builder prefillForRecycle(boolean value) {
            values.prefillForRecycle = value;
            return this;
        }

        /**
         * Sets the bytes of reserved segments that are made ahead.
         *
         * @param value bytes; unset means the purge threshold
         * @return this builder
         */
        public Builder prefillLimitBytes(long value) {
            values.prefillLimitBytes = value;
            return this;
        }

        /**
         * Sets whether segments are filled with zeros before they are written to.
         *
         * @param value the policy
         * @return this builder
         */
        public Builder prefill(PrefillPolicy value) {
            values.prefill = Objects.requireNonNull(value, "value");
            return this;
        }

        /**
         * Sets how much space is set aside so that a purge can run on a full disk.
         *
         * @param value bytes, 0 for none, at most {@link #TARGET_FILE_BYTES_MAX}
         * @return this builder
         */
        public Builder purgeHeadRoomBytes(long value) {
            values.purgeHeadRoomBytes = value;
            return this;
        }

        /**
         * Sets the share of garbage above which the append queue is purged early.
         *
         * @param value at least 0; 1 or more for never
         * @return this builder
         */
        public Builder purgeAppendGarbageRatio(double value) {
            values.purgeAppendGarbageRatio = value;
            return this;
        }

        /**
         * Sets the most bytes a purge reads and writes per second.
         *
         * @param value bytes; 0 to adapt to the writers
         * @return this builder
         */
        public Builder purgeBytesPerSecond(long value) {
            values.purgeBytesPerSecond = value;
            return this;
        }

        /**
         * Sets how often the engine purges by itself.
         *
         * @param value an interval in whole milliseconds; zero for never
         * @return this builder
         */
        public Builder backgroundPurgeInterval(Duration value) {
            values.backgroundPurgeInterval = Objects.requireNonNull(value, "value");
            return this;
        }

        /**
         * Sets whether each read verifies its whole block.
         *
         * @param value true to verify each time
         * @return this builder
         */
        public Builder verifyEveryRead(boolean value) {
            values.verifyEveryRead = value;
            return this;
        }

        Builder bytesPerSyncGiven() {
            values.bytesPerSyncGiven = true;
            return this;
        }

        /**
         * Checks everything and gives the configuration; the builder may be changed and used again.
         *
         * @return an immutable configuration
         * @throws ConfigException a value is out of range, or two contradict each other; names the
         *     key
         */
        public EngineConfig build() {
            ConfigValues checked = new ConfigValues(values);
            List<String> warnings = checked.check();
            return new EngineConfig(checked, warnings);
        }
    }
}
