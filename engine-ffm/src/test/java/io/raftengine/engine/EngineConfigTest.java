package io.raftengine.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.raftengine.error.ConfigException;
import io.raftengine.log.format.FormatVersion;
import io.raftengine.log.io.FileSystem;
import io.raftengine.recovery.RecoveryMode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.UnaryOperator;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Scenarios B1 to B5. */
class EngineConfigTest {
    private static final Path DIR = Path.of("data");

    @Test
    void defaultsAreThoseOfTheReference() {
        EngineConfig config = EngineConfig.builder(DIR).build();

        assertThat(config.spillDir()).isEmpty();
        assertThat(config.recoveryMode()).isEqualTo(RecoveryMode.TOLERATE_TAIL_CORRUPTION);
        assertThat(config.targetFileSizeBytes()).isEqualTo(128L << 20);
        assertThat(config.purgeThresholdBytes()).isEqualTo(10L << 30);
        assertThat(config.purgeRewriteThresholdBytes()).isEqualTo((10L << 30) / 10);
        assertThat(config.recycleCapacity()).isEqualTo(80 * 3 / 2);
        assertThat(config.prefillCapacity()).isZero();
        assertThat(config.warnings()).isEmpty();
    }

    @Test
    void whatIsPrintedReadsBackEqual() {
        EngineConfig config =
                EngineConfig.builder(DIR)
                        .spillDir(Path.of("spill"))
                        .memoryLimitBytes(1 << 20)
                        .prefillForRecycle(true)
                        .recoveryMode(RecoveryMode.ABSOLUTE_CONSISTENCY)
                        .build();

        EngineConfig.Builder again = EngineConfig.builder();
        config.toMap().forEach(again::set);

        assertThat(again.build()).isEqualTo(config).hasSameHashCodeAs(config);
    }

    @Test
    void customValuesAreTakenByKey() {
        EngineConfig config =
                EngineConfig.builder()
                        .set("dir", "custom")
                        .set("spill-dir", "spill")
                        .set("recovery-mode", "tolerate-tail-corruption")
                        .set("bytes-per-sync", "2KB")
                        .set("target-file-size", "1MB")
                        .set("purge-threshold", "3MB")
                        .set("format-version", "1")
                        .set("enable-log-recycle", "false")
                        .set("prefill-for-recycle", "false")
                        .build();

        assertThat(config.dir()).isEqualTo(Path.of("custom"));
        assertThat(config.spillDir()).contains(Path.of("spill"));
        assertThat(config.targetFileSizeBytes()).isEqualTo(1 << 20);
        assertThat(config.formatVersion()).isEqualTo(FormatVersion.V1);
        assertThat(config.warnings()).singleElement().asString().contains("bytes-per-sync");
    }

    @Test
    void oldSpellingOfTheTailModeIsReadAndWritten() {
        EngineConfig config =
                EngineConfig.builder(DIR)
                        .set("recovery-mode", "tolerate-corrupted-tail-records")
                        .build();

        assertThat(config.recoveryMode()).isEqualTo(RecoveryMode.TOLERATE_TAIL_CORRUPTION);
        assertThat(config.toMap())
                .containsEntry("recovery-mode", "tolerate-corrupted-tail-records");
    }

    @Test
    void smallMistakesAreCorrectedWithAWarning() {
        EngineConfig config =
                EngineConfig.builder(DIR)
                        .recoveryReadBlockBytes(1)
                        .recoveryThreads(0)
                        .prefillLimitBytes(1 << 30)
                        .build();

        assertThat(config.recoveryReadBlockBytes()).isEqualTo(512);
        assertThat(config.recoveryThreads()).isEqualTo(1);
        assertThat(config.prefillLimitBytes()).isZero();
        assertThat(config.warnings()).hasSize(3);
    }

    @Test
    void prefillWithoutLimitFillsUpToThePurgeThreshold() {
        EngineConfig config = EngineConfig.builder(DIR).prefillForRecycle(true).build();

        assertThat(config.prefillLimitBytes()).isEqualTo(config.purgeThresholdBytes());
        assertThat(config.prefillCapacity()).isEqualTo(120);
    }

    @ParameterizedTest
    @CsvSource({
        "purge-threshold, 1MB, purge-threshold",
        "target-file-size, 5000MB, target-file-size",
        "target-file-size, 0, target-file-size",
        "format-version, 1, enable-log-recycle",
        "format-version, 3, format-version",
        "compression-level, 0, compression-level",
        "recovery-mode, lenient, recovery-mode",
        "enable-log-recycle, yes, enable-log-recycle",
        "recovery-threads, many, recovery-threads",
        "memory-limit, -1, memory-limit",
        "purge-rewrite-garbage-ratio, NaN, purge-rewrite-garbage-ratio",
        "purge-rewrite-garbage-ratio, x, purge-rewrite-garbage-ratio",
        "prefill, sometimes, prefill",
        "no-such-key, 1, no-such-key",
    })
    void mistakeIsRefusedNamingTheKey(String key, String value, String named) {
        assertThatExceptionOfType(ConfigException.class)
                .isThrownBy(() -> EngineConfig.builder(DIR).set(key, value).build())
                .satisfies(refused -> assertThat(refused.key()).isEqualTo(named));
    }

