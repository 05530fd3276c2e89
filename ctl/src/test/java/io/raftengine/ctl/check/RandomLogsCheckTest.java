package io.raftengine.ctl.check;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.engine.EngineConfig;
import io.raftengine.engine.RaftEngine;
import io.raftengine.error.CorruptionException;
import io.raftengine.testing.campaign.Seed;
import io.raftengine.testing.forge.ItemForge;
import io.raftengine.testing.forge.SegmentForge;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Random logs in both queues, undamaged but with all kinds of steps that entries can take: the
 * check finds a hole exactly where replay finds one (D6).
 */
class RandomLogsCheckTest {
    private static final long SEED = Seed.orElse(77);
    private static final int SCALE = Math.max(1, Integer.getInteger("raftengine.scale", 1));

    @TempDir Path temp;

    @Test
    void aHoleIsFoundExactlyWhereReplayRefusesIt() throws IOException {
        int refused = 0;
        int opened = 0;
        for (int log = 0; log < 120 * SCALE; log++) {
            String name = String.format(Locale.ROOT, "-Draftengine.seed=%d", SEED + log);
            Path dir = Files.createDirectory(temp.resolve("log" + log));
            write(dir, new SplittableRandom(SEED + log));
            EngineConfig config = EngineConfig.builder(dir).build();
            boolean opens = true;
            long entries = 0;
            try (RaftEngine engine = RaftEngine.openReadOnly(config)) {
                for (long group = 1; group <= 2; group++) {
                    if (engine.firstIndex(group) != RaftEngine.NO_INDEX) {
                        entries += engine.lastIndex(group) - engine.firstIndex(group) + 1;
                    }
                }
            } catch (CorruptionException hole) {
                opens = false;
            }

            FoundList found = FoundList.of(dir, true);

            assertThat(found.summary.holes() == 0).as(name + found.lines).isEqualTo(opens);
            assertThat(found.summary.sound()).as(name + found.lines).isEqualTo(opens);
            if (opens) {
                opened++;
                assertThat(found.summary.liveEntries()).as(name).isEqualTo(entries);
            } else {
                refused++;
            }
        }
        assertThat(refused).isGreaterThan(3);
        assertThat(opened).isGreaterThan(50);
    }

    private static void write(Path dir, SplittableRandom random) {
        long[] next = {10, 10};
        for (int seq = 1; seq <= 2; seq++) {
            SegmentForge segment = new SegmentForge(2, seq);
            fill(segment, next, random, true);
            segment.writeRewriteTo(dir);
        }
        for (int seq = 4; seq <= 6; seq++) {
            SegmentForge segment = new SegmentForge(2, seq);
            fill(segment, next, random, false);
            segment.writeTo(dir);
        }
    }

    private static void fill(
            SegmentForge segment, long[] next, SplittableRandom random, boolean rewrite) {
        int batches = random.nextInt(5);
        for (int i = 0; i < batches; i++) {
            int group = random.nextInt(2);
            switch (random.nextInt(8)) {
                case 0 ->
                        segment.batch(
                                new ItemForge()
                                        .compact(group + 1, next[group] - 3 + random.nextInt(6)));
                case 1 -> {
                    if (!rewrite) {
                        segment.batch(new ItemForge().clean(group + 1));
                    }
                }
                default -> {
                    // Mostly where the last entries ended, at times below or behind it.
                    int step = random.nextInt(4) == 0 ? random.nextInt(9) - 6 : 0;
                    long first = Math.max(1, next[group] + step);
                    int count = 1 + random.nextInt(4);
                    long[] tails = new long[count];
                    for (int t = 0; t < count; t++) {
                        tails[t] = 5L * (t + 1);
                    }
                    segment.batch(
                            new byte[5 * count], new ItemForge().entries(group + 1, first, tails));
                    next[group] = first + count;
                }
            }
        }
    }
}
