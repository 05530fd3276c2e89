package io.raftengine.log.segment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftengine.error.OutOfSpaceException;
import io.raftengine.error.StorageException;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Zeros ahead of the log: in the active segment, and in the next one until it is handed over. */
class NextSegmentFillTest {
    @TempDir private Path dir;
    private final AtomicLong nanos = new AtomicLong();
    private QueueFixture q;

    @BeforeEach
    void fixture() {
        q = new QueueFixture(dir);
        q.settings().clock(nanos::get);
    }

    @AfterEach
    void close() {
        q.close();
    }

    /** Zeros on their way to the disk are in the way of syncs. */
    @Test
    void aFillStaysOneMebibyteAheadAndIsPacedOnceHalfOfThatIsThere() {
        q.settings().targetBytes(16 << 20).prefill(PrefillPolicy.ALWAYS);
        q.open().append(100).prepare();
        long inOneGo = q.queue.statistics().bytesPrefilled();
        assertThat(inOneGo).isBetween(256L << 10, 512L << 10);
        q.queue.prepareNext();
        assertThat(q.queue.statistics().bytesPrefilled())
                .as("one piece for each round")
                .isEqualTo(inOneGo + (64 << 10));
        for (int round = 0; round < 100; round++) {
            q.prepare();
        }
        assertThat(q.queue.statistics().bytesPrefilled()).isBetween(512L << 10, 1088L << 10);
    }

    /** Where the active segment needs zeros itself, the next one gets half as many beside it. */
    @Test
    void theNextSegmentIsFilledAsTheActiveOneGrows() {
        q.settings().targetBytes(16 << 20).prefill(PrefillPolicy.ALWAYS);
        q.open().append(1 << 20).prepare();
        assertThat(q.names(0)).as("an eighth is not reached").hasSize(1);
        for (int mebibyte = 2; mebibyte <= 13; mebibyte++) {
            q.append(1 << 20).prepare();
            assertThat(q.queue.statistics().nextPrepared()).isFalse();
            assertThat(quarterMebibytesFilledAhead())
                    .as("half of what was written since, after %d MiB", mebibyte)
                    .isBetween((mebibyte - 2L) * 2, (mebibyte - 2L) * 2 + 1);
        }
        q.append(1 << 20).prepare();
        assertThat(q.queue.statistics().nextPrepared()).as("two more would do").isTrue();
        q.append(1 << 20).append(1 << 20).append(100);
        assertThat(q.queue.statistics().rotationsPrepared()).isEqualTo(1);
        q.purgeTo(2).verify();
    }

    @Test
    void inALogThatGrowsTheNextSegmentIsWholeLongBeforeTheActiveOneIsFull() {
        q.settings().targetBytes(4 << 20).prefill(PrefillPolicy.ALWAYS);
        growTo(7, 100 << 10);
        assertThat(q.queue.statistics().rotationsPrepared()).isEqualTo(6);
        long before = q.queue.statistics().bytesPrefilled();
        long padded = q.queue.statistics().bytesPadded();
        for (int i = 0; i < 34; i++) {
            q.append(100 << 10).prepare();
        }
        assertThat(q.queue.statistics().nextPrepared()).as("with a tenth to spare").isTrue();
        assertThat(q.queue.statistics().bytesPrefilled() - before)
                .as("the next one whole, and nothing of the active one")
                .isEqualTo(4 << 20);
        assertThat(q.queue.statistics().bytesPadded()).as("whole pages").isGreaterThan(padded);
        q.verify();
    }

    /** Two of them pass over more than is left when small ones would be waited for. */
    @Test
    void inALogOfLongAppendsEachRotationFindsItsNextSegmentReady() {
        q.settings().targetBytes(8 << 20).prefill(PrefillPolicy.ALWAYS);
        growTo(8, 700 << 10);
        assertThat(q.queue.statistics().rotationsPrepared()).isEqualTo(7);
        q.verify();
    }

    /** One call fills it, and there is no schedule to be too late for. */
    @Test
    void aSmallNextSegmentIsFilledHoweverLongTheAppends() {
        q.settings().targetBytes(64 << 10).prefill(PrefillPolicy.ALWAYS);
        q.open().append(30 << 10).prepare();
        assertThat(q.queue.statistics().nextPrepared()).isTrue();
        assertThat(quarterMebibytesFilledAhead()).isEqualTo(1);
        q.verify();
    }

    /** What is filled in step with the log waits while that rests; they must not wait for it. */
    @Test
    void reservesAreMadeAlsoBesideALogThatRests() {
        q.settings().targetBytes(16 << 20).prefill(PrefillPolicy.ALWAYS);
        q.settings().recycleCapacity(4).prefillCapacity(2);
        q.open().append(1 << 20).append(1 << 20).append(1 << 20).prepare();
        assertThat(q.queue.statistics().reserveCount()).isEqualTo(2);
        q.verify();
    }