    /** As a path the empty text means the current directory, which nobody gives away like that. */
    @Test
    void anEmptySpillDirIsNone() {
        EngineConfig.Builder builder = EngineConfig.builder(DIR).spillDir(Path.of("spill"));

        assertThat(builder.set("spill-dir", "").build().spillDir()).isEmpty();
        assertThat(builder.spillDir(Path.of("")).build().spillDir()).isEmpty();
        assertThat(builder.build().toMap()).doesNotContainKey("spill-dir");
        assertThat(builder.set("spill-dir", ".").build().spillDir()).contains(Path.of("."));
    }

    @ParameterizedTest
    @EnumSource(
            mode = EnumSource.Mode.EXCLUDE,
            names = {"DIR", "SPILL_DIR"})
    void anEmptyValueIsRefusedNamingTheKey(ConfigKey key) {
        assertThatExceptionOfType(ConfigException.class)
                .isThrownBy(() -> EngineConfig.builder(DIR).set(key.spelling(), "").build())
                .satisfies(refused -> assertThat(refused.key()).isEqualTo(key.spelling()));
    }

    /** The directory may be named late, but before anything is opened or copied. */
    @Test
    void aMissingDirIsRefusedWhereItIsUsed() {
        EngineConfig config = EngineConfig.builder().build();
        List<ThrowingCallable> uses =
                List.of(
                        () -> RaftEngine.open(config),
                        () -> RaftEngine.openReadOnly(config),
                        () ->
                                RaftEngine.fork(
                                        config,
                                        FileSystem.local(),
                                        Path.of("fork"),
                                        ForkMode.COPY));
        for (ThrowingCallable use : uses) {
            assertThatExceptionOfType(ConfigException.class)
                    .isThrownBy(use)
                    .satisfies(refused -> assertThat(refused.key()).isEqualTo("dir"));
        }
    }

    @Test
    void whatCannotBeWrittenDownIsRefusedNamingTheKey() {
        assertThat(keyRefused(b -> b.purgeRewriteThresholdBytes(-5)))
                .isEqualTo("purge-rewrite-threshold");
        assertThat(keyRefused(b -> b.prefillForRecycle(true).prefillLimitBytes(-5)))
                .isEqualTo("prefill-limit");
        assertThat(keyRefused(b -> b.backgroundPurgeInterval(Duration.ofNanos(500))))
                .isEqualTo("background-purge-interval");
        assertThat(keyRefused(b -> b.backgroundPurgeInterval(Duration.ofNanos(1_500_000))))
                .isEqualTo("background-purge-interval");
    }

    private static String keyRefused(UnaryOperator<EngineConfig.Builder> change) {
        EngineConfig.Builder builder = change.apply(EngineConfig.builder(DIR));
        return catchThrowableOfType(ConfigException.class, builder::build).key();
    }

    @Test
    void nullIsRefusedWhereItIsGiven() {
        EngineConfig.Builder builder = EngineConfig.builder(DIR).enableLogRecycle(false);
        List<ThrowingCallable> calls =
                List.of(
                        () -> EngineConfig.builder(null),
                        () -> builder.dir(null),
                        () -> builder.recoveryMode(null),
                        () -> builder.formatVersion(null),
                        () -> builder.prefill(null),
                        () -> builder.backgroundPurgeInterval(null));
        for (ThrowingCallable call : calls) {
            assertThatNullPointerException().isThrownBy(call).withMessage("value");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "0s", "0ms"})
    void zeroInAnyUnitIsNoBackgroundPurge(String never) {
        EngineConfig config =
                EngineConfig.builder(DIR).set("background-purge-interval", never).build();

        assertThat(config.backgroundPurgeInterval()).isZero();
    }

    /** Whatever the default is, it can be set by hand. */
    @ParameterizedTest
    @ValueSource(longs = {4096, 128 << 20, 1L << 31})
    void theDefaultHeadRoomIsASettingToo(long target) {
        EngineConfig.Builder builder = EngineConfig.builder(DIR).targetFileSizeBytes(target);
        long bytes = builder.build().purgeHeadRoomBytes();

        assertThat(builder.purgeHeadRoomBytes(bytes).build().purgeHeadRoomBytes()).isEqualTo(bytes);
    }

    @Test
    void prefillWithoutRecyclingIsRefused() {
        assertThatExceptionOfType(ConfigException.class)
                .isThrownBy(() ->
                        EngineConfig.builder(DIR)
                                .enableLogRecycle(false)
                                .prefillForRecycle(true)
                                .build())
                .satisfies(refused -> assertThat(refused.key()).isEqualTo("prefill-for-recycle"));
    }

    @Test
    void builderMayBeChangedAfterBuildingWithoutTouchingTheResult() {
        EngineConfig.Builder builder = EngineConfig.builder(DIR);
        EngineConfig first = builder.build();
        builder.targetFileSizeBytes(4096);

        assertThat(first.targetFileSizeBytes()).isEqualTo(128L << 20);
        assertThat(builder.build().targetFileSizeBytes()).isEqualTo(4096);
    }
}
