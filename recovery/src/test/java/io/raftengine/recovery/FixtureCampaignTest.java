package io.raftengine.recovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.raftengine.log.io.FileSystem;
import io.raftengine.testing.fs.UnsyncedFileSystem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Directories written by the real engine, whole and damaged, against what the real engine made of
 * them (Q15). Runs where those directories are. Where our decisions ask for something else, the
 * difference stands, with its reason, in {@code accepted-differences.txt}; any other difference
 * fails, and so does an accepted one that is none any more.
 */
class FixtureCampaignTest {
    private static final String ACCEPTED = "docs/accepted-differences.txt";

    /** Thousands of openings; nobody cuts the power here. */
    private static final FileSystem FAST = UnsyncedFileSystem.over(FileSystem.local());

    @TempDir Path temp;
    private Path fixtures;

    @BeforeEach
    void find() {
        String property = System.getProperty("raftengine.fixtures");
        fixtures = property == null ? topLevel().resolve("../shared/fixtures") : Path.of(property);
        assumeThat(Files.isDirectory(fixtures)).as("fixtures in " + fixtures).isTrue();
    }

    /** Tests run in the module's folder; the fixtures are beside the project. */
    private static Path topLevel() {
        Path here = Path.of("").toAbsolutePath();
        return Files.exists(here.resolve("../pom.xml")) ? here.getParent() : here;
    }

    @Test
    void everyDirectoryOpensWithTheStateItWasLeftIn() throws IOException {
        List<String> differences = new ArrayList<>();
        int checked = 0;
        int split = 0;
        for (Path fixture : directories()) {
            Map<String, String> expected = expected(fixture.resolve("expected.jsonl"));
            for (RecoveryMode mode : RecoveryMode.values()) {
                for (int threads : new int[] {1, 4}) {
                    Path dir = copy(fixture);
                    RecoveryFixture run = new RecoveryFixture(dir.resolve("data"));
                    run.on(FAST).threads(threads);
                    Path spill = dir.resolve("spill");
                    List<Path> dirs =
                            Files.exists(spill)
                                    ? List.of(dir.resolve("data"), spill)
                                    : List.of(dir.resolve("data"));
                    RecoveryFixture.Outcome opened = run.recover(mode, dirs);
                    String found = outcome(opened);
                    checked++;
                    split += opened.error() == null && opened.report().threads() > 1 ? 1 : 0;
                    if (!found.equals("state " + expected)) {
                        differences.add(
                                fixture.getFileName() + " whole " + mode.key() + ": " + found);
                    }
                }
            }
        }
        assertThat(checked).isGreaterThan(200);
        assertThat(split).as("replayed by several threads").isGreaterThan(checked / 4);
        compare(differences, true);
    }

    @Test
    void everyDamagedVariantIsJudgedAsTheRealEngineDoesOrAsDecided() throws IOException {
        List<String> differences = new ArrayList<>();
        int checked = 0;
        for (Path fixture : directories()) {
            Path variants = fixture.resolve("variants.jsonl");
            if (!Files.exists(variants)) {
                continue;
            }
            for (String line : Files.readAllLines(variants)) {
                Map<?, ?> variant = (Map<?, ?>) TestJson.parse(line);
                for (RecoveryMode mode : RecoveryMode.values()) {
                    String expected = expected((Map<?, ?>) variant.get("expected"), mode.key());
                    Path dir = copy(fixture).resolve("data");
                    damage(dir, (List<?>) variant.get("changes"));
                    RecoveryFixture run = new RecoveryFixture(dir).on(FAST).threads(2);
                    RecoveryFixture.Outcome readOnly = run.readOnly(true).recover(mode);
                    RecoveryFixture.Outcome outcome = run.readOnly(false).recover(mode);
                    String found = outcome(outcome);
                    checked++;
                    assertThat(outcome(readOnly)).isEqualTo(found);
                    if (!sameOutcome(expected, found)) {
                        differences.add(
                                fixture.getFileName()
                                        + " "
                                        + variant.get("name")
                                        + " "
                                        + mode.key()
                                        + ": "
                                        + brief(found)
                                        + ", reference "
                                        + brief(expected));
                    }
                    if (outcome.error() == null) {
                        // What was decided is durable: the next open has nothing to drop and sees
                        // the same.
                        RecoveryFixture.Outcome again = run.recover(mode);
                        assertThat(again.report().dropped()).isEmpty();
                        assertThat(outcome(again)).isEqualTo(found);
                    }
                }
            }
        }
        assertThat(checked).isEqualTo(3 * 392);
        compare(differences, false);
    }

    private static boolean sameOutcome(String expected, String found) {
        // A refusal is a refusal: the reference's classes differ from ours, and some are panics
        // (D6).
        return expected.startsWith("error") ? found.startsWith("error") : expected.equals(found);
    }

