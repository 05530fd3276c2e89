package io.raftengine.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.testing.campaign.Seed;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A child process writes and is killed, again and again on the same directory, after a drawn number
 * of acknowledgements. What it acknowledged, synced or not, is there; of each batch all or nothing;
 * and every byte is right (P2, P4).
 */
@Timeout(600)
class KillTest {
    private static final long SEED = Seed.orElse(9);
    private static final int KILLS = 5 * Math.max(1, Integer.getInteger("raftengine.scale", 1));

    @Test
    void killedAtAnyMomentNothingAcknowledgedIsMissing(@TempDir Path dir) throws Exception {
        Path home = dir.resolve("engine");
        SplittableRandom random = new SplittableRandom(SEED);
        long[] acknowledged = new long[KilledWriter.GROUPS];
        for (int kill = 0; kill < KILLS; kill++) {
            int lines = 1 + random.nextInt(400);
            runAndKill(home, lines, acknowledged);
            String where = "-Draftengine.seed=" + SEED + ", kill " + kill + " after " + lines;
            try (RaftEngine engine = RaftEngine.open(KilledWriter.config(home))) {
                for (int group = 0; group < KilledWriter.GROUPS; group++) {
                    long last = engine.lastIndex(group);
                    last = last == RaftEngine.NO_INDEX ? 0 : last;
                    assertThat(last).as(where).isGreaterThanOrEqualTo(acknowledged[group]);
                    assertBatchesWhole(where, last);
                    for (long i = 1; i <= last; i++) {
                        assertThat(engine.getEntry(group, i))
                                .as(where)
                                .isEqualTo(KilledWriter.entry(group, i));
                    }
                    acknowledged[group] = last;
                }
            }
        }
        assertThat(acknowledged[0]).isPositive();
    }

    private static void assertBatchesWhole(String where, long last) {
        long end = 0;
        while (end < last) {
            end += KilledWriter.batchEntries(end + 1);
        }
        assertThat(end).as("last batch is whole, " + where).isEqualTo(last);
    }

    private static void runAndKill(Path home, int lines, long[] acknowledged) throws Exception {
        Process child =
                new ProcessBuilder(command(KilledWriter.class, home))
                        .redirectErrorStream(true)
                        .start();
        try (BufferedReader out =
                new BufferedReader(
                        new InputStreamReader(child.getInputStream(), StandardCharsets.US_ASCII))) {
            for (int i = 0; i < lines; i++) {
                note(out.readLine(), acknowledged);
            }
            child.destroyForcibly();
            // What it had said before it died counts as well; the last line may be torn.
            List<String> rest = new ArrayList<>();
            try {
                out.lines().forEach(rest::add);
            } catch (java.io.UncheckedIOException pipeGone) {
                // Nothing more to hear.
            }
            for (int i = 0; i < rest.size() - 1; i++) {
                note(rest.get(i), acknowledged);
            }
        } finally {
            child.destroyForcibly().waitFor();
        }
    }

    private static void note(String line, long[] acknowledged) throws IOException {
        if (line == null || !line.matches("\\d+ \\d+")) {
            throw new IOException("the child said: " + line);
        }
        int space = line.indexOf(' ');
        int group = Integer.parseInt(line.substring(0, space));
        long last = Long.parseLong(line.substring(space + 1));
        acknowledged[group] = Math.max(acknowledged[group], last);
    }

    /** How to start a process of one of our classes on a directory. */
    static List<String> command(Class<?> main, Path home) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("-Xmx128m");
        command.add("-ea");
        command.add("--enable-native-access=ALL-UNNAMED");
        command.add("-cp");
        command.add(classPath());
        command.add(main.getName());
        command.add(home.toString());
        return command;
    }

    /** Wherever our classes were loaded from: the module path of the test run counts as well. */
    private static String classPath() {
        List<String> parts = new ArrayList<>();
        for (String key : new String[] {"jdk.module.path", "java.class.path"}) {
            String value = System.getProperty(key);
            if (value != null && !value.isEmpty()) {
                parts.add(value);
            }
        }
        for (Class<?> type : new Class<?>[] {KilledWriter.class, RaftEngine.class}) {
            parts.add(Path.of(sourceOf(type)).toString());
        }
        parts.add(Path.of(System.getProperty("user.dir"), "target", "test-classes").toString());
        return String.join(java.io.File.pathSeparator, parts);
    }

    private static java.net.URI sourceOf(Class<?> type) {
        try {
            return type.getProtectionDomain().getCodeSource().getLocation().toURI();
        } catch (java.net.URISyntaxException impossible) {
            throw new AssertionError(impossible);
        }
    }
}
