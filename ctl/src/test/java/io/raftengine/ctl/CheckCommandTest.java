package io.raftengine.ctl;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.testing.forge.ItemForge;
import io.raftengine.testing.forge.SegmentForge;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code check} and {@code try-purge} print. */
class CheckCommandTest {
    private static final String SUMMARY =
            "{\"sound\":%s,\"deep\":%s,\"segments\":2,\"bytes\":%d,\"batches\":%d,\"blocks_verified\":%d,"
                    + "\"damaged_ranges\":%d,\"damaged_bytes\":%d,\"damaged_groups\":%d,\"holes\":%d,"
                    + "\"anomalies\":0,\"unreadable\":0,\"refused\":0%s}";

    @TempDir Path dir;

    private SegmentForge write() {
        SegmentForge first = new SegmentForge(2, 1);
        first.batch(new byte[20], new ItemForge().entries(7, 1, 10, 20));
        first.batch(new byte[20], new ItemForge().entries(7, 3, 10, 20));
        first.batch(new byte[20], new ItemForge().entries(-1, 5, 10, 20));
        first.writeTo(dir);
        new SegmentForge(2, 2).batch(new byte[10], new ItemForge().entries(7, 5, 10)).writeTo(dir);
        return first;
    }

    private Cli check(String... more) {
        String[] all = new String[more.length + 3];
        all[0] = "check";
        all[1] = "--path";
        all[2] = dir.toString();
        System.arraycopy(more, 0, all, 3, more.length);
        return Cli.run(all);
    }

    private long bytes() throws IOException {
        return Files.size(dir.resolve(SegmentForge.appendName(1)))
                + Files.size(dir.resolve(SegmentForge.appendName(2)));
    }

    @Test
    void aSoundDirectoryIsOneLineAndStatusZero() throws IOException {
        write();

        Cli plain = check();
        Cli deep = check("--deep");

        assertThat(plain.lines())
                .containsExactly(
                        String.format(SUMMARY, true, false, bytes(), 4, 2, 0, 0, 0, 0, ""));
        assertThat(plain.status()).isZero();
        assertThat(deep.lines())
                .containsExactly(
                        String.format(
                                SUMMARY,
                                true,
                                true,
                                bytes(),
                                4,
                                4,
                                0,
                                0,
                                0,
                                0,
                                ",\"live_entries\":7"));
        assertThat(deep.status()).isZero();
    }

    @Test
    void findingsAreLinesWithFileRangeAndGroup() throws IOException {
        SegmentForge first = write();
        List<Integer> at = first.batchOffsets();
        Path file = dir.resolve(SegmentForge.appendName(1));
        byte[] bytes = Files.readAllBytes(file);
        bytes[at.get(1)] = 1; // the length
        bytes[at.get(2) + 16] = 1; // an entry
        Files.write(file, bytes);

        Cli cli = check("--deep");

        assertThat(cli.status()).isEqualTo(1);
        assertThat(cli.err()).isEmpty();
        assertThat(cli.lines()).hasSize(6);
        assertThat(cli.lines().get(0))
                .startsWith(
                        "{\"file\":\"0000000000000001.raftlog\",\"from\":"
                                + at.get(1)
                                + ",\"to\":"
                                + at.get(2)
                                + ",\"damage\":\"batch length\",\"expected\":\"");
        assertThat(cli.lines().get(1))
                .startsWith(
                        "{\"file\":\"0000000000000001.raftlog\",\"from\":"
                                + (at.get(2) + 16)
                                + ",\"to\":"
                                + (at.get(2) + 40)
                                + ",\"damage\":\"entries checksum of the batch\"");
        assertThat(cli.lines().get(2))
                .isEqualTo(
                        "{\"file\":\"0000000000000002.raftlog\",\"offset\":69,\"group\":7,"
                                + "\"expected\":3,\"found\":5}");
        assertThat(cli.lines().get(3))
                .isEqualTo("{\"group\":7,\"last_intact\":2,\"lost\":[[3,4]]}");
        assertThat(cli.lines().get(4))
                .isEqualTo(
                        "{\"group\":18446744073709551615,\"last_intact\":null,\"lost\":[[5,6]]}");
        assertThat(cli.lines().get(5)).startsWith("{\"sound\":false,\"deep\":true,");
    }

    @Test
    void theEndOfTheLogIsALineAndNoFinding() {
        SegmentForge segment =
                new SegmentForge(2, 1).batch(new byte[10], new ItemForge().entries(7, 1, 10));
        int end = segment.position();
        segment.raw(new byte[100]).writeTo(dir);

        Cli cli = check();

        assertThat(cli.status()).isZero();
        assertThat(cli.lines().getFirst())
                .isEqualTo(
                        "{\"file\":\"0000000000000001.raftlog\",\"end\":"
                                + end
                                + ",\"tail\":\"zeros\"}");
    }

    @Test
    void whatCannotBeCheckedIsOneLineOnStandardError() {
        Cli missing = Cli.run("check", "--path", dir.resolve("none").toString());
        assertThat(missing.status()).isEqualTo(1);
        assertThat(missing.err().lines()).hasSize(1);
        assertThat(missing.out()).isEmpty();
        assertThat(Cli.run("check").status()).isEqualTo(2);
        assertThat(Cli.run("check", "--path", dir.toString(), "--depth").status()).isEqualTo(2);
    }

    // ---- try-purge

    @Test
    void tryPurgeNamesTheGroupsThatHoldItBack() {
        StringBuilder script = new StringBuilder();
        for (int i = 1; i <= 200; i++) {
            script.append("{\"op\":\"write\",\"items\":[{\"group\":7,\"append\":{\"first\":")
                    .append(i)
                    .append(",\"term\":1,\"data\":[\"")
                    .append("QUJD".repeat(60))
                    .append("\"]}}]}\n");
        }
        String[] settings = {
            "--set",
            "target-file-size=4KiB",
            "--set",
            "purge-threshold=8KiB",
            "--set",
            "purge-rewrite-threshold=4KiB"
        };
        assertThat(
                        Cli.runWithInput(
                                        script.toString(),
                                        command("apply", settings, "--script", "-"))
                                .status())
                .isZero();
        String before = Cli.run("export", "--path", dir.toString()).out();

        Cli cli = Cli.run(command("try-purge", settings));

        assertThat(cli.status()).as(cli.err()).isZero();
        assertThat(cli.lines()).hasSizeGreaterThanOrEqualTo(1);
        assertThat(cli.lines().getLast())
                .matches(
                        "\\{\"groups\":\\d+,\"append_segments_dropped\":\\d+,"
                                + "\"rewrite_segments_dropped\":\\d+,\"bytes_rewritten\":\\d+}");
        assertThat(cli.lines().getFirst()).matches("\\{\"group\":7,\"bytes\":\\d+}");
        assertThat(Cli.run("export", "--path", dir.toString()).out()).isEqualTo(before);
        assertThat(check("--deep").status()).isZero();
    }

    private String[] command(String name, String[] settings, String... more) {
        String[] all = new String[3 + settings.length + more.length];
        all[0] = name;
        all[1] = "--path";
        all[2] = dir.toString();
        System.arraycopy(settings, 0, all, 3, settings.length);
        System.arraycopy(more, 0, all, 3 + settings.length, more.length);
        return all;
    }

    @Test
    void tryPurgeMakesNoDirectory() {
        Cli cli = Cli.run("try-purge", "--path", dir.resolve("none").toString());
        assertThat(cli.status()).isEqualTo(1);
        assertThat(dir.resolve("none")).doesNotExist();
    }
}
