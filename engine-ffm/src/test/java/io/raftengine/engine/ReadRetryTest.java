package io.raftengine.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftengine.error.StorageException;
import io.raftengine.log.format.QueueKind;
import io.raftengine.testing.fs.Fault;
import io.raftengine.testing.fs.FaultRule;
import io.raftengine.testing.fs.Operation;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/**
 * L8, D17: a read that fails is tried once more with a fresh location, in the same call; a second
 * failure is the caller's.
 */
class ReadRetryTest {
    private static final int ENTRIES = 10;

    @Test
    void aFetchOfWhichOneReadFailsReturnsEverything() {
        try (Scene scene = oneEntryPerSegment()) {
            FaultRule broken = scene.f.fs.on(Operation.READ).program(8, 1).inject(Fault.error());
            demandAll(scene);
            assertThat(broken.fired()).isOne();
        }
    }

    @Test
    void aFetchFailsWhereASecondReadFails() {
        try (Scene scene = oneEntryPerSegment()) {
            scene.f.fs.on(Operation.READ).program(8, 2).inject(Fault.error());
            assertThatThrownBy(() -> fetch(scene)).isInstanceOf(StorageException.class);
            demandAll(scene);
        }
    }

    @Test
    void anEntryWhoseReadFailsOnceIsReturned() {
        try (Scene scene = oneEntryPerSegment()) {
            FaultRule broken = scene.f.fs.on(Operation.READ).once().inject(Fault.error());
            assertThat(scene.f.engine.getEntry(1, 5)).isEqualTo(EngineFixture.entry(1, 5));
            assertThat(broken.fired()).isOne();
        }
    }

    @Test
    void anEntryWhoseReadFailsTwiceIsAnError() {
        try (Scene scene = oneEntryPerSegment()) {
            scene.f.fs.on(Operation.READ).program(0, 2).inject(Fault.error());
            assertThatThrownBy(() -> scene.f.engine.getEntry(1, 5))
                    .isInstanceOf(StorageException.class);
            assertThat(scene.f.engine.getEntry(1, 5)).isEqualTo(EngineFixture.entry(1, 5));
        }
    }

    @Test
    void whatWasMovedWhenItsReadFailedIsFoundWhereItIsNow() {
        for (boolean fetch : new boolean[] {true, false}) {
            try (Scene scene = oneEntryPerSegment()) {
                AtomicBoolean moved = new AtomicBoolean();
                FaultRule broken =
                        scene.f
                                .fs
                                .on(Operation.READ)
                                .onFiles(name -> name.endsWith(".raftlog"))
                                .where(call -> {
                                    if (!moved.compareAndSet(false, true)) {
                                        return false;
                                    }
                                    scene.rewriteAppend();
                                    return true;
                                })
                                .inject(Fault.error());
                if (fetch) {
                    demandAll(scene);
                } else {
                    assertThat(scene.f.engine.getEntry(1, 5)).isEqualTo(EngineFixture.entry(1, 5));
                }
                assertThat(broken.fired()).isOne();
                assertThat(scene.queueOf(1, 5)).isEqualTo(QueueKind.REWRITE);
            }
        }
    }

    private static Scene oneEntryPerSegment() {
        Scene scene = new Scene(Scene.segmentsOf(1));
        for (long index = 1; index <= ENTRIES; index++) {
            scene.f.append(1, index, 1, true);
        }
        return scene;
    }

    private static List<byte[]> fetch(Scene scene) {
        List<byte[]> fetched = new ArrayList<>();
        scene.f.engine.fetchEntriesTo(1, 1, ENTRIES + 1, Long.MAX_VALUE, fetched);
        return fetched;
    }

    private static void demandAll(Scene scene) {
        List<byte[]> fetched = fetch(scene);
        assertThat(fetched).hasSize(ENTRIES);
        for (int i = 0; i < ENTRIES; i++) {
            assertThat(fetched.get(i)).isEqualTo(EngineFixture.entry(1, i + 1));
        }
    }
}
