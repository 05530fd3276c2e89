package io.raftengine.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.log.format.FormatVersion;
import io.raftengine.log.io.FileSystem;
import java.nio.ByteBuffer;
import java.util.function.IntUnaryOperator;
import java.util.function.LongFunction;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Segments that end too early (H16). */
@Timeout(120)
class CutSegmentTest {
    private static EngineConfig.Builder version(FormatVersion version) {
        return WorkloadRun.config(EngineFixture.DIR)
                .formatVersion(version)
                .enableLogRecycle(version == FormatVersion.V2);
    }

    /** H16: cut anywhere, it opens with the batches that are whole, and not one less. */
    @ParameterizedTest
    @EnumSource(FormatVersion.class)
    void aCutFileOpensWithTheBatchesThatAreWhole(FormatVersion version) {
        try (EngineFixture f = new EngineFixture(version(version)).open()) {
            // Batches of a single entry are read in a way of their own.
            for (int b = 1, next = 1; b <= 12; b++) {
                f.append(1, next, 1 + b % 2, true);
                next += 1 + b % 2;
            }
            f.engine.close();
            int length = f.length(1);
            for (int cut = 1; cut <= length; cut += cut < 200 || cut >= length - 80 ? 1 : 7) {
                cutAndOpen(
                        f,
                        version,
                        length - cut,
                        b -> b + (b + 1) / 2,
                        i -> EngineFixture.entry(1, i));
            }
        }
    }

    /** H16: one big file, read in many windows; less by a byte, and all of it but a byte. */
    @ParameterizedTest
    @EnumSource(FormatVersion.class)
    void aBigFileOpensWithoutItsLastByteAndWithItsFirstAlone(FormatVersion version) {
        EngineConfig.Builder big =
                version(version).targetFileSizeBytes(16 << 20).purgeThresholdBytes(64 << 20);
        try (EngineFixture f = new EngineFixture(big).open()) {
            for (int i = 1; i <= 40; i++) {
                try (LogBatch batch = f.engine.newBatch()) {
                    batch.addEntry(1, i, Workload.value(1, i, 100_000));
                    f.write(batch, i % 7 == 0);
                }
            }
            f.engine.close();
            assertThat(f.length(1)).isGreaterThan(1 << 20);
            for (int length : new int[] {f.length(1) - 1, f.length(1) / 2, 1}) {
                cutAndOpen(f, version, length, b -> b, i -> Workload.value(1, i, 100_000));
            }
        }
    }

    private static void cutAndOpen(
            EngineFixture f,
            FormatVersion version,
            int length,
            IntUnaryOperator lastOf,
            LongFunction<byte[]> entry) {
        byte[] whole = f.disk.contents(f.segment(1));
        int batches = batchesWithin(whole, version, length);
        try (EngineFixture shorter = f.afterPowerCut(0)) {
            try (var file = shorter.disk.open(shorter.segment(1), FileSystem.OpenMode.WRITE)) {
                file.truncate(length);
            }
            shorter.open();
            long last = shorter.engine.lastIndex(1);
            assertThat(last)
                    .as("%d of %d bytes", length, whole.length)
                    .isEqualTo(batches == 0 ? RaftEngine.NO_INDEX : lastOf.applyAsInt(batches));
            for (long i = 1; i <= last; i++) {
                assertThat(shorter.engine.getEntry(1, i)).isEqualTo(entry.apply(i));
            }
            shorter.append(2, 1, 1, true);
            shorter.reopen();
            assertThat(shorter.holds(2, 1, 1)).isTrue();
            assertThat(shorter.engine.lastIndex(1)).isEqualTo(last);
        }
    }

    /** How many batches with entries end within the first bytes of a segment. */
    private static int batchesWithin(byte[] segment, FormatVersion version, int length) {
        ByteBuffer bytes = ByteBuffer.wrap(segment);
        int batches = 0;
        int at = version.headerBytes();
        while (at < segment.length) {
            int end = at + (int) (bytes.getLong(at) >>> 8);
            boolean hasEntries = bytes.getLong(at + 8) > 16;
            batches += hasEntries && end <= length ? 1 : 0;
            at = end;
        }
        return batches;
    }
}
