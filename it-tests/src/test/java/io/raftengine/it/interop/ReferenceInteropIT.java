package io.raftengine.it.interop;

import static io.raftengine.testing.model.ScriptProfile.BIG;
import static io.raftengine.testing.model.ScriptProfile.CHURN;
import static io.raftengine.testing.model.ScriptProfile.GC;
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
    private static final List<History> WITHOUT_PURGES =
            List.of(
                    new History(SMALL, 90, 0),
                    new History(CHURN, 120, 0),
                    new History(GC, 60, 0),
                    new History(SMALL, 150, 0),
                    new History(WIDE, 40, 0),
                    new History(CHURN, 60, 0),
                    new History(BIG, 16, 0));
    private static final List<History> ALL =
            List.of(
                    new History(SMALL, 100, 0),
                    new History(GC, 80, 20),
                    new History(CHURN, 100, 0),
                    new History(SMALL, 100, 20),
                    new History(WIDE, 40, 0),
                    new History(CHURN, 100, 25),
                    new History(BIG, 16, 0));

    @TempDir Path temp;
    private Path binary;

    @BeforeEach
    void find() {
        binary = ReferenceBinary.find();
    }

    @Test
    void weWriteAndItReads() {
        Tally tally =
                new Campaign(
                                "weWriteAndItReads",
                                ScriptRun::weWriteAndItReads,
                                WITHOUT_PURGES,
                                true,
                                temp,
                                binary)
                        .run(150);
        assertThat(tally.forgotten.sum()).isZero();
    }

    @Test
    void itWritesAndWeRead() {
        new Campaign("itWritesAndWeRead", ScriptRun::itWritesAndWeRead, ALL, false, temp, binary)
                .run(140);
    }

    @Test
    void bothInTurns() {
        new Campaign("bothInTurns", ScriptRun::bothInTurns, ALL, true, temp, binary).run(110);
    }

    @Test
    void killedInMidWrite() {
        Tally tally =
                new Campaign(
                                "killedInMidWrite",
                                ScriptRun::killedInMidWrite,
                                WITHOUT_PURGES,
                                true,
                                temp,
                                binary)
                        .run(150);
        assertThat(tally.forgotten.sum()).isZero();
    }
}
