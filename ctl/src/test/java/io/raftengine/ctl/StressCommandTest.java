package io.raftengine.ctl;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.engine.Durability;
import io.raftengine.engine.EngineConfig;
import io.raftengine.engine.LogBatch;
import io.raftengine.engine.RaftEngine;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StressCommandTest {
    @TempDir Path temp;

    private Path data;

    @BeforeEach
    void nameTheDirectory() {
        data = temp.resolve("data");
    }

    private Cli stress(String... more) {
        String[] fixed = {
            "stress",
            "--path",
            data.toString(),
            "--time",
            "0.4",
            "--target-file-size",
            "64KB",
            "--purge-threshold",
            "1MB",
            "--entry-size",
            "64"
        };
        if (!List.of(more).contains("--purge-interval")) {
            fixed = Arrays.copyOf(fixed, fixed.length + 2);
            fixed[fixed.length - 2] = "--purge-interval";
            fixed[fixed.length - 1] = "0";
        }
        String[] all = Arrays.copyOf(fixed, fixed.length + more.length);
        System.arraycopy(more, 0, all, fixed.length, more.length);
        return Cli.run(all);
    }

    @ParameterizedTest
    @ValueSource(strings = {"--write-without-sync", "--virtual-threads", "--compact-count=50"})
    void everyAcknowledgedEntryIsThereAndAsWritten(String option) {
        Cli cli =
                stress(
                        "--verify",
                        "--ack",
                        "--write-threads",
                        "2",
                        "--read-threads",
                        "2",
                        "--regions",
                        "10",
                        option);
        assertThat(cli.status()).as(cli.err()).isZero();
        assertThat(cli.err()).contains("[write]").contains("[read]").contains("all as written");
        Map<String, String> acknowledged = new HashMap<>();
        cli.lines().forEach(line -> acknowledged.put(line.split(" ")[0], line.split(" ")[1]));
        assertThat(acknowledged).hasSize(10);
        Cli exported = Cli.run("export", "--path", data.toString());
        acknowledged.forEach((group, last) ->
                assertThat(exported.lines())
                        .anyMatch(line ->
                                line.startsWith("{\"group\":" + group + ",")
                                        && line.contains("\"last\":" + last + ",")));
    }

    @Test
    void aSecondRunContinuesBehindTheLastEntriesAndVerifiesTheFirst() {
        assertThat(stress("--verify", "--ack").status()).isZero();
        Cli before = Cli.run("export", "--path", data.toString());
        Cli again = stress("--verify", "--ack", "--reuse-data");
        assertThat(again.status()).as(again.err()).isZero();
        String firstLine = before.lines().getFirst();
        long last = Long.parseLong(firstLine.replaceAll(".*\"last\":(\\d+),.*", "$1"));
        assertThat(again.lines().stream().filter(line -> line.startsWith("0 ")).findFirst())
                .contains("0 " + (last + 10));
        assertThat(stress("--verify", "--reuse-data", "--seed", "1").status()).isEqualTo(1);
    }

    @Test
    void figuresAreJsonOnStandardOutputAlone() {
        Cli cli = stress("--json", "-", "--write-ops-per-thread", "100", "--read-threads", "1");
        assertThat(cli.status()).isZero();
        assertThat(cli.lines()).hasSize(1);
        assertThat(cli.out())
                .startsWith("{\"settings\":{")
                .contains("\"write\":{\"ops\":", "\"service_us\":{", "\"read\":{\"ops\":")
                .contains("\"latency_us\":{\"min\":", "\"p99_9\":", "\"histogram\":\"")
                .contains("\"process\":{\"resident_bytes\":", "\"allocated_bytes_per_op\":")
                .contains("\"engine\":{\"rotations\":", "\"batches_per_sync\":")
                .contains("\"checked\":true");
        assertThat(cli.err()).contains("Throughput(QPS)").contains("Service(us)");
    }

    @Test
    void figuresThatCanGoNowhereAreRefusedBeforeAnythingIsDone() throws IOException {
        Files.createDirectories(data);
        Path segment = Files.writeString(data.resolve("0000000000000001.raftlog"), "a log");

        Cli cli = stress("--json", temp.resolve("nowhere/figures.json").toString());

        assertThat(cli.status()).isEqualTo(1);
        assertThat(cli.err()).contains("nowhere");
        assertThat(segment).hasContent("a log");
    }

    /** The next run would refuse to empty the directory; and this one may overwrite a segment. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "data/figures.json",
                "data/0000000000000001.raftlog",
                "data/below/figures.json",
                "link/figures.json",
                "pointer.json",
                "spill/figures.json",
                "nowhere/../data/figures.json"
            })
    void figuresThatWouldLieAmongTheSegmentsAreRefusedBeforeAnythingIsDone(String file)
            throws IOException {
        Files.createDirectories(data);
        Files.createDirectories(temp.resolve("spill"));
        Files.createSymbolicLink(temp.resolve("link"), data);
        Path segment = Files.writeString(data.resolve("0000000000000001.raftlog"), "a log");
        Files.createSymbolicLink(temp.resolve("pointer.json"), segment);

        Cli cli =
                stress(
                        "--json",
                        temp.resolve(file).toString(),
                        "--set",
                        "spill-dir=" + temp.resolve("spill"));

        assertThat(cli.status()).isEqualTo(2);
        assertThat(cli.err()).contains("--json").contains("data directory");
        assertThat(segment).hasContent("a log");
        assertThat(data).isDirectoryContaining(path -> path.equals(segment));
        assertThat(temp.resolve("spill")).isEmptyDirectory();
    }

    @Test
    void figuresMayLieBesideADirectoryThatIsNotThereYet() {
        Path figures = temp.resolve("data.json");
        Cli within = stress("--json", data.resolve("figures.json").toString());
        assertThat(within.status()).isEqualTo(2);
        assertThat(data).doesNotExist();
        assertThat(stress("--json", figures.toString()).status()).isZero();
        assertThat(figures).isNotEmptyFile();
    }

    @Test
    void aDirectoryWithForeignFilesIsNotEmptied() throws IOException {
        Files.createDirectories(data);
        Path precious = Files.writeString(data.resolve("thesis.txt"), "years of work");
        Cli cli = stress();
        assertThat(cli.status()).isEqualTo(2);
        assertThat(cli.err()).contains("thesis.txt").contains("refusing");
        assertThat(precious).hasContent("years of work");
    }

    @Test
    void aDirectoryThatAnEngineHasOpenKeepsEveryFile() throws IOException {
        EngineConfig config = EngineConfig.builder(data).build();
        try (RaftEngine engine = RaftEngine.open(config);
                LogBatch batch = engine.newBatch()) {
            batch.addEntry(7, 1, "kept".getBytes(StandardCharsets.UTF_8));
            engine.write(batch, Durability.SYNC);
            List<Object> before = inodes(data);

            Cli cli = stress();

            assertThat(cli.status()).isEqualTo(1);
            assertThat(cli.err()).contains("holds the lock");
            assertThat(inodes(data)).containsAll(before);
        }
        assertThat(Cli.run("export", "--path", data.toString()).lines()).hasSize(1);
    }

    @Test
    void theLockFileOutlivesTheEmptying() throws IOException {
        assertThat(stress().status()).isZero();
        Object lock = Files.getAttribute(data.resolve("LOCK"), "unix:ino");

        assertThat(stress().status()).isZero();

        assertThat(Files.getAttribute(data.resolve("LOCK"), "unix:ino")).isEqualTo(lock);
    }

    @Test
    void anEmptyRunBeginsWithAnEmptySpillDirectory() throws IOException {
        Path spill = Files.createDirectories(temp.resolve("spill"));
        Files.writeString(spill.resolve("0000000000000009.raftlog"), "an older run");

        Cli cli = stress("--set", "spill-dir=" + spill);

        assertThat(cli.status()).as(cli.err()).isZero();
        assertThat(spill.resolve("0000000000000009.raftlog")).doesNotExist();
        assertThat(Cli.run("check", "--path", data.toString()).status()).isZero();
    }

    @Test
    void aForeignFileInTheSpillDirectoryKeepsBothDirectories() throws IOException {
        Path spill = Files.createDirectories(temp.resolve("spill"));
        Path precious = Files.writeString(spill.resolve("thesis.txt"), "years of work");
        Files.createDirectories(data);
        Path segment = Files.writeString(data.resolve("0000000000000001.raftlog"), "a log");

        Cli cli = stress("--set", "spill-dir=" + spill);

        assertThat(cli.status()).isEqualTo(2);
        assertThat(precious).exists();
        assertThat(segment).hasContent("a log");
        assertThat(spill.resolve("LOCK")).doesNotExist();
    }

    @Test
    void aSpillDirectoryThatIsTheDirectoryItselfIsRefusedBeforeAnythingIsDeleted()
            throws IOException {
        Files.createDirectories(data);
        Path segment = Files.writeString(data.resolve("0000000000000001.raftlog"), "a log");

        Cli cli = stress("--set", "spill-dir=" + data.resolve("."));

        assertThat(cli.status()).isEqualTo(2);
        assertThat(cli.err()).contains("spill-dir");
        assertThat(segment).hasContent("a log");
    }

    @Test
    void whatRecoveryCutOffASegmentIsAnEnginesFile() throws IOException {
        Files.createDirectories(data);
        Path side = data.resolve("cut-0000000000000001.raftlog-at-115-2.bytes");
        Files.writeString(side, "rot");

        assertThat(stress().status()).isZero();
        assertThat(side).doesNotExist();

        Path foreign = Files.writeString(data.resolve("cut-hedge-at-2.bytes"), "photographs");
        assertThat(stress().status()).isEqualTo(2);
        assertThat(foreign).exists();
    }

    private static List<Object> inodes(Path dir) throws IOException {
        List<Object> found = new ArrayList<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(dir)) {
            for (Path file : files) {
                found.add(List.of(file, Files.getAttribute(file, "unix:ino")));
            }
        }
        return found;
    }

    /**
     * A slow machine needs several runs, each behind the last, until there is something to drop and
     * a write that met a purge.
     */
    @Test
    @Timeout(300)
    void purgesDropSegmentsWhileEverythingStaysAsWritten() {
        List<String> purging =
                List.of(
                        "--purge-interval",
                        "0.05",
                        "--compact-count",
                        "200",
                        "--write-without-sync",
                        "--regions",
                        "10",
                        "--verify",
                        "--sample-interval",
                        "0.1",
                        "--json",
                        "-",
                        "--reuse-data");
        Cli cli;
        do {
            cli = stress(purging.toArray(String[]::new));
            assertThat(cli.status()).as(cli.err()).isZero();
        } while (number(cli, "append_segments_dropped") == 0
                || !cli.err().contains("p99 during / outside purge = "));
        assertThat(cli.err()).contains("[purge]");
        assertThat(number(cli, "purges")).isPositive();
        assertThat(cli.out())
                .contains("\"during_purge\":{\"ops\":", "\"outside_purge\":{\"ops\":")
                .contains("\"during_control\":{\"ops\":", "\"control_p99_ratio\":")
                .contains(
                        "\"samples\":[{\"s\":",
                        "\"descriptors\":",
                        "\"mappings\":",
                        "\"write_p99_us\":",
                        "\"write_max_us\":")
                .contains("\"written_bytes\":", "\"live_entries\":");
        assertThat(number(cli, "descriptors")).isPositive();
        assertThat(number(cli, "mappings")).isPositive();
        assertThat(stress("--verify", "--reuse-data", "--write-ops-per-thread", "1").status())
                .isZero();
    }

    /**
     * The pace makes known what is counted: the operations due within {@code --time}, and not one
     * of those before.
     */
    @ParameterizedTest
    @ValueSource(strings = {"--reuse-data", "--virtual-threads", "--write-without-sync"})
    void theWarmUpIsWrittenAcknowledgedAndVerifiedButCountedInNoFigure(String option)
            throws IOException {
        Path figures = temp.resolve("figures.json");

        Cli cli =
                stress(
                        "--warm-up",
                        "1",
                        "--write-ops-per-thread",
                        "50",
                        "--write-threads",
                        "2",
                        "--regions",
                        "2",
                        "--write-region-count",
                        "1",
                        "--write-entry-count",
                        "1",
                        "--ack",
                        "--verify",
                        "--json",
                        figures.toString(),
                        option);

        assertThat(cli.status()).as(cli.err()).isZero();
        Cli json = new Cli(0, Files.readString(figures), "");
        assertThat(number(json, "ops")).isEqualTo(2 * 20);
        assertThat(cli.lines()).hasSizeGreaterThan(2 * 20);
        assertThat(number(json, "live_entries")).isEqualTo(cli.lines().size());
        assertThat(number(json, "verified_entries")).isEqualTo(cli.lines().size());
        assertThat(number(json, "batches")).isLessThan(cli.lines().size());
        assertThat(json.out()).contains("\"time\":0.4,\"warm_up\":1.0,");
        assertThat(cli.err()).contains("[warm-up]\nSeconds = 1.0, ");
    }

    /** The first number of that name. */
    private static long number(Cli cli, String name) {
        Matcher found = Pattern.compile("\"" + name + "\":(\\d+)").matcher(cli.out());
        assertThat(found.find()).as(name).isTrue();
        return Long.parseLong(found.group(1));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--hot-regions=1",
                "--idle-regions=-0.1",
                "--hot-writes=1.5",
                "--sample-interval=-1",
                "--warm-up=-0.1",
                "--warm-up=1e7",
                "--warm-up=NaN"
            })
    void sharesAndIntervalsOutsideTheirRangesAreBadUsage(String option) {
        Cli cli = stress(option);
        assertThat(cli.status()).isEqualTo(2);
        assertThat(cli.err()).contains(option.substring(0, option.indexOf('=')));
    }
}
