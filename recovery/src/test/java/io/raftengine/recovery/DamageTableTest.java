package io.raftengine.recovery;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.recovery.DamageTable.BehindHeader;
import io.raftengine.recovery.DamageTable.Decision;
import io.raftengine.recovery.DamageTable.Finding;
import io.raftengine.recovery.DamageTable.Inputs;
import io.raftengine.recovery.DamageTable.Place;
import io.raftengine.recovery.DamageTable.Promise;
import io.raftengine.recovery.DamageTable.Row;
import io.raftengine.recovery.DamageTable.Tail;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class DamageTableTest {
    private static List<Inputs> everyCombination() {
        List<Inputs> all = new ArrayList<>();
        for (Place place : Place.values()) {
            for (RecoveryMode mode : RecoveryMode.values()) {
                for (Finding finding : Finding.values()) {
                    for (Promise promise : Promise.values()) {
                        for (Tail tail : Tail.values()) {
                            for (BehindHeader behind : BehindHeader.values()) {
                                all.add(new Inputs(place, mode, finding, promise, tail, behind));
                            }
                        }
                    }
                }
            }
        }
        return all;
    }

    @Test
    void everyCombinationOfInputsHasExactlyOneRow() {
        List<Inputs> all = everyCombination();
        assertThat(all).hasSize(2 * 3 * 5 * 3 * 4 * 3);
        for (Inputs in : all) {
            List<Row> rows = DamageTable.ROWS.stream().filter(row -> row.matches(in)).toList();
            assertThat(rows).as("rows for %s", in).hasSize(1);
            assertThat(DamageTable.decide(in)).isEqualTo(rows.get(0).decision());
        }
    }

    @Test
    void everyRowIsReachable() {
        Set<Row> used = new HashSet<>();
        for (Inputs in : everyCombination()) {
            DamageTable.ROWS.stream().filter(row -> row.matches(in)).forEach(used::add);
        }
        assertThat(used).hasSize(DamageTable.ROWS.size());
    }

    /** P6: bytes below a watermark are never cut as a torn tail. */
    @Test
    void nothingBelowAWatermarkIsCutWithoutKeepingIt() {
        for (Inputs in : everyCombination()) {
            if (in.finding() == Finding.BROKEN_BATCH && in.promise() == Promise.BEYOND) {
                assertThat(DamageTable.decide(in))
                        .as("%s", in)
                        .isIn(Decision.REFUSE, Decision.CUT_KEEPING_BYTES);
            }
        }
    }

    @Test
    void aSealedSegmentIsCutInNoModeButTheOneThatToleratesAnything() {
        for (Inputs in : everyCombination()) {
            if (in.place() == Place.SEALED && in.finding() != Finding.WHOLE) {
                assertThat(DamageTable.decide(in) == Decision.REFUSE)
                        .as("%s", in)
                        .isEqualTo(in.mode() != RecoveryMode.TOLERATE_ANY_CORRUPTION);
            }
        }
    }

    @Test
    void theModeThatToleratesAnythingNeverRefusesDamage() {
        for (Inputs in : everyCombination()) {
            if (in.mode() == RecoveryMode.TOLERATE_ANY_CORRUPTION) {
                assertThat(DamageTable.decide(in)).as("%s", in).isNotEqualTo(Decision.REFUSE);
            }
        }
    }

    @Test
    void aStricterModeNeverOpensWhatATolerantOneRefuses() {
        for (Inputs in : everyCombination()) {
            if (in.mode() == RecoveryMode.ABSOLUTE_CONSISTENCY
                    && DamageTable.decide(in) != Decision.REFUSE) {
                Inputs tolerant =
                        new Inputs(
                                in.place(),
                                RecoveryMode.TOLERATE_TAIL_CORRUPTION,
                                in.finding(),
                                in.promise(),
                                in.tail(),
                                in.behind());
                assertThat(DamageTable.decide(tolerant)).isEqualTo(DamageTable.decide(in));
            }
        }
    }
}
