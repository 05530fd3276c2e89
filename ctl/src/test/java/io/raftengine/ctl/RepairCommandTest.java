package io.raftengine.ctl;

import static io.raftengine.ctl.RepairFixture.content;
import static io.raftengine.ctl.RepairFixture.entries;
import static io.raftengine.ctl.RepairFixture.flip;
import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.testing.forge.DirectoryImage;
import io.raftengine.testing.forge.ItemForge;
import io.raftengine.testing.forge.SegmentForge;
import io.raftengine.tools.JsonTree;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The command as people and their scripts meet it: the example of the manual, and wrong input. */
class RepairCommandTest {
    @TempDir Path temp;
    private RepairFixture fixture;

    /** Three groups; of group 7 the entries 4 and 5 are unreadable. */
    @BeforeEach
    void damage() {
        fixture = new RepairFixture(temp);
        SegmentForge one = new SegmentForge(2, 1);
        entries(entries(one, 7, 1, 3), 8, 1, 2);
        int damaged = one.position() + 20;
        one.batch(content(7, 4, 2), entries(new ItemForge(), 0, 7, 4, 2).put(7, "vote", "for 3"));
        entries(entries(one, 7, 6, 3), 9, 1, 1);
        flip(one.writeTo(fixture.source), damaged);
        entries(new SegmentForge(2, 2), 8, 3, 1).writeTo(fixture.source);
    }

    private Cli repair(String... more) {
        List<String> command = new ArrayList<>(List.of("repair"));
        command.addAll(List.of("--path", fixture.source.toString()));
        command.addAll(List.of("--target", fixture.target.toString()));
        command.addAll(List.of(more));
        return Cli.run(command.toArray(String[]::new));
    }

    private static JsonTree parse(String line) {
        return JsonTree.parse(line.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void theExampleOfTheManual() throws IOException {
        DirectoryImage before = DirectoryImage.of(fixture.source);
        Cli export = Cli.run("export", "--path", fixture.source.toString());
        assertThat(export.status()).isEqualTo(1);

        Cli looked = repair("--dry-run");
        assertThat(looked.status()).isEqualTo(1);
        assertThat(looked.err()).isEmpty();
        List<JsonTree> lines = looked.lines().stream().map(RepairCommandTest::parse).toList();
        assertThat(lines)
                .extracting(line -> line.text("repair"))
                .containsExactly("lost", "undecided", "plan");
        assertThat(lines.get(0).text("text")).isEqualTo("group 7: entries 4..5 (2) are lost");
        JsonTree hole = lines.get(1);
        assertThat(hole.number("expected")).isEqualTo(4);
        assertThat(hole.number("found")).isEqualTo(6);
        assertThat(looked.out()).contains("\"group 7: drop-before 6\"", "\"undecided\":1");
        assertThat(fixture.target).doesNotExist();

        Cli refused = repair();
        assertThat(refused.status()).isEqualTo(1);
        assertThat(refused.lines()).isEqualTo(looked.lines());
        assertThat(refused.err())
                .startsWith("error: ")
                .contains("entries of group 7", "group 7: keep existing");
        assertThat(fixture.target).doesNotExist();

        Path rules = temp.resolve("rules.txt");
        Files.writeString(
                rules, "group 7: drop-before 6        # snapshot at 5\ngroup *: keep existing\n");
        Cli planned = repair("--rules", rules.toString(), "--dry-run");
        assertThat(planned.status()).isZero();
        assertThat(fixture.target).doesNotExist();
        Cli done = repair("--rules", rules.toString());
        assertThat(done.err()).isEmpty();
        assertThat(done.status()).isZero();
        // What the dry run said is what the real one did.
        int last = done.lines().size() - 1;
        assertThat(done.lines().subList(0, last)).isEqualTo(planned.lines());
        JsonTree result = parse(done.lines().get(last));
        assertThat(result.text("repair")).isEqualTo("done");
        assertThat(result.number("groups")).isEqualTo(3);
        assertThat(result.number("entries")).isEqualTo(7);
        assertThat(result.number("keys")).isEqualTo(1);
        assertThat(DirectoryImage.of(fixture.source)).isEqualTo(before);

        Cli state = Cli.run("export", "--path", fixture.target.toString());
        assertThat(state.out()).contains("{\"group\":7,\"first\":6,\"last\":8,");
        // And an engine lives in it.
        Cli lived =
                Cli.runWithInput(
                        "{\"op\":\"write\",\"sync\":true,\"items\":[{\"group\":7,\"append\":"
                                + "{\"first\":9,\"term\":1,\"data\":[\"AA==\"]}}]}\n",
                        "apply",
                        "--path",
                        fixture.target.toString(),
                        "--script",
                        "-");
        assertThat(lived.status()).as(lived.out()).isZero();
    }

    @Test
    void rulesOfFileAndCommandLineAreTakenTogether() throws IOException {
        Path rules = Files.writeString(temp.resolve("rules.txt"), "group 7: keep existing\n");
        Cli done = repair("--rules", rules.toString(), "--rule", "group 8: drop-from 3");
        assertThat(done.status()).as(done.err()).isZero();
        assertThat(done.out()).contains("group 7: entries 6..8 (3) are discarded");
        Cli state = Cli.run("export", "--path", fixture.target.toString());
        assertThat(state.out())
                .contains(
                        "{\"group\":7,\"first\":1,\"last\":3,",
                        "{\"group\":8,\"first\":1,\"last\":2,");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "2; group 7 remove; --rule 1: \"group 7 remove\": expected",
                "2; group 7: remove it; found it",
                "1; group 4: remove; expected a group of the directory",
            })
    void aWrongRuleIsNamedAndNothingIsWritten(int status, String rule, String message) {
        Cli refused = repair("--rule", rule.strip());
        assertThat(refused.status()).isEqualTo(status);
        assertThat(refused.err()).startsWith("error: ").contains(message.strip());
        assertThat(refused.err().lines()).hasSize(1);
        assertThat(fixture.target).doesNotExist();
    }

    @Test
    void contradictingRulesAreBothNamed() throws IOException {
        Path rules = Files.writeString(temp.resolve("rules.txt"), "\ngroup 7: keep existing\n");
        Cli refused = repair("--rules", rules.toString(), "--rule", "group 7: keep incoming");
        assertThat(refused.status()).isEqualTo(2);
        assertThat(refused.err()).contains("--rule 1", "rules.txt line 2", "contradicts");
        Cli missing = repair("--rules", temp.resolve("none.txt").toString());
        assertThat(missing.status()).isEqualTo(2);
        assertThat(missing.err()).contains("none.txt");
    }

    @Test
    void badPathsAreRefusedBeforeAnythingIsRead() throws IOException {
        Cli absent =
                Cli.run(
                        "repair",
                        "--path",
                        temp.resolve("nowhere").toString(),
                        "--target",
                        fixture.target.toString());
        assertThat(absent.status()).isEqualTo(1);
        assertThat(absent.err()).contains("nowhere", "found nothing");
        Files.createDirectory(fixture.target);
        Files.writeString(fixture.target.resolve("x"), "");
        Cli used = repair("--rule", "group *: keep existing", "--dry-run");
        assertThat(used.status()).isEqualTo(1);
        assertThat(used.err()).contains("expected an empty directory");
        assertThat(used.out()).isEmpty();
    }

    @Test
    void theMemoryLimitHolds() {
        Cli refused = repair("--rule", "group *: keep existing", "--set", "memory-limit=1MB");
        assertThat(refused.status()).isEqualTo(1);
        assertThat(refused.err()).contains("memory");
        assertThat(fixture.target).doesNotExist();
    }
}
