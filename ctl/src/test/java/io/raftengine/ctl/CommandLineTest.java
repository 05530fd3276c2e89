package io.raftengine.ctl;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.log.io.FileSystem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Exit statuses and messages, as users and their scripts meet them. */
class CommandLineTest {
    private static final String WRITE =
            "{\"op\":\"write\",\"sync\":true,\"items\":[{\"group\":7,\"append\":{\"first\":1,\"term\":1,\"data\":[\"AA==\"]}}]}\n";

    @TempDir Path temp;

    private Path data;

    @BeforeEach
    void nameTheDirectory() {
        data = temp.resolve("data");
    }

    private Cli apply(String script, String... more) {
        String[] arguments = {"apply", "--path", data.toString(), "--script", "-"};
        String[] all = Arrays.copyOf(arguments, arguments.length + more.length);
        System.arraycopy(more, 0, all, arguments.length, more.length);
        return Cli.runWithInput(script, all);
    }

    private Path config(String text) throws IOException {
        return Files.writeString(temp.resolve("engine.toml"), text);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "stress",
                "dump",
                "export",
                "info",
                "apply",
                "serve",
                "check",
                "fork",
                "try-purge"
            })
    void everyCommandHasHelp(String command) {
        Cli cli = Cli.run(command, "--help");
        assertThat(cli.status()).isZero();
        assertThat(cli.out()).startsWith("Usage: raft-engine " + command);
        assertThat(cli.err()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"--help", "--version", "dump --help", "stress --version", "stress"})
    void outputThatCannotBeWrittenIsAFailure(String command) {
        String full = command.equals("stress") ? "stress --time 0.1 --path " + data : command;

        Cli cli = Cli.runWithFullOutput(full.split(" "));

        assertThat(cli.status()).isEqualTo(1);
        assertThat(cli.err().lines()).hasSize(1).first().asString().contains("standard output");
    }

    @Test
    void badUsageIsStatusTwoAndOneLine() {
        for (String[] bad :
                List.of(
                        new String[] {"nonsense"},
                        new String[] {"export"},
                        new String[] {"export", "--path", "x", "--nonsense"},
                        new String[] {"apply", "--path", "x", "--script", "no/such/file"},
                        new String[] {"export", "--path", "x", "--set", "no-equals-sign"},
                        new String[] {"export", "--path", "x", "--set", "dir=y"},
                        new String[] {"export", "--path", "x", "--config", "no/such/file"},
                        new String[] {
                            "stress", "--path", "x", "--regions", "2", "--write-threads", "3"
                        },
                        new String[] {"dump", "--path", "x", "--raft-groups", "seven"})) {
            Cli cli = Cli.run(bad);
            assertThat(cli.status()).as(String.join(" ", bad)).isEqualTo(2);
            assertThat(cli.err().lines()).as(String.join(" ", bad)).hasSize(1);
            assertThat(cli.out()).isEmpty();
        }
    }

    @Test
    void noBackgroundPurgeMayBeWrittenAsANumber() throws IOException {
        Path file = config("background-purge-interval = 0\n");
        assertThat(apply(WRITE, "--config", file.toString()).status()).isZero();
    }

    @Test
    void configurationErrorsNameKeyAndLine() throws IOException {
        // D24: unlike the reference, an unknown key is not passed over.
        Path file = config("# comment\ntarget-file-size = \"4KB\"\nunknown-key = 1\n");
        Cli cli = Cli.run("export", "--path", data.toString(), "--config", file.toString());
        assertThat(cli.status()).isEqualTo(2);
        assertThat(cli.err()).contains("unknown-key").contains("line 3");

        file = config("\n\nrecovery-threads = \"many\"\n");
        cli = Cli.run("export", "--path", data.toString(), "--config", file.toString());
        assertThat(cli.status()).isEqualTo(2);
        assertThat(cli.err()).contains("recovery-threads").contains("line 3").contains("many");

        file = config("target-file-size = \"8KB\"\npurge-threshold = \"4KB\"\n");
        cli = Cli.run("export", "--path", data.toString(), "--config", file.toString());
        assertThat(cli.status()).isEqualTo(2);
        assertThat(cli.err()).contains("purge-threshold").contains("line 2");

        file = config("target-file-size = = 1\n");
        cli = Cli.run("export", "--path", data.toString(), "--config", file.toString());
        assertThat(cli.status()).isEqualTo(2);
        assertThat(cli.err()).contains("line 1, column");

        file = config("[section]\nkey = 1\n");
        cli = Cli.run("export", "--path", data.toString(), "--config", file.toString());
        assertThat(cli.status()).isEqualTo(2);
        assertThat(cli.err()).contains("section").contains("line 1");
    }

    @Test
    void setWinsOverTheFileAndSaysSoWhenItIsWrong() throws IOException {
        Path file = config("target-file-size = \"2KB\"\npurge-threshold = \"4KB\"\n");
        Cli cli = apply(WRITE, "--config", file.toString(), "--set", "target-file-size=8KB");
        assertThat(cli.status()).isEqualTo(2);
        assertThat(cli.err()).contains("purge-threshold").contains("8KiB");
        cli = apply(WRITE, "--config", file.toString(), "--set", "target-file-size=lots");
        assertThat(cli.err()).contains("target-file-size").contains("(--set)");
        assertThat(apply(WRITE, "--config", file.toString()).status()).isZero();
    }

    /** It would be the directory that the command happens to run in. */
    @Test
    void anEmptySpillDirIsNoneAndAnEmptyDirIsAnError() throws IOException {
        Path spill = temp.resolve("spill");
        Path file = config("spill-dir = \"\"\n");
        assertThat(apply(WRITE, "--config", file.toString()).status()).isZero();
        assertThat(Path.of(FileSystem.LOCK_NAME)).doesNotExist();
        file = config("spill-dir = \"" + spill + "\"\n");
        assertThat(apply(WRITE, "--config", file.toString(), "--set", "spill-dir=").status())
                .isZero();
        assertThat(Path.of(FileSystem.LOCK_NAME)).doesNotExist();
        assertThat(spill).doesNotExist();

        for (String command : List.of("export", "info", "check", "try-purge")) {
            Cli cli = Cli.run(command, "--path", "");
            assertThat(cli.status()).as(command).isEqualTo(2);
            assertThat(cli.err()).as(command).contains("dir: is missing");
        }
        // The real engine writes this key even where it is unset; the option says where.
        file = config("dir = \"\"\n");
        assertThat(apply(WRITE, "--config", file.toString()).status()).isZero();
    }

    @Test
    void aDirectoryThatIsAFileIsAnErrorOfOneLine() throws IOException {
        Path file = Files.writeString(temp.resolve("file"), "x");
        for (String command : List.of("export", "info")) {
            Cli cli = Cli.run(command, "--path", file.toString());
            assertThat(cli.status()).as(command).isEqualTo(1);
            assertThat(cli.err().lines()).as(command).hasSize(1);
            assertThat(cli.err()).as(command).contains("not a directory");
        }
        assertThat(Files.readString(file)).isEqualTo("x");
    }

    @Test
    void lookingAtADirectoryThatIsMissingDoesNotMakeIt() {
        for (String command : List.of("export", "info", "dump")) {
            Cli cli = Cli.run(command, "--path", data.toString());
            assertThat(cli.status()).as(command).isEqualTo(1);
            assertThat(data).as(command).doesNotExist();
        }
    }

    @Test
    void theStackTraceIsShownOnlyWhenAskedFor() {
        Cli cli = Cli.run("export", "--path", data.toString(), "--verbose");
        assertThat(cli.err()).contains("\tat io.raftengine.");
    }

    @Test
    void acknowledgementsComeLineByLineAndFailuresHaveAClass() {
        String script =
                "# a comment\n\n"
                        + WRITE
                        + "{\"op\":\"write\",\"items\":[{\"group\":7,\"append\":{\"first\":9,\"data\":[\"\"]}}]}\n"
                        + "{\"op\":\"never\"}\n"
                        + "{\"op\":\"compact_to\",\"group\":7,\"index\":5}\n"
                        + "nonsense\n"
                        + "{\"op\":\"sync\",\"typo\":1}\n"
                        + "{\"op\":\"expect\",\"state\":[]}\n"
                        + "{\"op\":\"reopen\"}";
        Cli cli = apply(script, "--ack");
        assertThat(cli.status()).isEqualTo(1);
        assertThat(cli.lines())
                .satisfiesExactly(
                        line -> assertThat(line).isEqualTo("{\"line\":3,\"ok\":true}"),
                        line ->
                                assertThat(line)
                                        .startsWith(
                                                "{\"line\":4,\"error\":\"InvalidArgument\",\"message\":\""),
                        line ->
                                assertThat(line)
                                        .startsWith(
                                                "{\"line\":5,\"error\":\"InvalidArgument\",\"message\":\""),
                        line -> assertThat(line).isEqualTo("{\"line\":6,\"ok\":true}"),
                        line ->
                                assertThat(line)
                                        .startsWith("{\"line\":7,\"error\":\"InvalidArgument\""),
                        line ->
                                assertThat(line)
                                        .startsWith("{\"line\":8,\"error\":\"InvalidArgument\"")
                                        .contains("typo"),
                        line -> assertThat(line).isEqualTo("{\"line\":9,\"ok\":true}"),
                        line -> assertThat(line).isEqualTo("{\"line\":10,\"ok\":true}"),
                        line -> assertThat(line).isEqualTo("{\"lines\":10,\"errors\":4}"));
    }

    @Test
    void storageOperationsMoveDataAndChangeNothing() throws IOException {
        String script =
                WRITE
                        + "{\"op\":\"write\",\"items\":[{\"group\":8,\"put\":{\"key\":\"aw==\",\"value\":\"dg==\"}}]}\n"
                        + "{\"op\":\"write\",\"items\":[{\"group\":8,\"clean\":true}]}\n";
        assertThat(apply(script).status()).isZero();
        String before = Cli.run("export", "--path", data.toString(), "--entries").out();
        Cli cli =
                apply(
                        """
                        {"op":"rotate","queue":"append"}
                        {"op":"rewrite_append","through":1}
                        {"op":"rewrite_append"}
                        {"op":"rotate","queue":"rewrite"}
                        {"op":"rewrite_rewrite"}
                        {"op":"purge"}
                        {"op":"rotate","queue":"both"}
                        {"op":"rotate"}
                        {"op":"rewrite_append","through":-1}
                        """,
                        "--ack");
        assertThat(cli.lines()).hasSize(10);
        assertThat(cli.lines().subList(0, 6)).allMatch(line -> line.endsWith("\"ok\":true}"));
        assertThat(cli.lines().subList(6, 9)).allMatch(line -> line.contains("InvalidArgument"));
        assertThat(Cli.run("export", "--path", data.toString(), "--entries").out())
                .isEqualTo(before);
        // The data has moved: nothing of the first append segment is left, the rewrite queue has
        // it.
        assertThat(data.resolve("0000000000000001.raftlog")).doesNotExist();
        assertThat(Cli.run("dump", "--path", data.toString()).out()).contains(".rewrite\"");
    }

    @Test
    void aScriptStopsAtTheFirstErrorWhenAskedTo() {
        Cli cli = apply("{\"op\":\"never\"}\n" + WRITE, "--stop-on-error");
        assertThat(cli.lines()).hasSize(2).last().isEqualTo("{\"lines\":1,\"errors\":1}");
        assertThat(Cli.run("export", "--path", data.toString()).out()).isEmpty();
    }

    @Test
    void anExpectationThatFailsShowsTheDifference() {
        Cli cli =
                apply(
                        WRITE
                                + "{\"op\":\"expect\",\"state\":[{\"group\":7,\"first\":1,\"last\":2,\"entries_crc32\":\"00000000\",\"kvs\":[]}]}\n");
        assertThat(cli.status()).isEqualTo(1);
        assertThat(cli.lines().getFirst())
                .startsWith("{\"line\":2,\"error\":\"Mismatch\"")
                .contains("\\\"last\\\":2")
                .contains("\\\"last\\\":1");
    }

    @Test
    void exportPrintsExactlyTheSpecifiedFields() {
        apply(
                WRITE
                        + "{\"op\":\"write\",\"items\":[{\"group\":18446744073709551614,\"put\":{\"key\":\"aw==\",\"value\":\"\"}}]}\n");
        assertThat(Cli.run("export", "--path", data.toString(), "--entries").lines())
                .containsExactly(
                        "{\"group\":7,\"first\":1,\"last\":1,\"entries_crc32\":\"2d14db9b\",\"entries\":[\"EAEYASIBAA==\"],\"kvs\":[]}",
                        "{\"group\":18446744073709551614,\"first\":null,\"last\":null,\"entries_crc32\":\"00000000\",\"entries\":[],\"kvs\":[{\"key\":\"aw==\",\"value\":\"\"}]}");
    }

    @Test
    void dumpPrintsOperationsInLogOrderAndFiltersGroups() {
        apply(
                WRITE
                        + "{\"op\":\"write\",\"items\":[{\"group\":8,\"put\":{\"key\":\"aw==\",\"value\":\"dg==\"}},{\"group\":7,\"compact\":2},{\"group\":8,\"delete\":{\"key\":\"aw==\"}},{\"group\":8,\"clean\":true}]}\n");
        Cli cli = Cli.run("dump", "--path", data.toString(), "--raft-groups", "7,8");
        assertThat(cli.status()).isZero();
        // Behind the header and the watermark that every segment begins with.
        assertThat(cli.lines().getFirst())
                .isEqualTo(
                        "{\"file\":\"0000000000000001.raftlog\",\"offset\":115,\"group\":7,\"op\":\"entries\",\"first\":1,\"count\":1}");
        assertThat(cli.lines().stream().map(line -> line.replaceAll(".*\"group\"", "\"group\"")))
                .containsSubsequence(
                        "\"group\":8,\"op\":\"put\",\"key\":\"aw==\",\"value\":\"dg==\"}",
                        "\"group\":7,\"op\":\"compact\",\"index\":2}",
                        "\"group\":8,\"op\":\"delete\",\"key\":\"aw==\"}",
                        "\"group\":8,\"op\":\"clean\"}");
        assertThat(Cli.run("dump", "--path", data.toString(), "--raft-groups", "9").out())
                .isEmpty();
        Path segment = data.resolve("0000000000000001.raftlog");
        assertThat(Cli.run("dump", "--path", segment.toString(), "--raft-groups", "7,8").out())
                .isEqualTo(cli.out());
    }

    @Test
    void dumpReportsDamageAndGoesOn() throws IOException {
        apply(
                WRITE
                        + WRITE.replace("\"first\":1", "\"first\":2")
                        + WRITE.replace("\"first\":1", "\"first\":3"));
        Path segment = data.resolve("0000000000000001.raftlog");
        byte[] bytes = Files.readAllBytes(segment);
        bytes[69 + 30] ^= 1;
        Files.write(segment, bytes);
        Cli cli = Cli.run("dump", "--path", data.toString());
        assertThat(cli.status()).isEqualTo(1);
        assertThat(cli.lines())
                .anySatisfy(line ->
                        assertThat(line)
                                .startsWith(
                                        "{\"file\":\"0000000000000001.raftlog\",\"offset\":69,\"error\":\""));
        assertThat(Files.readAllBytes(segment)).isEqualTo(bytes);
    }

    /** D25: what a kill leaves between the creation of a segment and its header is no damage. */
    @ParameterizedTest
    @CsvSource({"0, true", "0, false", "1000, true", "1000, false"})
    void dumpTakesALastSegmentThatWasNeverBegunForATailOfZeros(int bytes, boolean alone)
            throws IOException {
        String begun = "";
        if (alone) {
            Files.createDirectories(data);
        } else {
            apply(WRITE);
            begun = Cli.run("dump", "--path", data.toString()).out();
        }
        String name = "000000000000000" + (alone ? 1 : 2) + ".raftlog";
        Files.write(data.resolve(name), new byte[bytes]);
        Cli cli = Cli.run("dump", "--path", data.toString());
        String tail = "{\"file\":\"" + name + "\",\"end\":0,\"tail\":\"zeros\"}\n";
        assertThat(cli.out()).isEqualTo(begun + tail);
        assertThat(cli.status()).isZero();
    }

    @Test
    void dumpTakesASegmentOfZerosThatHasASuccessorForDamage() throws IOException {
        apply(WRITE);
        Path segment = data.resolve("0000000000000001.raftlog");
        Files.copy(segment, data.resolve("0000000000000002.raftlog"));
        Files.write(segment, new byte[1000]);
        Cli cli = Cli.run("dump", "--path", data.toString());
        assertThat(cli.lines().getFirst()).contains("\"offset\":0,\"error\":\"");
        assertThat(cli.status()).isEqualTo(1);
    }

    @Test
    void serveAnswersEachRequestWithOneLine() {
        String path = data.toString();
        Cli cli =
                Cli.runWithInput(
                        "{\"cmd\":\"state\"}\n"
                                + "{\"cmd\":\"open\",\"path\":\""
                                + path
                                + "\",\"set\":{\"target-file-size\":4096}}\n"
                                + "{\"cmd\":\"line\",\"line\":{\"op\":\"write\",\"items\":[{\"group\":1,\"put\":{\"key\":\"\",\"value\":\"\"}}]}}\n"
                                + "{\"cmd\":\"line\",\"line\":{\"op\":\"compact_to\",\"group\":1,\"index\":4}}\n"
                                + "{\"cmd\":\"state\"}\n"
                                + "{\"cmd\":\"abandon\"}\n"
                                + "{\"cmd\":\"export\",\"path\":\""
                                + path
                                + "\"}\n"
                                + "{\"cmd\":\"close\"}\n",
                        "serve");
        String state =
                "{\"state\":[{\"group\":1,\"first\":null,\"last\":null,\"entries_crc32\":\"00000000\",\"kvs\":[{\"key\":\"\",\"value\":\"\"}]}]}";
        assertThat(cli.status()).isZero();
        assertThat(cli.lines())
                .satisfiesExactly(
                        line -> assertThat(line).startsWith("{\"error\":\"InvalidArgument\""),
                        line -> assertThat(line).isEqualTo("{\"ok\":true}"),
                        line ->
                                assertThat(line)
                                        .matches("\\{\"ok\":true,\"result\":\\{\"bytes\":\\d+}}"),
                        line ->
                                assertThat(line)
                                        .isEqualTo("{\"ok\":true,\"result\":{\"removed\":0}}"),
                        line -> assertThat(line).isEqualTo(state),
                        line -> assertThat(line).isEqualTo("{\"ok\":true}"),
                        line -> assertThat(line).isEqualTo(state),
                        line -> assertThat(line).startsWith("{\"error\":\"InvalidArgument\""));
    }

    @Test
    void infoTellsWhatAnOpenFoundAndCost() {
        apply(WRITE);
        Cli cli = Cli.run("info", "--path", data.toString());
        assertThat(cli.status()).isZero();
        assertThat(cli.lines()).hasSize(1);
        assertThat(cli.out())
                .contains("\"open_ms\":")
                .contains("\"groups\":1,\"entries\":1,")
                .contains("\"index_bytes\":")
                .contains("\"resident_bytes\":")
                .contains("\"heap_used_bytes\":")
                .contains("\"format_versions\":{\"1\":0,\"2\":1}")
                .contains("\"clean\":true");
    }
}
