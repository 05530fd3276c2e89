package io.raftengine.ctl;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.testing.campaign.Seed;
import io.raftengine.testing.model.EngineModel;
import io.raftengine.testing.model.GroupState;
import io.raftengine.testing.model.Item;
import io.raftengine.testing.model.Operation;
import io.raftengine.testing.model.ScriptGenerator;
import io.raftengine.testing.model.ScriptJson;
import io.raftengine.testing.model.ScriptProfile;
import io.raftengine.testing.model.ScriptShrinker;
import io.raftengine.testing.model.StateDifference;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Random and recorded histories through {@code apply} and {@code export}, judged by the model. */
class ScriptsAgainstTheModelTest {
    private static final Path FIXTURES = Path.of(System.getProperty("raftengine.fixtures", "none"));
    private static final int SCALE = Integer.getInteger("raftengine.scale", 1);

    @TempDir Path temp;

    private int runs;

    static boolean fixturesExist() {
        return Files.isDirectory(FIXTURES);
    }

    /** What differs between engine and model after a script, or null. */
    private String difference(List<Operation> script, String... settings) {
        EngineModel model = new EngineModel();
        StringBuilder expected = new StringBuilder();
        int line = 0;
        int errors = 0;
        for (Operation operation : script) {
            line++;
            boolean refused = model.run(operation) instanceof EngineModel.Refused;
            errors += refused ? 1 : 0;
            expected.append("{\"line\":")
                    .append(line)
                    .append(refused ? ",\"error" : ",\"ok")
                    .append('\n');
        }
        expected.append("{\"lines\":").append(line).append('\n');
        Path dir = temp.resolve("run-" + runs++);
        Cli applied =
                Cli.runWithInput(
                        ScriptJson.print(script),
                        command(dir, settings, "apply", "--script", "-", "--ack"));
        String answers = applied.out().replaceAll("(\"error|\"ok|\"lines\":\\d+)[^\n]*", "$1");
        if (!answers.equals(expected.toString()) || applied.status() != (errors == 0 ? 0 : 1)) {
            return "answers differ: " + applied.out() + applied.err();
        }
        Cli exported = Cli.run(command(dir, settings, "export", "--entries"));
        if (exported.status() != 0) {
            return exported.err();
        }
        List<GroupState> found = exported.lines().stream().map(GroupState::parse).toList();
        return StateDifference.between(model.state(true, false), found);
    }

    private static String[] command(Path dir, String[] settings, String... words) {
        List<String> command = new ArrayList<>(List.of(words));
        command.addAll(1, List.of("--path", dir.toString()));
        for (String setting : settings) {
            command.addAll(List.of("--set", setting));
        }
        return command.toArray(String[]::new);
    }

    @ParameterizedTest
    @EnumSource
    void randomHistoriesReadBackAsTheModelHasThem(ScriptProfile profile) {
        long base = Seed.orElse(9000);
        for (int i = 0; i < 4 * SCALE; i++) {
            long seed = base + i;
            List<Operation> script =
                    new ScriptGenerator(profile, seed)
                            .reopens(4)
                            .storageOperations(i % 2 == 0 ? 0 : 12)
                            .partialRewrites(30)
                            .illegalWrites(8)
                            .generate(profile == ScriptProfile.LIMITS ? 40 : 120);
            String[] settings = {
                "target-file-size=16KB",
                "purge-threshold=" + (i % 4 == 1 ? "32KB" : "1MB"),
                "batch-compression-threshold=" + (i % 2 == 0 ? "1KB" : "0"),
                "recovery-threads=" + (1 + i % 4)
            };
            String difference = difference(script, settings);
            if (difference != null) {
                List<Operation> shortest =
                        new ScriptShrinker(s -> difference(s, settings) != null, 300)
                                .shrink(script);
                assertThat(difference(shortest, settings))
                        .as(
                                "profile %s, seed %d, shrunk to:%n%s",
                                profile, seed, ScriptJson.print(shortest))
                        .isNull();
            }
        }
    }

    @Test
    @EnabledIf("fixturesExist")
    void everyRecordedDirectoryExportsAsRecorded() throws IOException {
        List<String> wrong = new ArrayList<>();
        int checked = 0;
        for (Path fixture : fixtures()) {
            checked++;
            Path data = copy(fixture.resolve("data"));
            List<String> command =
                    new ArrayList<>(List.of("export", "--entries", "--path", data.toString()));
            if (Files.isDirectory(fixture.resolve("spill"))) {
                command.addAll(List.of("--set", "spill-dir=" + copy(fixture.resolve("spill"))));
            }
            Cli cli = Cli.run(command.toArray(String[]::new));
            if (cli.status() != 0
                    || !cli.lines().equals(Files.readAllLines(fixture.resolve("expected.jsonl")))) {
                wrong.add(fixture.getFileName() + ": " + cli.status() + " " + cli.err());
            }
        }
        assertThat(checked).isGreaterThan(30);
        assertThat(wrong).isEmpty();
    }

    @Test
    @EnabledIf("fixturesExist")
    void everyRecordedScriptLeadsToItsRecordedState() throws IOException {
        List<String> wrong = new ArrayList<>();
        int skipped = 0;
        int run = 0;
        for (Path fixture : fixtures()) {
            if (!Files.exists(fixture.resolve("script.jsonl"))) {
                continue;
            }
            List<Operation> script = new ArrayList<>();
            for (Operation operation :
                    ScriptJson.parse(Files.readString(fixture.resolve("script.jsonl")))) {
                if (isSupported(operation)) {
                    script.add(operation);
                } else {
                    skipped++;
                }
            }
            run++;
            String difference = difference(script, "target-file-size=16KB", "purge-threshold=1MB");
            if (difference != null) {
                wrong.add(fixture.getFileName() + ": " + difference);
            }
        }
        assertThat(run).isGreaterThan(20);
        assertThat(wrong)
                .as("%d operations that are not supported were left out", skipped)
                .isEmpty();
    }

    private static boolean isSupported(Operation operation) {
        return switch (operation) {
            // D9: the reference writes keys of any length, we only read them.
            case Operation.Write write ->
                    write.items().stream()
                            .noneMatch(item ->
                                    item instanceof Item.Put put && put.key().length > 65536);
            default -> true;
        };
    }

    private static List<Path> fixtures() throws IOException {
        try (Stream<Path> names = Files.list(FIXTURES)) {
            return names.filter(path -> Files.exists(path.resolve("expected.jsonl")))
                    .sorted()
                    .toList();
        }
    }

    private Path copy(Path source) throws IOException {
        Path target = temp.resolve("copy-" + runs++);
        try (Stream<Path> files = Files.walk(source)) {
            for (Path file : files.toList()) {
                Files.copy(file, target.resolve(source.relativize(file).toString()));
            }
        }
        return target;
    }
}
