package io.raftengine.it.interop;

import static io.raftengine.testing.model.ScriptProfile.CHURN;
import static io.raftengine.testing.model.ScriptProfile.SMALL;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.raftengine.testing.model.EngineModel;
import io.raftengine.testing.model.Operation;
import io.raftengine.testing.model.ScriptGenerator;
import java.io.File;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Our engine in a JVM of its own, behind {@code serve}, killed by SIGKILL at a random moment of an
 * operation (P2, P4): both engines find every acknowledged operation, and the one under way as a
 * whole or not at all.
 */
class KilledProcessIT {
    private static final int PROCESSES = 5;
    private static final int KILL_DELAY_NANOS_MAX = 400_000;

    @TempDir Path temp;
    private Path binary;

    @BeforeEach
    void find() {
        binary = ReferenceBinary.find();
        assumeTrue(
                System.getProperty("jdk.module.path") != null, "the tests are on the class path");
    }

    @Test
    void bothEnginesFindWhatAKilledJvmAcknowledged() {
        int processes = Campaign.scaled(PROCESSES);
        for (int i = 0; i < processes; i++) {
            long seed = Campaign.seed() + i;
            try (ServedEngine jvm = ServedEngine.ours(command(), temp.resolve("ours" + i));
                    ServedEngine reference =
                            ServedEngine.reference(binary, temp.resolve("reference" + i))) {
                killOnce(seed, temp.resolve("data" + i), jvm, reference);
            }
        }
    }

    private static List<String> command() {
        return List.of(
                System.getProperty("java.home") + File.separator + "bin" + File.separator + "java",
                "-ea",
                "--enable-native-access=io.raftengine.allocator,io.raftengine.log,org.lz4.java",
                "-p",
                System.getProperty("jdk.module.path"),
                "-m",
                "io.raftengine.ctl/io.raftengine.ctl.Main",
                "serve");
    }

    private void killOnce(long seed, Path dir, ServedEngine jvm, ServedEngine reference) {
        Random random = new Random(seed);
        List<Operation> script =
                new ScriptGenerator(random.nextBoolean() ? SMALL : CHURN, seed)
                        .reopens(0)
                        .generate(120);
        int last = 20 + random.nextInt(100);
        Judge judge = new Judge();
        jvm.open(dir, Settings.random(random));
        for (Operation operation : script.subList(0, last)) {
            Contender.Outcome outcome = jvm.run(operation);
            EngineModel.Answer expected = judge.run(operation);
            assertThat(outcome.failed())
                    .as("seed %d, %s", seed, outcome)
                    .isEqualTo(expected instanceof EngineModel.Refused);
        }
        assertThat(jvm.state()).as("seed %d", seed).isEqualTo(judge.state());
        String before = judge.state();
        boolean acknowledged = jvm.killIn(script.get(last), random.nextInt(KILL_DELAY_NANOS_MAX));
        judge.run(script.get(last));
        String after = judge.state();
        String theirs = reference.export(dir, Settings.PLAIN);
        assertThat(theirs)
                .as("seed %d, acknowledged: %s", seed, acknowledged)
                .isIn(after, acknowledged ? after : before);
        try (LocalEngine ours = new LocalEngine()) {
            assertThat(ours.export(dir, Settings.random(random))).isEqualTo(theirs);
            ours.open(dir, Settings.random(random));
            assertThat(ours.state()).isEqualTo(theirs);
            ours.shut();
        }
        reference.open(dir, Settings.PLAIN);
        assertThat(reference.state()).isEqualTo(theirs);
        reference.shut();
    }
}
