package io.raftengine.engine.memtable;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.allocator.MemoryBudget;
import io.raftengine.error.InvalidArgumentException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Seeded random histories of live batches, compared with the model after every commit group (G1,
 * G2, G3, G5, G6).
 */
class MemtablesModelTest {
    private static final long GROUPS = 5;

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20})
    void answersLikeTheModelAfterEveryCommitGroup(long seed) {
        Random random = new Random(seed);
        MemoryBudget budget = MemoryBudget.unlimited();
        try (Memtables memtables = new Memtables(budget, 1 << 28)) {
            Model model = new Model();
            int style = random.nextInt(4);
            for (int step = 0; step < 250; step++) {
                long segment = 1 + step / 20;
                model = commitGroup(memtables, model, segment, step, style, random);
                Compare.all(memtables, model, GROUPS, random);
                Compare.accounting(memtables, model, segment);
            }
        }
        assertThat(budget.reservedBytes()).isZero();
    }

    private static Model commitGroup(
            Memtables memtables, Model model, long segment, int step, int style, Random random) {
        memtables.beginGroup(segment);
        Model after = model.copy();
        List<TestBatch> accepted = new ArrayList<>();
        int batches = 1 + random.nextInt(4);
        for (int i = 0; i < batches; i++) {
            TestBatch batch = RandomBatches.next(after, GROUPS, style, random);
            Model trial = after.copy();
            try {
                trial.write(segment, offset(step, accepted.size()), batch);
                assertThat(memtables.validate(batch.reader())).isEqualTo(Memtables.ACCEPTED);
                after = trial;
                accepted.add(batch);
            } catch (Model.Refused refused) {
                assertThat(memtables.validate(batch.reader())).isEqualTo(refused.why);
                assertThat(memtables.refusedGroup()).isEqualTo(refused.group);
                assertThat(memtables.expectedIndex()).isEqualTo(refused.expected);
                assertThat(memtables.foundIndex()).isEqualTo(refused.found);
                assertThat(memtables.refusal()).isInstanceOf(InvalidArgumentException.class);
            }
        }
        if (random.nextInt(10) == 0) {
            memtables.abandonGroup(); // the write failed: nothing of it may be visible (I2)
            return model;
        }
        for (int i = 0; i < accepted.size(); i++) {
            TestBatch batch = accepted.get(i);
            memtables.apply(
                    segment,
                    offset(step, i),
                    batch.blockBytes(),
                    batch.compressed && batch.blockBytes() > 0,
                    batch.reader());
        }
        memtables.endGroup();
        return after;
    }

    private static long offset(int step, int batch) {
        return 100L + step * 10_000L + batch * 1000L;
    }
}