    private static String brief(String outcome) {
        return outcome.startsWith("state") ? "opens" : outcome.lines().findFirst().orElse("");
    }

    private static String outcome(RecoveryFixture.Outcome outcome) {
        if (outcome.error() != null) {
            return "error " + outcome.error().getClass().getSimpleName();
        }
        if (outcome.state().containsKey("read error")) {
            return "opens, reading fails";
        }
        return "state " + outcome.state();
    }

    // ------------------------------------------------------------------ expectations

    private static String expected(Map<?, ?> modes, String mode) {
        Map<?, ?> one = (Map<?, ?>) modes.get(mode);
        if (one.containsKey("as")) {
            return expected(modes, (String) one.get("as"));
        }
        if (one.containsKey("error")) {
            return "error " + one.get("error");
        }
        if (one.containsKey("read_error")) {
            return "opens, reading fails";
        }
        TreeMap<String, String> state = new TreeMap<>();
        for (Object group : (List<?>) one.get("state")) {
            add(state, (Map<?, ?>) group);
        }
        return "state " + state;
    }

    private static TreeMap<String, String> expected(Path file) throws IOException {
        TreeMap<String, String> state = new TreeMap<>();
        for (String line : Files.readAllLines(file)) {
            add(state, (Map<?, ?>) TestJson.parse(line));
        }
        return state;
    }

    private static void add(TreeMap<String, String> state, Map<?, ?> group) {
        Map<String, String> kvs = new LinkedHashMap<>();
        for (Object pair : (List<?>) group.get("kvs")) {
            Map<?, ?> kv = (Map<?, ?>) pair;
            kvs.put((String) kv.get("key"), (String) kv.get("value"));
        }
        String first = (String) group.get("first");
        if (first == null && kvs.isEmpty()) {
            return; // a group that holds nothing (D12)
        }
        state.put(
                (String) group.get("group"),
                StateReader.line(
                        String.valueOf(first),
                        String.valueOf(group.get("last")),
                        (String) group.get("entries_crc32"),
                        kvs));
    }

    private void compare(List<String> differences, boolean whole) throws IOException {
        Set<String> accepted = new LinkedHashSet<>();
        Files.readAllLines(topLevel().resolve(ACCEPTED)).stream()
                .filter(line -> !line.isBlank() && !line.startsWith("#"))
                .map(line -> line.substring(0, line.indexOf(" | ")))
                .filter(line -> line.contains(" whole ") == whole)
                .forEach(accepted::add);
        Set<String> found = new LinkedHashSet<>(differences);
        String dump = System.getProperty("raftengine.differences");
        if (dump != null) {
            Files.write(Path.of(dump), found);
        }
        assertThat(found).containsExactlyInAnyOrderElementsOf(accepted);
    }

    // ------------------------------------------------------------------ directories

    private List<Path> directories() throws IOException {
        try (Stream<Path> all = Files.list(fixtures)) {
            return all.filter(p -> Files.exists(p.resolve("expected.jsonl"))).sorted().toList();
        }
    }

    private Path copy(Path fixture) throws IOException {
        Path target = Files.createTempDirectory(temp, "copy");
        try (Stream<Path> files = Files.walk(fixture)) {
            for (Path file : files.toList()) {
                Path to = target.resolve(fixture.relativize(file).toString());
                if (Files.isDirectory(file)) {
                    Files.createDirectories(to);
                } else if (!file.toString().endsWith(".jsonl")) {
                    Files.write(to, Files.readAllBytes(file));
                }
            }
        }
        Files.createDirectories(target.resolve("data"));
        return target;
    }

    private static void damage(Path dir, List<?> changes) throws IOException {
        for (Object each : changes) {
            Map<?, ?> change = (Map<?, ?>) each;
            Path file = dir.resolve((String) change.get("file"));
            if (change.containsKey("delete")) {
                Files.delete(file);
            } else if (change.containsKey("rename")) {
                Files.move(file, dir.resolve((String) change.get("rename")));
            } else {
                byte[] bytes = Files.readAllBytes(file);
                if (change.containsKey("truncate")) {
                    int size = Integer.parseInt((String) change.get("truncate"));
                    bytes = java.util.Arrays.copyOf(bytes, size);
                } else {
                    byte[] patch = HexFormat.of().parseHex((String) change.get("hex"));
                    int offset = Integer.parseInt((String) change.get("offset"));
                    int size = Math.max(bytes.length, offset + patch.length);
                    bytes = java.util.Arrays.copyOf(bytes, size);
                    System.arraycopy(patch, 0, bytes, offset, patch.length);
                }
                Files.write(file, bytes);
            }
        }
    }
}
