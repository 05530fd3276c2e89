package io.raftengine.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.log.format.QueueKind;
import io.raftengine.log.io.FileSystem;
import io.raftengine.recovery.DropCause;
import io.raftengine.recovery.RecoveryReport;
import io.raftengine.testing.campaign.Seed;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Defect 13, Q8: a child process that does little else than rotating and purging is killed, again
 * and again on the same directory. Nothing acknowledged is missing, nothing compacted comes back,
 * every file is one the engine knows, and there are never more of them than its settings allow.
 */
@Timeout(900)
class PurgeKillTest {
    private static final long SEED = Seed.orElse(31);
    private static final int KILLS = 10 * Math.max(1, Integer.getInteger("raftengine.scale", 1));

    /** Six segments of the capacity, a prepared one, the head-room, the lock, the rewrite queue. */
    private static final int FILES_MAX = 30;

    private static final Set<DropCause> TORN =
            EnumSet.of(DropCause.TORN_TAIL, DropCause.TORN_ENTRIES, DropCause.TORN_HEADER);

    private final long[] first = new long[KilledPurger.GROUPS];
    private final long[] last = new long[KilledPurger.GROUPS];

    @Test
    void killedWhileItRotatesAndPurgesItLeaksNothing(@TempDir Path dir) throws Exception {
        Path home = dir.resolve("engine");
        SplittableRandom random = new SplittableRandom(SEED);
        long rotated = 0;
        for (int kill = 0; kill < KILLS; kill++) {
            int lines = 1 + random.nextInt(1500);
            runAndKill(home, lines);
            String where = "-Draftengine.seed=" + SEED + ", kill " + kill + " after " + lines;
            EngineOpener opener =
                    new EngineOpener(
                            KilledPurger.config(home),
                            FileSystem.local(),
                            List.of(),
                            false,
                            new EngineClockwork(System::nanoTime, false));
            try (RaftEngine engine = RaftEngine.open(KilledPurger.config(home), opener)) {
                verify(engine, where);
                verifyKnown(engine, home, where);
                // The writer may have outrun the purge, which asks nine times before it copies
                // much.
                for (int i = 0; i < 12; i++) {
                    engine.purgeExpiredFiles();
                }
                verify(engine, where);
                verifyFiles(engine, home, where);
                rotated = engine.segmentSpan(QueueKind.APPEND).activeSeq();
                verifyReport(engine.recoveryReport(), kill + 1, where);
            }
        }
        assertThat(rotated).as("segments in all").isGreaterThan(10L * KILLS);
    }

    private void verify(RaftEngine engine, String where) {
        for (int group = 0; group < KilledPurger.GROUPS; group++) {
            if (last[group] == 0) {
                continue;
            }
            long firstNow = engine.firstIndex(group);
            long lastNow = engine.lastIndex(group);
            assertThat(firstNow)
                    .as("first of %d, %s", group, where)
                    .isGreaterThanOrEqualTo(first[group]);
            assertThat(lastNow)
                    .as("last of %d, %s", group, where)
                    .isGreaterThanOrEqualTo(last[group]);
            for (long i = firstNow; i <= lastNow; i++) {
                assertThat(engine.getEntry(group, i))
                        .as("entry %d of %d, %s", i, group, where)
                        .isEqualTo(KilledPurger.entry(group, i));
            }
            first[group] = firstNow;
            last[group] = lastNow;
        }
    }

    /** A kill takes at most the end of a file, and the atomic group that was being written. */
    private static void verifyReport(RecoveryReport report, int kills, String where) {
        assertThat(report.anomalies()).as(where).isEmpty();
        assertThat(report.damagedBlocks()).as(where).isZero();
        assertThat(report.dropped())
                .as(where)
                .allMatch(range -> TORN.contains(range.cause()) && range.validBatchesBehind() <= 0);
        assertThat(report.unfinishedGroupCount()).as(where).isLessThanOrEqualTo(kills);
    }

    private static void verifyFiles(RaftEngine engine, Path home, String where) {
        assertThat(verifyKnown(engine, home, where)).as(where).hasSizeLessThanOrEqualTo(FILES_MAX);
    }

    private static List<String> verifyKnown(RaftEngine engine, Path home, String where) {
        List<String> names = new ArrayList<>();
        FileSystem.local().list(home).forEach(e -> names.add(e.name()));
        FullDiskTest.assertNoStrangers(names);
        assertThat(names.stream().filter(n -> n.endsWith(".raftlog")).count())
                .as(where)
                .isEqualTo(engine.segmentSpan(QueueKind.APPEND).segmentCount());
        assertThat(names.stream().filter(n -> n.endsWith(".rewrite")).count())
                .as(where)
                .isEqualTo(engine.segmentSpan(QueueKind.REWRITE).segmentCount());
        return names;
    }

    private void runAndKill(Path home, int lines) throws Exception {
        Process child =
                new ProcessBuilder(KillTest.command(KilledPurger.class, home))
                        .redirectErrorStream(true)
                        .start();
        try (BufferedReader out =
                new BufferedReader(
                        new InputStreamReader(child.getInputStream(), StandardCharsets.US_ASCII))) {
            for (int i = 0; i < lines; i++) {
                note(out.readLine());
            }
            child.destroyForcibly();
            // What it had said before it died counts as well; the last line may be torn.
            List<String> rest = new ArrayList<>();
            try {
                out.lines().forEach(rest::add);
            } catch (UncheckedIOException pipeGone) {
                // Nothing more to hear.
            }
            for (int i = 0; i < rest.size() - 1; i++) {
                note(rest.get(i));
            }
        } finally {
            child.destroyForcibly().waitFor();
        }
    }

    private void note(String line) {
        assertThat(line).as("what the child said").matches("\\d+ \\d+ \\d+");
        String[] words = line.split(" ");
        int group = Integer.parseInt(words[0]);
        first[group] = Math.max(first[group], Long.parseLong(words[1]));
        last[group] = Math.max(last[group], Long.parseLong(words[2]));
    }
}
