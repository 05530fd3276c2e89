package io.raftengine.ctl;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.engine.EngineConfig;
import io.raftengine.engine.RaftEngine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** P4, N1: forks from the command line; recycling is on, as it is by default. */
class ForkCommandTest {
    private static final String SETTINGS = "target-file-size=1KiB";

    @TempDir Path temp;

    private Path data;
    private Path target;

    @BeforeEach
    void write() {
        data = temp.resolve("data");
        target = temp.resolve("fork");
        assertThat(apply(data, script(1, 40)).status()).isZero();
    }

    private static String script(int from, int to) {
        StringBuilder script = new StringBuilder();
        for (int i = from; i <= to; i++) {
            script.append("{\"op\":\"write\",\"sync\":true,\"items\":[{\"group\":7,\"append\":")
                    .append("{\"first\":")
                    .append(i)
                    .append(",\"term\":1,\"data\":[\"")
                    .append("QUJD".repeat(20))
                    .append("\"]}},{\"group\":1,\"put\":{\"key\":\"a2V5\",\"value\":\"")
                    .append(i % 10 + "A==")
                    .append("\"}}]}\n");
        }
        return script.toString();
    }

    private static Cli apply(Path dir, String script) {
        return Cli.runWithInput(
                script, "apply", "--path", dir.toString(), "--script", "-", "--set", SETTINGS);
    }

    private static String state(Path dir) {
        Cli cli = Cli.run("export", "--path", dir.toString(), "--entries");
        assertThat(cli.status()).as(cli.err()).isZero();
        return cli.out();
    }

    private Cli fork(String... more) {
        String[] all = new String[more.length + 5];
        System.arraycopy(
                new String[] {"fork", "--path", data.toString(), "--target", target.toString()},
                0,
                all,
                0,
                5);
        System.arraycopy(more, 0, all, 5, more.length);
        return Cli.run(all);
    }

    private static long links(Path file) throws IOException {
        return (int) Files.getAttribute(file, "unix:nlink");
    }

    @Test
    void aForkHasTheSameStateAndGoesItsOwnWay() throws IOException {
        String before = state(data);

        Cli cli = fork();

        assertThat(cli.status()).as(cli.err()).isZero();
        assertThat(cli.lines()).hasSize(1);
        assertThat(cli.out())
                .startsWith("{\"target\":\"" + target + "\",\"append_segments\":")
                .contains("\"linked\":0,")
                .endsWith("\"anomalies\":[]}\n");
        assertThat(state(target)).isEqualTo(before);
        assertThat(links(target.resolve("0000000000000001.raftlog"))).isEqualTo(1);
        assertThat(apply(target, script(41, 60)).status()).isZero();
        assertThat(state(data)).isEqualTo(before);
        assertThat(apply(data, script(41, 45)).status()).isZero();
        assertThat(state(data)).contains("\"last\":45").doesNotContain("\"last\":60");
        assertThat(state(target)).contains("\"last\":60");
    }

    @Test
    void sealedSegmentsAreLinkedOnRequest() throws IOException {
        String before = state(data);

        Cli cli = fork("--link");

        assertThat(cli.status()).as(cli.err()).isZero();
        assertThat(cli.out()).doesNotContain("\"linked\":0,").contains("\"copied\":2,");
        assertThat(links(target.resolve("0000000000000001.raftlog"))).isEqualTo(2);
        assertThat(state(target)).isEqualTo(before);
        assertThat(apply(target, script(41, 60)).status()).isZero();
        assertThat(state(data)).isEqualTo(before);
    }

    @Test
    void whatCannotBeDoneIsOneLineAndChangesNothing() throws IOException {
        Files.createDirectory(target);
        Files.writeString(target.resolve("note"), "kept");
        Cli notEmpty = fork();
        assertThat(notEmpty.status()).isEqualTo(1);
        assertThat(notEmpty.out()).isEmpty();
        assertThat(notEmpty.err().lines()).hasSize(1);
        assertThat(notEmpty.err()).contains(target.toString(), "not empty");
        assertThat(Files.readString(target.resolve("note"))).isEqualTo("kept");

        Files.delete(target.resolve("note"));
        try (RaftEngine open = RaftEngine.open(EngineConfig.builder(data).build())) {
            assertThat(open.isEmpty()).isFalse();
            Cli locked = fork();
            assertThat(locked.status()).isEqualTo(1);
            assertThat(locked.err()).contains("lock");
        }
        assertThat(Files.list(target)).isEmpty();
        assertThat(fork().status()).isZero();

        Cli mistyped = Cli.run("fork", "--path", temp.toString(), "--target", temp + "/other");
        assertThat(mistyped.status()).isEqualTo(1);
        assertThat(temp.resolve("LOCK")).doesNotExist();
        assertThat(Cli.run("fork", "--path", data.toString()).status()).isEqualTo(2);
    }
}
