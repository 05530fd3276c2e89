package io.raftengine.it.interop;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.engine.Durability;
import io.raftengine.engine.EngineConfig;
import io.raftengine.engine.ForkMode;
import io.raftengine.engine.ForkReport;
import io.raftengine.engine.LogBatch;
import io.raftengine.engine.RaftEngine;
import io.raftengine.log.io.FileSystem;
import io.raftengine.proto.EntryCodec;
import io.raftengine.testing.model.Item;
import io.raftengine.testing.model.Operation;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** N1 with the real engine: it opens what we fork, and we fork what it wrote. */
class ForkInteropIT {
    private static final long GROUPS = 5;

    @TempDir Path temp;
    private Path binary;

    @BeforeEach
    void find() {
        binary = ReferenceBinary.find();
    }

    private EngineConfig config(String name) {
        return EngineConfig.builder(temp.resolve(name))
                .targetFileSizeBytes(4 << 10)
                .purgeThresholdBytes(16 << 10)
                .purgeRewriteThresholdBytes(8 << 10)
                .build();
    }

    private static void write(RaftEngine engine, long from, long to) {
        byte[] data = "0123456789abcdef".repeat(4).getBytes(StandardCharsets.US_ASCII);
        try (LogBatch batch = engine.newBatch()) {
            for (long index = from; index <= to; index++) {
                for (long group = 1; group <= GROUPS; group++) {
                    batch.addEntry(group, index, EntryCodec.toBytes(1, index, data));
                }
                byte[] value = Long.toString(index).getBytes(StandardCharsets.US_ASCII);
                batch.put(1 + index % GROUPS, new byte[] {(byte) (index % 3)}, value);
                batch.delete(1 + index % GROUPS, new byte[] {(byte) ((index + 1) % 3)});
                if (index > 3) {
                    batch.compactTo(2, index - 3);
                }
                engine.write(batch, Durability.BUFFERED);
            }
        }
    }

    private ServedEngine reference() {
        return ServedEngine.reference(binary, temp.resolve("errors"));
    }

    private String exported(String name) {
        try (LocalEngine ours = new LocalEngine()) {
            return ours.export(temp.resolve(name), Settings.PLAIN);
        }
    }

    @ParameterizedTest
    @EnumSource(ForkMode.class)
    void theRealEngineReadsAForkOfARunningEngine(ForkMode mode) {
        Path fork = temp.resolve("fork");
        String state;
        try (RaftEngine engine = RaftEngine.open(config("source"))) {
            write(engine, 1, 60);
            engine.purgeExpiredFiles();
            write(engine, 61, 90);
            assertThat(engine.fork(fork, mode).appendSegments()).isGreaterThan(2);
            state = exported("fork");
            write(engine, 91, 100);
        }
        try (ServedEngine real = reference()) {
            assertThat(real.export(fork, Settings.PLAIN)).isEqualTo(state);
        }
        assertThat(state).contains("\"last\":90");
    }

    /** Recycling is on; a copy is safe in its hands. */
    @Test
    void theRealEngineWritesAndPurgesInACopyAndTheSourceStaysAsItIs() {
        Path fork = temp.resolve("fork");
        try (RaftEngine engine = RaftEngine.open(config("source"))) {
            write(engine, 1, 90);
            engine.fork(fork, ForkMode.COPY);
        }
        String source = exported("source");
        assertThat(exported("fork")).isEqualTo(source);
        String there;
        try (ServedEngine real = reference()) {
            real.open(fork, Settings.PLAIN);
            for (long index = 91; index <= 120; index++) {
                Operation append =
                        new Operation.Write(
                                true,
                                List.of(
                                        new Item.Append(
                                                1, index, 1, List.of(new byte[] {1, 2, 3}))));
                assertThat(real.run(append).failed()).isFalse();
            }
            there = real.state();
            real.shut();
        }
        assertThat(there).contains("\"last\":120");
        assertThat(exported("fork")).isEqualTo(there);
        assertThat(exported("source")).isEqualTo(source);
        try (RaftEngine engine = RaftEngine.open(config("source"))) {
            write(engine, 91, 95);
        }
        assertThat(exported("source")).contains("\"last\":95");
    }

    @ParameterizedTest
    @EnumSource(ForkMode.class)
    void weForkWhatTheRealEngineWrote(ForkMode mode) {
        Path source = temp.resolve("theirs");
        Path fork = temp.resolve("fork");
        try (ServedEngine real = reference()) {
            real.open(
                    source,
                    new Settings(
                            Map.of("target-file-size", "4KiB", "purge-threshold", "1MiB"),
                            Map.of()));
            for (long index = 1; index <= 200; index++) {
                Operation append =
                        new Operation.Write(
                                false,
                                List.of(new Item.Append(1, index, 1, List.of(new byte[300]))));
                assertThat(real.run(append).failed()).isFalse();
            }
            real.abandon();
            String state = real.export(source, Settings.PLAIN);

            ForkReport report = RaftEngine.fork(config("theirs"), FileSystem.local(), fork, mode);
            assertThat(report.appendSegments()).isGreaterThan(10);

            assertThat(real.export(fork, Settings.PLAIN)).isEqualTo(state);
            assertThat(exported("fork")).isEqualTo(state);
        }
    }
}
