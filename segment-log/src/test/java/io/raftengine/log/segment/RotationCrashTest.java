package io.raftengine.log.segment;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.error.PoisonedException;
import io.raftengine.error.RaftEngineException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The process dies before every single I/O call of a rotation, and after every way of finding the
 * next file. What is left must be contiguous with exact ends (I3, I4), must open, and must hold
 * everything appended before. (Loss of unsynced bytes is the simulated disk's subject, in another
 * module.)
 */
class RotationCrashTest {
    @TempDir private Path root;

    /** Where the next segment comes from. */
    enum Next {
        CREATED(q -> {}),
        RECYCLED(q -> q.purgeTo(q.queue.activeSeq())),
        PREPARED_FILLED(q -> q.settings().prefill(PrefillPolicy.ALWAYS)),
        SPILLED(q -> q.fs.available(q.dirs.get(0), 1)),
        HALF_MADE(RotationCrashTest::leaveHalfMade);

        private final Consumer<QueueFixture> arrange;

        Next(Consumer<QueueFixture> arrange) {
            this.arrange = arrange;
        }
    }

    private static void leaveHalfMade(QueueFixture q) {
        q.fs.program((op, path) -> {
            if (op.equals("write")) {
                throw ProgrammableFileSystem.full(path);
            }
        });
        try {
            q.queue.rotate();
        } catch (RaftEngineException expected) {
            // the header found no space; the next attempt moves to the spill directory
        }
        q.fs.noProgram();
        q.fs.available(q.dirs.get(0), 1);
    }

    /**
     * An error of the dying process, not of the disk: nothing may be undone or reported after it.
     */
    private static final class Crash extends Error {
        private static final long serialVersionUID = 1L;
    }

    @ParameterizedTest
    @EnumSource(Next.class)
    void aCrashBeforeAnyCallOfARotationLeavesASoundDirectory(Next next) throws IOException {
        int crashed = 0;
        for (int calls = 0; ; calls++) {
            if (!rotationCrashingAfter(next, calls)) {
                break;
            }
            crashed++;
        }
        assertThat(crashed).as("crash points of %s", next).isGreaterThanOrEqualTo(5);
    }

    private boolean rotationCrashingAfter(Next next, int calls) throws IOException {
        Path main = Files.createDirectories(root.resolve(next + "-" + calls + "-main"));
        Path spill = Files.createDirectories(root.resolve(next + "-" + calls + "-spill"));
        QueueFixture q = new QueueFixture(main, spill);
        q.settings().targetBytes(8 << 10).recycleCapacity(8);
        if (next == Next.PREPARED_FILLED) {
            next.arrange.accept(q);
        }
        q.open().append(9000).append(9000).append(5000);
        if (next == Next.PREPARED_FILLED) {
            q.append(2900).prepare();
            assertThat(q.queue.statistics().nextPrepared()).isTrue();
        } else {
            next.arrange.accept(q);
        }
        boolean crashed = false;
        int[] left = {calls};
        q.fs.program((op, path) -> {
            if (left[0]-- <= 0) {
                throw new Crash();
            }
        });
        try {
            q.rotate().append(500);
        } catch (Crash | PoisonedException e) {
            // Poisoned: the append met the crash in its write and again in its cut.
            crashed = true;
        }
        q.fs.noProgram();
        q.assertDirectoryIsSound();
        abandonAndReopen(q);
        q.append(100).rotate().append(100).verify();
        q.assertDirectoryIsSound();
        q.close();
        return crashed;
    }

    /**
     * The old queue object is dropped as a dead process drops it: only its descriptors and memory
     * are given back.
     */
    private static void abandonAndReopen(QueueFixture q) {
        q.queue.poison("the process died", null);
        q.queue.close();
        q.open().verify();
    }
}
