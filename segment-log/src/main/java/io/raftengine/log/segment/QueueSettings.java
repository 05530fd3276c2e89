package io.raftengine.log.segment;

import io.raftengine.allocator.MemoryBudget;
import io.raftengine.error.ConfigException;
import io.raftengine.log.format.FormatVersion;
import io.raftengine.log.format.QueueKind;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.function.LongSupplier;

/**
 * How one queue behaves. Immutable; made by {@link #builder}.
 *
 * @param kind the queue
 * @param directories main directory, then the spill directory if there is one; all exist
 * @param version format of new segments; segments found keep their own
 * @param targetBytes a segment at or over this size is rotated before the next group; 1 byte to 2
 *     GiB
 * @param recycleCapacity how many segments, in use and reserved together, there may be while purged
 *     ones are still kept for reuse; 0 deletes purged segments. Always 0 for V1, whose stale bytes
 *     carry no signature, and for the rewrite queue, whose stale bytes carry one that is valid in
 *     the append segment of the same number
 * @param prefillCapacity how many reserves are created ahead in the background; 0 for none
 * @param prefillBytesPerSecond how fast reserves are filled at most; 0 for no limit
 * @param prefill whether segments are filled with zeros before they are written to
 * @param prepareAhead whether the next segment is made ready while the active one fills
 * @param writebackBytes the background write-out starts once this many bytes are dirty; 0 switches
 *     it off
 * @param budget what the queue's few kilobytes of off-heap memory are charged to
 * @param clock nanoseconds, as {@link System#nanoTime}; paces what is done in the background
 * @param listener told when segments come and go
 */
