package io.raftengine.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.log.format.QueueKind;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What purge needs is small beside any limit that an engine can work with. */
class SmallLimitTest {
    private static final int ENTRY_BYTES = 1000;
    private static final int GROUPS = 3;
    private static final int KEPT = 100;

    @ParameterizedTest
    @ValueSource(ints = {1024, 1536, 2048, 8192})
    void anEngineOfAMebibyteIsPurged(int limitKib) {
        EngineConfig.Builder config =
                WorkloadRun.config(EngineFixture.DIR)
                        .targetFileSizeBytes(64 << 10)
                        .purgeThresholdBytes(128 << 10)
                        .memoryLimitBytes((long) limitKib << 10);
        try (EngineFixture f = new EngineFixture(config).open()) {
            int last = 0;
            for (int round = 0; round < 5; round++) {
                for (int i = 0; i < 2 * KEPT; i++) {
                    last++;
                    append(f, last);
                }
                for (int group = 1; group <= GROUPS; group++) {
                    f.engine.compactTo(group, last - KEPT + 1);
                }
                PurgeResult result = f.engine.maintenance().rewriteAppend(Long.MAX_VALUE);
                assertThat(result.appendSegmentsDropped()).isPositive();
                assertThat(result.bytesRewritten()).isPositive();
                assertThat(f.engine.maintenance().rewriteRewrite().bytesRewritten()).isPositive();
                assertThat(f.engine.segmentSpan(QueueKind.APPEND).segmentCount()).isOne();
                check(f, last);
            }
            assertThat(f.engine.segmentSpan(QueueKind.REWRITE).segmentCount()).isLessThan(20);
            f.reopen();
            check(f, last);
        }
    }

    private static void append(EngineFixture f, int index) {
        try (LogBatch batch = f.engine.newBatch()) {
            for (int group = 1; group <= GROUPS; group++) {
                batch.addEntry(group, index, Workload.value(group, index, ENTRY_BYTES));
            }
            f.write(batch, false);
        }
    }

    private static void check(EngineFixture f, int last) {
        for (int group = 1; group <= GROUPS; group++) {
            assertThat(f.engine.firstIndex(group)).isEqualTo(last - KEPT + 1);
            assertThat(f.engine.lastIndex(group)).isEqualTo(last);
            for (int index = last - KEPT + 1; index <= last; index++) {
                assertThat(f.engine.getEntry(group, index))
                        .isEqualTo(Workload.value(group, index, ENTRY_BYTES));
            }
        }
    }
}
