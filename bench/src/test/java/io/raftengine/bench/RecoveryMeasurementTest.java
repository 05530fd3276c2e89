package io.raftengine.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftengine.bench.RecoveryMeasurement.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The directories of the recovery benchmark are what they are said to be (P1). */
class RecoveryMeasurementTest {
    @TempDir Path dir;

    @ParameterizedTest
    @EnumSource(Shape.class)
    void aDirectoryOfEachShapeOpensWithAllOfItsEntriesWhereverTheyAre(Shape shape)
            throws IOException {
        Path directory = dir.resolve("data");
        long divisor = shape.bytes / (8 << 20);

        long entries = RecoveryMeasurement.fill(shape, directory, divisor);
        long[] nanos = RecoveryMeasurement.measure(shape, directory, entries, 2);

        assertThat(entries).isEqualTo((8 << 20) / shape.entryBytes);
        assertThat(nanos).hasSize(2).doesNotContain(0L);
        boolean compressed = shape.compressionThreshold > 0;
        assertThat(bytes(directory) < 8 << 20).as("compressed").isEqualTo(compressed);
    }

    @Test
    void anOpenThatLacksSomethingIsNoFigure() {
        Path directory = dir.resolve("data");
        long entries = RecoveryMeasurement.fill(Shape.DEFAULT, directory, 1024);

        assertThatThrownBy(
                        () -> RecoveryMeasurement.measure(Shape.DEFAULT, directory, entries + 1, 1))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining(entries + " entries of");
    }

    private static long bytes(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(file -> file.toString().endsWith(".raftlog"))
                    .mapToLong(file -> file.toFile().length())
                    .sum();
        }
    }
}