public record QueueSettings(
        QueueKind kind,
        List<Path> directories,
        FormatVersion version,
        long targetBytes,
        int recycleCapacity,
        int prefillCapacity,
        long prefillBytesPerSecond,
        PrefillPolicy prefill,
        boolean prepareAhead,
        long writebackBytes,
        MemoryBudget budget,
        LongSupplier clock,
        SegmentListener listener) {

    /**
     * Largest target size: block offsets in memory are unsigned 32-bit and a segment may exceed its
     * target by a batch.
     */
    public static final long TARGET_BYTES_MAX = 2L << 30;

    /** Checks every field and every relation. */
    public QueueSettings {
        Objects.requireNonNull(kind, "kind");
        directories = List.copyOf(directories);
        Objects.requireNonNull(version, "version");
        Objects.requireNonNull(prefill, "prefill");
        Objects.requireNonNull(budget, "budget");
        Objects.requireNonNull(clock, "clock");
        Objects.requireNonNull(listener, "listener");
        if (directories.isEmpty() || directories.size() > 2) {
            throw new ConfigException("dir", "one or two directories, not " + directories);
        }
        if (targetBytes < 1 || targetBytes > TARGET_BYTES_MAX) {
            throw new ConfigException(
                    "target-file-size",
                    targetBytes + " bytes; must be 1 to " + TARGET_BYTES_MAX + " (2 GiB)");
        }
        if (recycleCapacity < 0
                || prefillCapacity < 0
                || prefillBytesPerSecond < 0
                || writebackBytes < 0) {
            throw new ConfigException(
                    "enable-log-recycle",
                    "negative capacity: recycle "
                            + recycleCapacity
                            + ", prefill "
                            + prefillCapacity
                            + " at "
                            + prefillBytesPerSecond
                            + " bytes per second"
                            + ", writeback "
                            + writebackBytes);
        }
        if (recycleCapacity > 0 && kind == QueueKind.REWRITE) {
            // Reserves have no queue, signatures neither: what is left of rewrite segment n would
            // verify in append segment n.
            throw new ConfigException(
                    "enable-log-recycle", "segments of the rewrite queue cannot be recycled");
        }
        if (recycleCapacity > 0 && !version.signed()) {
            throw new ConfigException(
                    "enable-log-recycle", "segments without signature (V1) cannot be recycled");
        }
    }

    /**
     * A builder with the defaults: V2, 128 MiB, recycling off, prefill decided by use, everything
     * else on.
     *
     * @param kind the queue
     * @param directories main directory, then the spill directory if there is one
     * @return a new builder
     */
    public static Builder builder(QueueKind kind, List<Path> directories) {
        return new Builder(kind, directories);
    }

    /** Collects the settings of a queue; not for several threads. */
    public static final class Builder {
        private final QueueKind kind;
        private final List<Path> directories;
        private FormatVersion version = FormatVersion.V2;
        private long targetBytes = 128L << 20;
        private int recycleCapacity;
        private int prefillCapacity;
        private long prefillBytesPerSecond;
        private PrefillPolicy prefill = PrefillPolicy.AUTO;
        private boolean prepareAhead = true;
        private long writebackBytes = 1L << 20;
        private MemoryBudget budget = MemoryBudget.unlimited();
        private LongSupplier clock = System::nanoTime;
        private SegmentListener listener = SegmentListener.NONE;

        private Builder(QueueKind kind, List<Path> directories) {
            this.kind = kind;
            this.directories = directories;
        }

        /**
         * Sets the format of new segments.
         *
         * @param value the version
         * @return this builder
         */
        public Builder version(FormatVersion value) {
            version = value;
            return this;
        }

        /**
         * Sets the size at which a segment is rotated.
         *
         * @param value bytes, 1 to 2 GiB
         * @return this builder
         */
        public Builder targetBytes(long value) {
            targetBytes = value;
            return this;
        }

        /**
         * Sets how many segments there may be while purged ones are kept.
         *
         * @param value a number of segments; 0 deletes purged ones
         * @return this builder
         */
        public Builder recycleCapacity(int value) {
            recycleCapacity = value;
            return this;
        }

        /**
         * Sets how many reserves are created ahead.
         *
         * @param value a number of segments; 0 for none
         * @return this builder
         */
        public Builder prefillCapacity(int value) {
            prefillCapacity = value;
            return this;
        }

        /**
         * Sets how fast reserves are filled.
         *
         * @param value bytes per second at most; 0 for no limit
         * @return this builder
         */
        public Builder prefillBytesPerSecond(long value) {
            prefillBytesPerSecond = value;
            return this;
        }

        /**
         * Sets whether segments are filled with zeros before they are written to.
         *
         * @param value the policy
         * @return this builder
         */
        public Builder prefill(PrefillPolicy value) {
            prefill = value;
            return this;
        }

        /**
         * Sets whether the next segment is made ready ahead.
         *
         * @param value false to make it at rotation
         * @return this builder
         */
        public Builder prepareAhead(boolean value) {
            prepareAhead = value;
            return this;
        }

        /**
         * Sets when the background write-out starts.
         *
         * @param value dirty bytes; 0 switches it off
         * @return this builder
         */
        public Builder writebackBytes(long value) {
            writebackBytes = value;
            return this;
        }

        /**
         * Sets what the queue's memory is charged to.
         *
         * @param value the budget
         * @return this builder
         */
        public Builder budget(MemoryBudget value) {
            budget = value;
            return this;
        }

        /**
         * Sets what background work is paced by.
         *
         * @param value a clock
         * @return this builder
         */
        public Builder clock(LongSupplier value) {
            clock = value;
            return this;
        }

        /**
         * Sets who is told about segments.
         *
         * @param value the listener
         * @return this builder
         */
        public Builder listener(SegmentListener value) {
            listener = value;
            return this;
        }

        /**
         * Checks and makes the settings.
         *
         * @return immutable settings
         * @throws ConfigException if a value is out of range or two contradict each other
         */
        public QueueSettings build() {
            return new QueueSettings(
                    kind,
                    directories,
                    version,
                    targetBytes,
                    recycleCapacity,
                    prefillCapacity,
                    prefillBytesPerSecond,
                    prefill,
                    prepareAhead,
                    writebackBytes,
                    budget,
                    clock,
                    listener);
        }
    }
}
