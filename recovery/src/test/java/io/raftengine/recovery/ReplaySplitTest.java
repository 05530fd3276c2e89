package io.raftengine.recovery;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.log.format.QueueKind;
import io.raftengine.log.io.FileSystem;
import io.raftengine.log.segment.SegmentFile;
import io.raftengine.recovery.RecoveryFixture.Outcome;
import io.raftengine.testing.campaign.Seed;
import io.raftengine.testing.fs.UnsyncedFileSystem;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Parallel replay equals sequential replay for every split (defect 21): random segments of both
 * queues, atomic groups among them, replayed with every composition into contiguous shares.
 */
class ReplaySplitTest {
    private static final long SEED = Seed.orElse(20261121);
    private static final int ROUNDS = Integer.getInteger("raftengine.rounds", 12);

    @TempDir Path temp;

    @Test
    void everySplitTellsTheSinkTheSameItemsInTheSameOrder() throws java.io.IOException {
        int crossing = 0;
        for (int round = 0; round < ROUNDS; round++) {
            Random random = new Random(SEED + round);
            Path dir = java.nio.file.Files.createDirectory(temp.resolve("round" + round));
            RecoveryFixture fixture =
                    new RecoveryFixture(dir).on(UnsyncedFileSystem.over(FileSystem.local()));
            int rewrites = 1 + random.nextInt(4);
            int appends = 1 + random.nextInt(3);
            for (int i = 1; i <= rewrites; i++) {
                fixture.rewrite(rewriteSegment(random, i));
            }
            long[] next = {1, 1, 1};
            for (int i = 1; i <= appends; i++) {
                fixture.append(appendSegment(random, i, next));
            }
            int segments = rewrites + appends;
            Outcome sequential = null;
            for (int cuts = 0; cuts < 1 << (segments - 1); cuts++) {
                List<Integer> split = split(segments, cuts);
                Outcome outcome =
                        fixture.split(split).recover(RecoveryMode.TOLERATE_TAIL_CORRUPTION);
                if (sequential == null) {
                    sequential = outcome.opens();
                }
                String what = "seed " + (SEED + round) + " split " + split;
                assertThat(outcome.opens().model().told())
                        .as(what)
                        .isEqualTo(sequential.model().told());
                assertThat(outcome.state()).as(what).isEqualTo(sequential.state());
                if (outcome.model().partitionCount() > split.size() + 1) {
                    crossing++;
                }
            }
        }
        assertThat(crossing).as("groups that lay in several stretches").isPositive();
    }

    private static List<Integer> split(int segments, int cuts) {
        List<Integer> ends = new ArrayList<>();
        for (int i = 1; i < segments; i++) {
            if ((cuts & 1 << (i - 1)) != 0) {
                ends.add(i);
            }
        }
        ends.add(segments);
        return ends;
    }

    private static SegmentBytes rewriteSegment(Random random, int seq) {
        SegmentBytes segment = SegmentBytes.v2(seq);
        int batches = random.nextInt(6);
        for (int i = 0; i < batches; i++) {
            SegmentBytes.Batch batch = segment.batch();
            long group = 1 + random.nextInt(3);
            if (random.nextInt(3) != 0) {
                batch.marker(random.nextInt(2), random.nextInt(3));
            }
            if (random.nextInt(4) != 0) {
                batch.entries(group, 1 + random.nextInt(5), "r" + seq + i, "s");
            }
            batch.put(group, "k" + random.nextInt(2), "v" + seq + i);
            if (random.nextInt(5) == 0) {
                batch.compact(group, random.nextInt(6));
            }
            if (random.nextInt(8) == 0) {
                batch.clean(group);
            }
            batch.end();
        }
        return segment;
    }

