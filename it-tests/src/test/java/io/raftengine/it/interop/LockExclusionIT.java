package io.raftengine.it.interop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftengine.error.LockedException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A directory has one owner, whichever engine it is (E1, P10). */
class LockExclusionIT {
    @TempDir Path temp;
    private Path dir;
    private Path binary;

    @BeforeEach
    void find() {
        binary = ReferenceBinary.find();
        dir = temp.resolve("data");
    }

    @Test
    void weAreRefusedWhileTheRealEngineHasTheDirectory() {
        try (ServedEngine reference = reference();
                LocalEngine ours = new LocalEngine()) {
            reference.open(dir, Settings.PLAIN);
            assertThatThrownBy(() -> ours.open(dir, Settings.PLAIN))
                    .isInstanceOf(LockedException.class);
            assertThatThrownBy(() -> ours.export(dir, Settings.PLAIN))
                    .isInstanceOf(LockedException.class);
            reference.shut();
            ours.open(dir, Settings.PLAIN);
            ours.shut();
        }
    }

    @Test
    void theRealEngineIsRefusedWhileWeHaveTheDirectory() {
        try (ServedEngine reference = reference();
                LocalEngine ours = new LocalEngine()) {
            ours.open(dir, Settings.PLAIN);
            assertThatThrownBy(() -> reference.open(dir, Settings.PLAIN))
                    .isInstanceOf(AssertionError.class)
                    .hasMessageContaining("\"error\":\"Locked\"");
            ours.shut();
            reference.open(dir, Settings.PLAIN);
            reference.shut();
        }
    }

    @Test
    void theLockGoesWithTheProcessThatHeldIt() {
        try (ServedEngine reference = reference();
                LocalEngine ours = new LocalEngine()) {
            reference.open(dir, Settings.PLAIN);
            reference.kill();
            ours.open(dir, Settings.PLAIN);
            assertThat(ours.state()).isEqualTo("[]");
            ours.shut();
        }
    }

    private ServedEngine reference() {
        return ServedEngine.reference(binary, temp.resolve("stderr"));
    }
}
