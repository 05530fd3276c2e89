package io.raftengine.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.raftengine.error.ConfigException;
import io.raftengine.log.format.FormatVersion;
import io.raftengine.log.io.FileSystem;
import io.raftengine.recovery.RecoveryMode;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
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

    /** B1. */
    @Test
    void theDefaultsReadBackEqualInEveryValueAndNameNoSpillDir() throws Exception {
        EngineConfig config = EngineConfig.builder(DIR).build();

        EngineConfig again = readBack(config);

        assertThat(config.toMap()).doesNotContainKeys("spill-dir", "memory-limit", "prefill-limit");
        assertThat(again).isEqualTo(config);
        assertThat(valuesOf(again))
                .isEqualTo(valuesOf(config))
                .containsEntry("warnings", List.of());
    }

    /** B1: with equality going by what is printed, a value that is not printed is never missed. */
    @Test
    void everyKeyIsPrintedAsItWasSetAndReadBack() throws Exception {
        Map<String, String> common = new TreeMap<>();
        common.put("dir", "some where");
        common.put("spill-dir", "else where");
        common.put("recovery-mode", "absolute-consistency");
        common.put("recovery-read-block-size", "2KiB");
        common.put("recovery-threads", "7");
        common.put("batch-compression-threshold", "0KiB");
        common.put("compression-level", "3");
        common.put("target-file-size", "1MiB");
        common.put("purge-threshold", "30MiB");
        common.put("purge-rewrite-threshold", "12345B");
        common.put("purge-rewrite-garbage-ratio", "0.1");
        common.put("memory-limit", "77MiB");
        common.put("prefill", "always");
        common.put("purge-head-room", "3KiB");
        common.put("purge-append-garbage-ratio", "0.7");
        common.put("purge-bytes-per-second", "9GiB");
        common.put("background-purge-interval", "1500ms");
        common.put("verify-every-read", "true");
        Map<String, String> recycling = new TreeMap<>(common);
        recycling.put("format-version", "2");
        recycling.put("enable-log-recycle", "true");
        recycling.put("prefill-for-recycle", "true");
        recycling.put("prefill-limit", "5MiB");
        Map<String, String> old = new TreeMap<>(common);
        old.put("format-version", "1");
        old.put("enable-log-recycle", "false");
        old.put("prefill-for-recycle", "false");

        Set<String> keys = new TreeSet<>();
        for (Map<String, String> values : List.of(recycling, old)) {
            EngineConfig.Builder builder = EngineConfig.builder();
            values.forEach(builder::set);
            EngineConfig config = builder.build();
            assertThat(config.toMap()).isEqualTo(values);
            assertThat(valuesOf(readBack(config))).isEqualTo(valuesOf(config));
            keys.addAll(values.keySet());
        }
        keys.add("bytes-per-sync"); // has no effect, so there is nothing to print
        assertThat(keys)
                .containsExactlyInAnyOrderElementsOf(
                        Arrays.stream(ConfigKey.values()).map(ConfigKey::spelling).toList());
        Map<String, String> defaults = EngineConfig.builder(DIR).build().toMap();
        assertThat(common)
                .as("none is a default")
                .noneSatisfy((key, value) -> assertThat(defaults).containsEntry(key, value));
    }

    private static EngineConfig readBack(EngineConfig config) {
        EngineConfig.Builder again = EngineConfig.builder();
        config.toMap().forEach(again::set);
        return again.build();
    }

    /** What every public method without parameters answers, by name. */
    private static Map<String, Object> valuesOf(EngineConfig config) throws Exception {
        Map<String, Object> values = new TreeMap<>();
        for (Method method : EngineConfig.class.getMethods()) {
            if (method.getDeclaringClass() == EngineConfig.class
                    && method.getParameterCount() == 0
                    && !Modifier.isStatic(method.getModifiers())) {
                values.put(method.getName(), method.invoke(config));
            }
        }
        assertThat(values).hasSizeGreaterThan(ConfigKey.values().length - 2);
        return values;
    }

    /** B3: a tenth of the purge threshold, but no less than a segment. */
    @Test
    void theRewriteThresholdIsNoLessThanTheTarget() {
        assertThat(rewriteThreshold("2GB", "10GB")).isEqualTo(2L << 30);
        assertThat(rewriteThreshold("1GB", "10GB")).isEqualTo(1L << 30);
        assertThat(rewriteThreshold("1GB", "20GB")).isEqualTo(2L << 30);
        assertThat(rewriteThreshold("2GB", "2GB")).isEqualTo(2L << 30);
        EngineConfig given =
                EngineConfig.builder(DIR)
                        .set("purge-rewrite-threshold", "1MB")
                        .set("target-file-size", "2GB")
                        .build();
        assertThat(given.purgeRewriteThresholdBytes()).as("set by hand").isEqualTo(1 << 20);
        assertThat(given.warnings()).isEmpty();
    }

    private static long rewriteThreshold(String target, String purge) {
        return EngineConfig.builder(DIR)
                .set("target-file-size", target)
                .set("purge-threshold", purge)
                .build()
                .purgeRewriteThresholdBytes();
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
        assertThat(config.warnings())
                .satisfiesExactlyInAnyOrder(
                        warning -> assertThat(warning).contains("recovery-read-block-size"),
                        warning -> assertThat(warning).contains("recovery-threads"),
                        warning -> assertThat(warning).contains("prefill-limit"));
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
