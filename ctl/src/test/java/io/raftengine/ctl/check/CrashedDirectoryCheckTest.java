package io.raftengine.ctl.check;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.engine.Durability;
import io.raftengine.engine.EngineConfig;
import io.raftengine.engine.LogBatch;
import io.raftengine.engine.RaftEngine;
import io.raftengine.error.CorruptionException;
import io.raftengine.recovery.RecoveryMode;
import io.raftengine.testing.campaign.Seed;
import io.raftengine.testing.fs.SimulatedFileSystem;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/**
 * The check and recovery agree about what a power cut leaves: where the strictest mode opens a
 * directory the check finds nothing, and where the check finds something that mode refuses. Neither
 * changes a byte.
 */
class CrashedDirectoryCheckTest {
    private static final long SEED = Seed.orElse(311);
    private static final int SCALE = Math.max(1, Integer.getInteger("raftengine.scale", 1));
    private static final Path DIR = Path.of("/data");
    private static final int IMAGES = 12;

    private int sound;
    private int unsound;

    @Test
    void aPowerCutIsJudgedAsTheStrictestModeJudgesIt() {
        for (int round = 0; round < 6 * SCALE; round++) {
            life(SEED + round);
        }
        assertThat(sound).isGreaterThan(300);
        // In a segment without a watermark yet, unsynced batches may land in any order.
        assertThat(unsound).isLessThan(sound);
    }

    private void life(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        SimulatedFileSystem disk = new SimulatedFileSystem(seed);
        EngineConfig config =
                EngineConfig.builder(DIR)
                        .targetFileSizeBytes(8 << 10)
                        .purgeThresholdBytes(64 << 10)
                        .recoveryMode(RecoveryMode.ABSOLUTE_CONSISTENCY)
                        .build();
        try (RaftEngine engine = RaftEngine.open(config, disk, List.of());
                LogBatch batch = engine.newBatch()) {
            for (long index = 1; index <= 60; index++) {
                for (long group = 1; group <= 3; group++) {
                    batch.addEntry(group, index, new byte[random.nextInt(400)]);
                    boolean sync = random.nextInt(3) == 0;
                    engine.write(batch, sync ? Durability.SYNC : Durability.BUFFERED);
                }
                if (index % 5 == 0) {
                    for (int i = 0; i < IMAGES; i++) {
                        long image = index * IMAGES + i;
                        compare(disk.crashImage(image), config, seed, image);
                    }
                }
            }
        }
    }

    private void compare(SimulatedFileSystem disk, EngineConfig config, long seed, long image) {
        String name = String.format(Locale.ROOT, "-Draftengine.seed=%d, image %d", seed, image);
        long before = disk.fingerprint();
        FoundList found = FoundList.of(config, disk, true);
        assertThat(disk.fingerprint()).as(name).isEqualTo(before);
        boolean opens = true;
        try (RaftEngine strict = RaftEngine.openReadOnly(config, disk)) {
            assertThat(strict.recoveryReport().anomalies()).as(name).isEmpty();
        } catch (CorruptionException refused) {
            opens = false;
        }
        assertThat(found.summary.sound()).as(name + ": " + found.lines).isEqualTo(opens);
        if (opens) {
            sound++;
        } else {
            unsound++;
        }
    }
}