    /** One that cannot be made does not cost the next segment its zeros. */
    @Test
    void theNextSegmentIsFilledOnWhereThereIsNoRoomForTheReservesThatAreAskedFor() {
        q.settings().targetBytes(16 << 20).prefill(PrefillPolicy.ALWAYS);
        q.settings().recycleCapacity(4).prefillCapacity(2);
        q.open();
        q.fs.available(dir, 20 << 20);
        q.append(1 << 20).prepare();
        q.fs.available(dir, 40 << 20);
        q.append(1 << 20).append(1 << 20).prepare();
        assertThat(q.names(0)).as("the pause is not over").contains("prepared-2.tmp");
        q.fs.available(dir, 20 << 20);
        nanos.addAndGet(NextSegmentPreparer.RETRY_NANOS_MIN);
        for (int i = 0; i < 4; i++) {
            q.append(1 << 20).prepare();
        }
        assertThat(q.queue.statistics().nextPrepared()).isFalse();
        assertThat(quarterMebibytesFilledAhead()).isPositive();
        assertThat(q.queue.statistics().reserveCount()).isZero();
        q.verify();
    }

    /** Otherwise a file without its space is taken for one that has it. */
    @Test
    void afterAnErrorThatNobodyExpectsTheFileThatWasBegunIsGone() {
        q.settings().targetBytes(16 << 20).prefill(PrefillPolicy.ALWAYS);
        q.open();
        q.append(1 << 20).append(1 << 20).append(1 << 20);
        q.fs.program((op, path) -> {
            if (op.equals("allocate")) {
                throw new OutOfMemoryError("planted");
            }
        });
        assertThatThrownBy(q::prepare).isInstanceOf(OutOfMemoryError.class);
        q.fs.noProgram();
        assertThat(q.names(0)).hasSize(1);
        q.prepare();
        assertThat(q.names(0)).contains("prepared-3.tmp");
        q.verify();
    }

    /** It finishes the file it has, and would only throw the other one away. */
    @Test
    void aRotationThatIsTriedAgainLeavesTheNextSegmentAlone() {
        beginNext();
        q.fs.program((op, path) -> {
            if (op.equals("write") && path.getFileName().toString().endsWith("2.raftlog")) {
                throw ProgrammableFileSystem.failure(op, path);
            }
        });
        assertThatThrownBy(q::rotate).isInstanceOf(StorageException.class);
        q.fs.noProgram();
        q.rotate().append(100);
        assertThat(q.queue.statistics().rotationsPrepared()).isZero();
        assertThat(q.names(0)).contains("prepared-2.tmp");
        q.verify();
    }

    private void growTo(long segment, int appendBytes) {
        q.open();
        while (q.queue.activeSeq() < segment) {
            q.append(appendBytes).prepare();
        }
    }

    private long quarterMebibytesFilledAhead() {
        return q.fs.calls().stream().filter("write prepared-2.tmp"::equals).count();
    }

    /** Begins a next segment of 16 MiB of which a part is filled. */
    private void beginNext() {
        q.settings().targetBytes(16 << 20).prefill(PrefillPolicy.ALWAYS).recycleCapacity(10);
        q.open();
        for (int i = 0; i < 8; i++) {
            q.append(1 << 20).prepare();
        }
        assertThat(q.names(0)).contains("prepared-2.tmp");
        assertThat(q.queue.statistics().nextPrepared()).isFalse();
        assertThat(quarterMebibytesFilledAhead()).isBetween(1L, 60L);
    }

    private void assertHandedOverAsItIs(long filledAhead) {
        assertThat(q.queue.statistics().nextPrepared()).isTrue();
        assertThat(quarterMebibytesFilledAhead()).isEqualTo(filledAhead);
        assertThat(q.queue.rotationFindsRoom()).isTrue();
        q.rotate();
        long padded = q.queue.statistics().bytesPadded();
        q.append(100).append(100);
        assertThat(q.queue.statistics().bytesPadded()).as("its beginning").isGreaterThan(padded);
        q.verify();
    }

    /** Where the disk may be full at any moment, what the next one has allocated is a way out. */
    @Test
    void aNextSegmentIsHandedOverAsItIsWhenSpaceBecomesShort() {
        beginNext();
        long filled = quarterMebibytesFilledAhead();
        q.fs.available(dir, 10 << 20);
        q.append(1 << 20).prepare();
        assertHandedOverAsItIs(filled);
        long prefilled = q.queue.statistics().bytesPrefilled();
        q.append(7 << 20).prepare();
        assertThat(q.queue.statistics().bytesPrefilled())
                .as("the rest is filled as it is written")
                .isGreaterThan(prefilled);
    }

