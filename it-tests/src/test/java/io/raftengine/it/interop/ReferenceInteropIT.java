package io.raftengine.it.interop;

import static io.raftengine.it.interop.Campaign.Purgers.BOTH;
import static io.raftengine.it.interop.Campaign.Purgers.OURS;
import static io.raftengine.testing.model.ScriptProfile.BIG;
import static io.raftengine.testing.model.ScriptProfile.CHURN;
import static io.raftengine.testing.model.ScriptProfile.GC;
import static io.raftengine.testing.model.ScriptProfile.LIMITS;
import static io.raftengine.testing.model.ScriptProfile.SMALL;
import static io.raftengine.testing.model.ScriptProfile.WIDE;
import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.it.interop.Campaign.History;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Seeded random scripts on our engine and on the real one, in four directions; a model without
 * files judges (Q13, P2-P4). Settings differ from script to script and from open to open: segment
 * sizes, formats, compression, recycling, prefill, read blocks, recovery threads. {@code
 * raftengine.scale} multiplies the number of scripts, {@code raftengine.seed} chooses others. Where
 * the real engine is not built these tests are skipped.
 */
class ReferenceInteropIT {
    /** The real engine forgets deletions when it purges; here it must agree to the last byte. */
    private static final List<History> ONLY_OURS_PURGES =
            List.of(
                    new History(SMALL, 90, 10, OURS),
                    new History(CHURN, 120, 20, OURS),
                    new History(GC, 80, 20, OURS),
                    new History(SMALL, 150, 0, OURS),
                    new History(WIDE, 40, 10, OURS),
                    new History(CHURN, 60, 0, OURS),
                    new History(BIG, 16, 15, OURS),
                    new History(GC, 60, 0, OURS),
                    new History(LIMITS, 40, 20, OURS));

    private static final List<History> ALL =
            List.of(
                    new History(SMALL, 100, 0, BOTH),
                    new History(GC, 80, 20, BOTH),
                    new History(CHURN, 100, 0, BOTH),
                    new History(SMALL, 100, 20, BOTH),
                    new History(WIDE, 40, 0, BOTH),
                    new History(CHURN, 100, 25, BOTH),
                    new History(BIG, 16, 0, BOTH),
                    new History(LIMITS, 40, 20, BOTH));

    @TempDir Path temp;
    private Path binary;

    @BeforeEach
    void find() {
        binary = ReferenceBinary.find();
    }

    private Campaign campaign(
            String name,
            TwoEngines.Direction direction,
            List<History> histories,
            boolean refusals) {
        return new Campaign(
                "ReferenceInteropIT#" + name,
                histories,
                refusals,
                worker -> new TwoEngines(direction, temp, binary, worker));
    }

    private static void assertNothingForgotten(Tally tally) {
        assertThat(tally.forgotten.sum()).isZero();
        assertThat(tally.misread.sum()).isZero();
    }

    @Test
    void weWriteAndItReads() {
        assertNothingForgotten(
                campaign("weWriteAndItReads", ScriptRun::weWriteAndItReads, ONLY_OURS_PURGES, true)
                        .run(150));
    }

    @Test
    void itWritesAndWeRead() {
        campaign("itWritesAndWeRead", ScriptRun::itWritesAndWeRead, ALL, false).run(140);
    }

    @Test
    void bothInTurns() {
        campaign("bothInTurns", ScriptRun::bothInTurns, ALL, true).run(110);
    }

    @Test
    void bothInTurnsAndOnlyOursPurges() {
        assertNothingForgotten(
                campaign(
                                "bothInTurnsAndOnlyOursPurges",
                                ScriptRun::bothInTurns,
                                ONLY_OURS_PURGES,
                                true)
                        .run(150));
    }

    @Test
    void killedInMidWrite() {
        assertNothingForgotten(
                campaign("killedInMidWrite", ScriptRun::killedInMidWrite, ONLY_OURS_PURGES, true)
                        .run(150));
    }
}
