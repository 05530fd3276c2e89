package io.raftengine.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.log.segment.PrefillPolicy;
import io.raftengine.testing.fs.SimulatedFileSystem;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Which of the two queues is filled with zeros ahead, under which policy. */
class FilledQueuesTest {
    /** More synced writes than AUTO needs to make up its mind. */
    private static final int WRITES = 80;

    private final SimulatedFileSystem disk = new SimulatedFileSystem(1);

    @ParameterizedTest
    @EnumSource(PrefillPolicy.class)
    void autoFillsForWritesThatSomebodyWaitsForAndNotForCopies(PrefillPolicy policy) {
        EngineConfig config =
                EngineConfig.builder(Path.of("/engine"))
                        .targetFileSizeBytes(4 << 20)
                        .prefill(policy)
                        .build();
        EngineOpener opener =
                new EngineOpener(
                        config, disk, List.of(), false, new EngineClockwork(() -> 0, false));
        try (RaftEngine engine = RaftEngine.open(config, opener);
                LogBatch batch = engine.newBatch()) {
            for (int index = 1; index <= WRITES; index++) {
                batch.addEntry(1, index, EngineFixture.entry(1, index));
                engine.write(batch, Durability.SYNC);
                engine.maintenance().rewriteAppend(Long.MAX_VALUE);
            }
            while (opener.agent.doWork() > 0) {
                // until nothing is due
            }
            assertThat(opener.appendQueue.statistics().bytesPrefilled() > 0)
                    .isEqualTo(policy != PrefillPolicy.NEVER);
            assertThat(opener.rewriteQueue.statistics().bytesPrefilled() > 0)
                    .isEqualTo(policy == PrefillPolicy.ALWAYS);
        }
    }
}