    /** A quota says that space is there, and refuses it. */
    @Test
    void aWriterThatFindsNoSpaceTakesTheNextSegmentAsItIs() {
        beginNext();
        long filled = quarterMebibytesFilledAhead();
        q.fs.program((op, path) -> {
            if (op.equals("write") && path.getFileName().toString().endsWith("1.raftlog")
                    || op.equals("create")) {
                throw new OutOfSpaceException(path.toString(), "quota");
            }
        });
        assertThatThrownBy(() -> q.append(100)).isInstanceOf(OutOfSpaceException.class);
        assertThat(q.queue.rotationFindsRoom()).isTrue();
        q.rotate().append(100);
        assertThat(q.queue.statistics().rotationsPrepared()).isEqualTo(1);
        assertThat(quarterMebibytesFilledAhead()).isEqualTo(filled);
        q.fs.noProgram();
        q.verify();
    }

    @Test
    void whatFailedEarlyIsTriedOnceMoreWhenTheActiveSegmentIsHalfFull() {
        q.settings().targetBytes(16 << 20).prefill(PrefillPolicy.ALWAYS);
        int[] tries = {0};
        q.open();
        q.fs.program((op, path) -> {
            if (op.equals("create")) {
                tries[0]++;
                throw ProgrammableFileSystem.failure(op, path);
            }
        });
        q.append(4 << 20).prepare().append(2 << 20).prepare();
        assertThat(tries[0]).as("not in each round").isEqualTo(1);
        q.append(3 << 20).prepare().append(1 << 20).prepare();
        assertThat(tries[0]).isEqualTo(2);
        q.fs.noProgram();
        q.append(1 << 20).prepare();
        assertThat(q.names(0)).as("left to the rotation").hasSize(1);
    }

    /** It would be published without zeros, and no other would be made beside that segment. */
    @Test
    void noNextSegmentIsBegunWhileARotationIsUnderWay() {
        q.settings().targetBytes(4 << 20).prefill(PrefillPolicy.ALWAYS);
        q.open().append(3 << 20).prepare();
        q.append(1 << 20).prepare();
        assertThat(q.queue.statistics().nextPrepared()).isTrue();
        int[] rounds = {0};
        q.fs.program((op, path) -> {
            if (op.equals("syncdir")) {
                rounds[0]++;
                q.queue.prepareNext();
                q.queue.prepareNext();
                q.queue.prepareNext();
            }
        });
        q.append(100);
        q.fs.noProgram();
        assertThat(rounds[0]).isEqualTo(1);
        assertThat(q.queue.activeSeq()).isEqualTo(2);
        assertThat(q.queue.statistics().nextPrepared()).isFalse();
        assertThat(q.names(0))
                .containsExactly("0000000000000001.raftlog", "0000000000000002.raftlog");
    }

    /** The policy looks at the last few syncs, and one of them may be unlike the others. */
    @Test
    void aPolicyThatDoesNotWantZerosForAMomentIsWaitedFor() {
        q.settings().targetBytes(16 << 20).prefill(PrefillPolicy.AUTO);
        q.open();
        syncedAppends(64, 60_000);
        q.prepare();
        assertThat(q.names(0)).contains("prepared-2.tmp");
        for (int i = 0; i < 100; i++) {
            q.append(100);
        }
        q.queue.sync();
        q.append(1 << 20).prepare();
        assertThat(q.queue.statistics().nextPrepared())
                .as("not wanted, but there is time")
                .isFalse();
        long filled = quarterMebibytesFilledAhead();
        syncedAppends(64, 30_000);
        q.prepare();
        assertThat(quarterMebibytesFilledAhead()).as("wanted again").isGreaterThan(filled);
    }

    private void syncedAppends(int count, int bytes) {
        for (int i = 0; i < count; i++) {
            q.append(bytes);
            q.queue.sync();
        }
    }

    /** Else one that is begun in each segment and never whole would be begun for nothing. */
    @Test
    void aNextSegmentThatOutlivesARotationIsHandedOverAsItIs() {
        beginNext();
        long filled = quarterMebibytesFilledAhead();
        q.rotate();
        assertThat(q.queue.statistics().rotationsPrepared()).isZero();
        q.append(100).prepare();
        assertHandedOverAsItIs(filled);
        assertThat(q.queue.statistics().rotationsPrepared()).isEqualTo(1);
    }

    @Test
    void aNextSegmentIsHandedOverAsItIsOnceThereAreReserves() {
        q.settings().targetBytes(16 << 20).prefill(PrefillPolicy.ALWAYS).recycleCapacity(10);
        q.open().append(100).rotate();
        for (int i = 0; i < 8; i++) {
            q.append(1 << 20).prepare();
        }
        assertThat(q.queue.statistics().nextPrepared()).isFalse();
        long filled = q.fs.calls().stream().filter("write prepared-2.tmp"::equals).count();
        assertThat(filled).isPositive();
        q.purgeTo(2);
        assertThat(q.queue.statistics().reserveCount()).isEqualTo(1);
        q.append(1 << 20).prepare();
        assertHandedOverAsItIs(filled);
    }
}
