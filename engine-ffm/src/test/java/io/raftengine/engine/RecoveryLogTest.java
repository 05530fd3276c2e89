package io.raftengine.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftengine.error.RaftEngineException;
import io.raftengine.error.StorageException;
import io.raftengine.log.format.FormatVersion;
import io.raftengine.log.format.QueueKind;
import io.raftengine.log.format.SegmentName;
import io.raftengine.testing.fs.Fault;
import io.raftengine.testing.fs.Operation;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What recovery dropped is said when it has been cut, whatever becomes of the open. */
class RecoveryLogTest {
    private static final int WATERMARK_BATCH_BYTES = 46;

    private final EngineFixture f = new EngineFixture().open();

    /** From the first line on nothing can be opened or written. */
    private final TestLog log =
            new TestLog(record ->
                    f.fs.on(Operation.OPEN, Operation.CREATE, Operation.WRITE, Operation.ALLOCATE)
                            .inject(Fault.error()));

    @Test
    void droppedBytesAreNamedThoughTheOpenFailsBehindTheCuts() {
        f.append(1, 1, 1, false);
        f.disk.settle();
        int inTheEntry = FormatVersion.V2.headerBytes() + WATERMARK_BATCH_BYTES + 20;
        f.disk.flipBit(f.segment(1), inTheEntry, 1);
        f.disk.killProcess();
        assertThatThrownBy(f.engine::close).isInstanceOf(RaftEngineException.class);

        EngineClockwork clockwork = new EngineClockwork(System::nanoTime, false);
        EngineOpener opener =
                new EngineOpener(f.config, f.fs, List.of(), false, clockwork, log.engineLog());
        assertThatThrownBy(() -> RaftEngine.open(f.config, opener))
                .isInstanceOf(RaftEngineException.class);
        assertThat(log.records())
                .singleElement()
                .asString()
                .startsWith("WARNING recovery: " + f.segment(1) + ": bytes ")
                .contains("dropped");

        f.fs.clearRules();
        f.open();
        assertThat(f.engine.recoveryReport().dropped()).as("it is gone").isEmpty();
        assertThat(f.engine.isEmpty()).isTrue();
        f.close();
    }

    /** The rewrite queue comes first; the append queue's cut is the one that fails. */
    @Test
    void droppedBytesAreNamedThoughTheNextCutFails() {
        f.append(1, 1, 1, false);
        f.engine.maintenance().rewriteAppend(Long.MAX_VALUE);
        f.append(1, 2, 1, false);
        f.disk.settle();
        Path rewrite = EngineFixture.DIR.resolve(SegmentName.segment(QueueKind.REWRITE, 1));
        long active = f.engine.segmentSpan(QueueKind.APPEND).activeSeq();
        f.disk.flipBit(rewrite, f.disk.contents(rewrite).length - 1, 1);
        f.disk.flipBit(f.segment(active), f.length(active) - 1, 1);
        f.disk.killProcess();
        assertThatThrownBy(f.engine::close).isInstanceOf(RaftEngineException.class);
        f.fs.on(Operation.TRUNCATE)
                .onFiles(name -> name.endsWith(".raftlog"))
                .inject(Fault.error());

        TestLog heard = new TestLog(record -> {});
        f.log = heard.engineLog();
        assertThatThrownBy(f::open)
                .isInstanceOf(StorageException.class)
                .satisfies(e ->
                        assertThat(e.getSuppressed())
                                .anySatisfy(s ->
                                        assertThat(s).hasMessageContaining(rewrite + ": bytes ")));
        assertThat(heard.records())
                .singleElement()
                .asString()
                .startsWith("WARNING recovery: " + rewrite + ": bytes ");
    }
}