    /** Entries continue, overwrite tails or start anew behind a compaction; never with a hole. */
    private static SegmentBytes appendSegment(Random random, int seq, long[] next) {
        SegmentBytes segment = SegmentBytes.v2(seq);
        int batches = random.nextInt(6);
        for (int i = 0; i < batches; i++) {
            SegmentBytes.Batch batch = segment.batch();
            int group = random.nextInt(3);
            long back = random.nextInt(4) == 0 ? Math.min(2, next[group] - 1) : 0;
            long first = next[group] - back;
            batch.entries(group, first, "a" + seq + i, "b");
            next[group] = first + 2;
            if (random.nextInt(4) == 0) {
                batch.compact(group, next[group] - random.nextInt(2));
            }
            if (random.nextInt(4) == 0) {
                batch.delete(group, "k" + random.nextInt(2));
            } else {
                batch.put(group, "k" + random.nextInt(2), "w" + seq + i);
            }
            if (random.nextInt(10) == 0) {
                batch.clean(group);
                next[group] = 1;
            }
            batch.end();
        }
        return segment;
    }

    // ------------------------------------------------------------------ the plan

    private static List<SegmentFile> files(long... sizes) {
        List<SegmentFile> files = new ArrayList<>();
        for (long size : sizes) {
            files.add(
                    new SegmentFile(
                            QueueKind.APPEND,
                            files.size() + 1,
                            Path.of("s" + files.size()),
                            false,
                            size,
                            1));
        }
        return files;
    }

    @Test
    void theLargestShareIsAsSmallAsWholeSegmentsAllow() {
        long mib = 1 << 20;
        assertThat(ReplayPlan.split(files(9 * mib, 9 * mib, 9 * mib, 9 * mib), 2))
                .containsExactly(2, 4);
        assertThat(ReplayPlan.split(files(mib, mib, mib, 9 * mib), 2)).containsExactly(3, 4);
        assertThat(ReplayPlan.split(files(9 * mib, mib, mib, mib), 4)).hasSizeLessThanOrEqualTo(4);
        assertThat(ReplayPlan.split(files(mib), 8)).containsExactly(1);
        assertThat(ReplayPlan.split(files(), 8)).isEmpty();
        assertThat(ReplayPlan.split(files(0, 0, 0), 1)).containsExactly(3);
    }

    @Test
    void sharesCoverEverySegmentOnceWhateverTheSizes() {
        for (int round = 0; round < 200; round++) {
            Random random = new Random(SEED + round);
            long[] sizes = new long[random.nextInt(20)];
            for (int i = 0; i < sizes.length; i++) {
                sizes[i] = random.nextLong(1 << random.nextInt(30));
            }
            int shares = 1 + random.nextInt(6);
            List<Integer> ends = ReplayPlan.split(files(sizes), shares);
            assertThat(ends).hasSizeLessThanOrEqualTo(shares).isSorted().doesNotHaveDuplicates();
            if (sizes.length > 0) {
                assertThat(ends).endsWith(sizes.length).doesNotContain(0);
            }
        }
    }

    @Test
    void smallLogsAreReadByOneThread() {
        long mib = 1 << 20;
        assertThat(ReplayPlan.usefulThreads(files(100, 100, 100), 4, 2, mib)).isEqualTo(1);
        assertThat(ReplayPlan.usefulThreads(files(), 4, 2, mib)).isEqualTo(1);
        assertThat(ReplayPlan.usefulThreads(files(9 << 20, 9 << 20), 4, 2, mib)).isEqualTo(2);
        assertThat(ReplayPlan.usefulThreads(files(9 << 20, 9 << 20, 9 << 20), 1, 8, mib))
                .isEqualTo(1);
        assertThat(ReplayPlan.usefulThreads(files(9 << 20, 9 << 20, 9 << 20), 4, 2, mib))
                .as("not more than processors")
                .isEqualTo(2);
        assertThat(ReplayPlan.usefulThreads(files(new long[100]), 50, 1, mib)).isEqualTo(1);
        assertThat(ReplayPlan.usefulThreads(files(100, 100, 100), 4, 4, 1)).isEqualTo(3);
    }
}
