package io.raftengine.it.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.raftengine.engine.Durability;
import io.raftengine.engine.EngineConfig;
import io.raftengine.engine.EngineListener;
import io.raftengine.engine.LogBatch;
import io.raftengine.engine.RaftEngine;
import io.raftengine.engine.ScanOrder;
import io.raftengine.error.BatchFullException;
import io.raftengine.error.ClosedException;
import io.raftengine.error.ConfigException;
import io.raftengine.error.EntryCompactedException;
import io.raftengine.error.EntryNotFoundException;
import io.raftengine.error.InvalidArgumentException;
import io.raftengine.log.format.QueueKind;
import io.raftengine.log.io.FileSystem;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What callers do wrong: it is said at once, and the engine, the batch and all others go on. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class WrongArgumentsTest {
    private static final byte[] KEY = {'k'};
    private static final byte[] VALUE = "value".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] INTERNAL = {0x5f, 0x5f, 0x01};

    @TempDir Path temp;
    private Path dir;
    private RaftEngine engine;
    private LogBatch batch;

    @BeforeEach
    void open() {
        dir = temp.resolve("engine");
        engine = RaftEngine.open(EngineConfig.builder(dir).build());
        batch = engine.newBatch();
        batch.addEntries(1, 5, List.of(VALUE, VALUE, VALUE)).put(1, KEY, VALUE);
        engine.write(batch, Durability.BUFFERED);
    }

    @AfterEach
    void close() {
        batch.close();
        engine.close();
    }

    @Test
    void nothingIsTakenForSomethingWhereItIsNull() {
        List<byte[]> gap = new ArrayList<>(Arrays.asList(VALUE, null, VALUE));
        int number = 0;
        for (ThrowingCallable call :
                List.<ThrowingCallable>of(
                        () -> RaftEngine.open(null),
                        () -> RaftEngine.openReadOnly(null),
                        () -> engine.write(null, Durability.SYNC),
                        () -> engine.write(batch, null),
                        () -> engine.get(1, null),
                        () -> engine.get(1, null, new byte[9], 0),
                        () -> engine.get(1, KEY, null, 0),
                        () -> engine.getMessage(1, KEY, null),
                        () -> engine.scan(1, null, null, ScanOrder.ASCENDING, null),
                        () -> engine.scan(1, null, null, null, (m, k, kn, v, vn) -> true),
                        () -> engine.readEntry(1, 5, null),
                        () -> engine.fetchEntries(1, 5, 6, 100, null),
                        () -> engine.fetchEntriesTo(1, 5, 6, 100, null),
                        () -> engine.forEachGroup(null),
                        () -> engine.segmentSpan(null),
                        () -> batch.addEntries(1, 8, null),
                        () -> batch.addEntries(1, 8, gap),
                        () -> batch.addEntry(1, 8, (byte[]) null),
                        () -> batch.addEntry(1, 8, (MemorySegment) null, 0, 0),
                        () -> batch.addMessages(1, 8, null),
                        () -> batch.put(1, null, VALUE),
                        () -> batch.put(1, KEY, null),
                        () -> batch.putMessage(1, KEY, null),
                        () -> batch.delete(1, null),
                        () -> batch.merge(null),
                        () -> RaftEngine.open(EngineConfig.builder().build()),
                        () -> EngineConfig.builder(dir).set(null, "1"),
                        () -> EngineConfig.builder(dir).set("target-file-size", null))) {
            assertThat(catchThrowable(call))
                    .as("call %d", number++)
                    .isInstanceOfAny(
                            NullPointerException.class,
                            InvalidArgumentException.class,
                            ConfigException.class);
        }
        assertUntouched();
    }

    @Test
    void rangesOutsideTheirArrayAreRefused() {
        byte[] nine = new byte[9];
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(9);
            for (ThrowingCallable call :
                    List.<ThrowingCallable>of(
                            () -> batch.addEntry(1, 8, nine, -1, 1),
                            () -> batch.addEntry(1, 8, nine, 0, -1),
                            () -> batch.addEntry(1, 8, nine, 0, 10),
                            () -> batch.addEntry(1, 8, nine, 9, 1),
                            () -> batch.addEntry(1, 8, nine, Integer.MAX_VALUE, 1),
                            () -> batch.addEntry(1, 8, nine, 1, Integer.MAX_VALUE),
                            () -> batch.addEntry(1, 8, memory, -1, 1),
                            () -> batch.addEntry(1, 8, memory, 0, 10),
                            () -> batch.addEntry(1, 8, memory, Long.MAX_VALUE, 1),
                            () -> batch.addEntry(1, 8, memory, 0, -1),
                            () -> batch.addEntry(1, 8, MemorySegment.ofArray(nine), 0, 9),
                            () -> engine.get(1, KEY, nine, -1),
                            () -> engine.get(1, KEY, nine, 10))) {
                assertThatThrownBy(call).isInstanceOf(InvalidArgumentException.class);
            }
        }
        assertThat(engine.get(1, KEY, nine, 9)).as("no room: only the length").isEqualTo(5);
        assertUntouched();
    }

    @Test
    void memoryThatWasGivenBackIsNotReadFrom() {
        MemorySegment stale;
        try (Arena arena = Arena.ofConfined()) {
            stale = arena.allocate(9);
        }
        assertThatThrownBy(() -> batch.addEntry(1, 8, stale, 0, 9))
                .isInstanceOf(IllegalStateException.class);
        assertUntouched();
    }

    @Test
    void indexesThatOverflowAreRefused() {
        for (ThrowingCallable call :
                List.<ThrowingCallable>of(
                        () -> batch.addEntry(2, -1, VALUE),
                        () -> batch.addEntries(2, -2, List.of(VALUE, VALUE)),
                        () -> batch.addEntries(2, -1, List.of(VALUE)))) {
            assertThatThrownBy(call).isInstanceOf(InvalidArgumentException.class);
        }
        batch.addEntry(2, -2, VALUE);
        engine.write(batch, Durability.SYNC);
        assertThat(engine.lastIndex(2)).isEqualTo(-2);
        assertThat(engine.getEntry(2, -2)).isEqualTo(VALUE);
        List<byte[]> found = new ArrayList<>();
        assertThat(engine.fetchEntriesTo(2, -2, -1, Long.MAX_VALUE, found)).isEqualTo(1);
        assertThat(found).containsExactly(VALUE);
        assertUntouched();
    }

    @Test
    void holesAndAppendsBelowTheFirstAreRefusedAsAWhole() {
        for (long index : new long[] {9, 4, 0, -2, Long.MIN_VALUE}) {
            batch.put(3, KEY, VALUE).addEntry(1, index, VALUE);
            assertThatThrownBy(() -> engine.write(batch, Durability.SYNC))
                    .isInstanceOf(InvalidArgumentException.class);
            assertThat(batch.itemCount()).as("the batch is left as it is").isEqualTo(2);
            batch.clear();
        }
        assertThat(engine.get(3, KEY)).isNull();
        assertUntouched();
    }

    @Test
    void fetchesThatEndBeforeTheyBeginShowNothing() {
        List<byte[]> found = new ArrayList<>();
        assertThat(engine.fetchEntriesTo(1, 6, 6, 100, found)).isZero();
        assertThat(engine.fetchEntriesTo(1, 7, 5, 100, found)).isZero();
        assertThat(engine.fetchEntriesTo(1, -1, 5, 100, found)).as("unsigned").isZero();
        assertThat(engine.fetchEntriesTo(1, 5, 8, -1, found)).as("the first one always").isOne();
        assertThat(found).hasSize(1);
        assertThatThrownBy(() -> engine.fetchEntriesTo(1, 5, -1, 100, found))
                .isInstanceOf(EntryNotFoundException.class);
        assertThatThrownBy(() -> engine.fetchEntriesTo(1, 4, 6, 100, found))
                .isInstanceOf(EntryCompactedException.class);
        assertThatThrownBy(() -> engine.fetchEntriesTo(1, 6, 9, 100, found))
                .isInstanceOf(EntryNotFoundException.class);
        assertThat(engine.fetchEntriesTo(99, 4, 6, 100, found)).isZero();
        assertUntouched();
    }

    @ParameterizedTest
    @ValueSource(strings = {"ASCENDING", "DESCENDING"})
    void scansThatEndBeforeTheyStartShowNothing(String order) {
        ScanOrder way = ScanOrder.valueOf(order);
        assertThat(
                        engine.scan(
                                1,
                                new byte[] {'z'},
                                new byte[] {'a'},
                                way,
                                (m, k, kn, v, vn) -> true))
                .isZero();
        assertThat(engine.scan(1, KEY, KEY, way, (m, k, kn, v, vn) -> true)).isZero();
        assertThat(engine.scan(1, new byte[0], new byte[0], way, (m, k, kn, v, vn) -> true))
                .isZero();
        assertThat(engine.scan(1, null, new byte[] {'l'}, way, (m, k, kn, v, vn) -> true)).isOne();
        assertUntouched();
    }

    @Test
    void keysAreTakenUpToTheLimitAndNotBeyond() {
        byte[] longest = new byte[65_536];
        batch.put(4, longest, VALUE).put(4, new byte[0], VALUE);
        assertThatThrownBy(() -> batch.put(4, new byte[65_537], VALUE))
                .isInstanceOf(BatchFullException.class);
        batch.delete(4, new byte[65_537]); // the real engine puts such keys
        assertThatThrownBy(() -> batch.put(4, INTERNAL, VALUE))
                .isInstanceOf(InvalidArgumentException.class);
        assertThat(batch.itemCount()).isEqualTo(3);
        engine.write(batch, Durability.SYNC);
        assertThat(engine.get(4, longest)).isEqualTo(VALUE);
        assertThat(engine.get(4, new byte[0])).isEqualTo(VALUE);
        assertThat(engine.get(4, new byte[65_537])).isNull();
        assertThat(engine.get(4, INTERNAL)).isNull();
        assertUntouched();
    }

    @Test
    void aBatchIsNotMergedIntoItself() {
        batch.put(4, KEY, VALUE);
        assertThatThrownBy(() -> batch.merge(batch)).isInstanceOf(InvalidArgumentException.class);
        assertThat(batch.itemCount()).isOne();
        try (LogBatch other = engine.newBatch()) {
            other.addEntry(1, 8, VALUE);
            batch.merge(other);
            assertThat(other.isEmpty()).isTrue();
            assertThat(batch.itemCount()).isEqualTo(2);
        }
        engine.write(batch, Durability.SYNC);
        assertThat(engine.getEntry(1, 8)).isEqualTo(VALUE);
    }

    @Test
    void visitorsThatThrowLeaveEverythingAsItWas() {
        long before = engine.statistics().memoryBytes();
        for (int i = 0; i < 100; i++) {
            for (ThrowingCallable call :
                    List.<ThrowingCallable>of(
                            () -> engine.readEntry(1, 5, (n, m, o, l) -> fail()),
                            () -> engine.fetchEntries(1, 5, 8, 100, (n, m, o, l) -> fail()),
                            () ->
                                    engine.scan(
                                            1,
                                            null,
                                            null,
                                            ScanOrder.ASCENDING,
                                            (m, k, kn, v, vn) -> fail()),
                            () -> engine.forEachGroup(group -> fail()))) {
                assertThatThrownBy(call).isInstanceOf(TestFailure.class);
            }
        }
        assertThat(engine.statistics().memoryBytes())
                .as("contexts came back")
                .isLessThan(before + (256 << 10));
        assertUntouched();
    }

    @Test
    void visitorsMayUseTheEngine() {
        engine.fetchEntries(
                1,
                5,
                8,
                Long.MAX_VALUE,
                (index, m, o, l) -> {
                    assertThat(engine.getEntry(1, index)).isEqualTo(VALUE);
                    batch.put(9, new byte[] {(byte) index}, VALUE);
                    engine.write(batch, Durability.BUFFERED);
                    return true;
                });
        assertThat(engine.scan(9, null, null, ScanOrder.ASCENDING, (m, k, kn, v, vn) -> true))
                .isEqualTo(3);
    }

    @Test
    void listenersThatThrowStopNobody() {
        EngineListener angry =
                new EngineListener() {
                    @Override
                    public void onNewSegment(QueueKind queue, long seq) {
                        fail();
                    }

                    @Override
                    public void onBatchWritten(QueueKind queue, long seq, long offset, long bytes) {
                        fail();
                    }

                    @Override
                    public void onBatchApplied(QueueKind queue, long seq) {
                        fail();
                    }
                };
        EngineConfig config =
                EngineConfig.builder(temp.resolve("listened")).targetFileSizeBytes(4096).build();
        try (RaftEngine heard = RaftEngine.open(config, FileSystem.local(), List.of(angry));
                LogBatch mine = heard.newBatch()) {
            for (int i = 1; i < 9; i++) {
                mine.addEntry(1, i, new byte[3000]);
                heard.write(mine, Durability.SYNC);
            }
            assertThat(heard.segmentSpan(QueueKind.APPEND).segmentCount()).isGreaterThan(2);
        }
        try (RaftEngine again = RaftEngine.open(config)) {
            assertThat(again.lastIndex(1)).isEqualTo(8);
        }
    }

    @Test
    void afterCloseEveryCallSaysSo() {
        engine.close();
        engine.close();
        batch.put(1, KEY, VALUE);
        List<ThrowingCallable> calls =
                List.of(
                        () -> engine.write(batch, Durability.SYNC),
                        () -> engine.write(batch, Durability.BUFFERED),
                        () -> engine.sync(),
                        () -> engine.compactTo(1, 6),
                        () -> engine.newBatch(),
                        () -> engine.get(1, KEY),
                        () -> engine.get(1, KEY, new byte[9], 0),
                        () -> engine.getEntry(1, 5),
                        () -> engine.readEntry(1, 5, (n, m, o, l) -> true),
                        () -> engine.fetchEntries(1, 5, 6, 100, (n, m, o, l) -> true),
                        () ->
                                engine.scan(
                                        1,
                                        null,
                                        null,
                                        ScanOrder.ASCENDING,
                                        (m, k, kn, v, vn) -> true),
                        () -> engine.firstIndex(1),
                        () -> engine.lastIndex(1),
                        () -> engine.isEmpty(),
                        () -> engine.forEachGroup(g -> {}),
                        () -> engine.statistics(),
                        () -> engine.segmentSpan(QueueKind.APPEND),
                        () -> engine.usedBytes());
        for (int i = 0; i < calls.size(); i++) {
            assertThat(catchThrowable(calls.get(i)))
                    .as("call %d", i)
                    .isInstanceOf(ClosedException.class);
        }
        batch.close();
        batch.close();
        for (ThrowingCallable call :
                List.<ThrowingCallable>of(
                        () -> batch.put(1, KEY, VALUE),
                        () -> batch.clear(),
                        () -> batch.isEmpty(),
                        () -> batch.addEntry(1, 1, VALUE))) {
            assertThatThrownBy(call).isInstanceOf(ClosedException.class);
        }
    }

    @Test
    void anEmptyBatchOfAClosedEngineSaysSoToo() {
        engine.close();
        assertThatThrownBy(() -> engine.write(batch, Durability.BUFFERED))
                .isInstanceOf(ClosedException.class);
    }

    @Test
    void aBatchOfAnotherEngineIsWrittenAndABatchOutlivesItsEngine() {
        EngineConfig config = EngineConfig.builder(temp.resolve("other")).build();
        try (LogBatch orphan = orphan(config)) {
            engine.write(orphan, Durability.SYNC);
        }
        assertThat(engine.get(8, KEY)).isEqualTo(VALUE);
    }

    private static LogBatch orphan(EngineConfig config) {
        try (RaftEngine other = RaftEngine.open(config)) {
            return other.newBatch().put(8, KEY, VALUE);
        }
    }

    @Test
    void closingUnderTheFeetOfManyEndsEachWithAnAnswer() throws Exception {
        int threads = 8;
        CountDownLatch started = new CountDownLatch(threads);
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try {
            List<Future<Long>> acknowledged = new ArrayList<>();
            for (int t = 0; t < threads; t++) {
                long group = 100 + t;
                acknowledged.add(pool.submit(() -> writeUntilClosed(group, started)));
            }
            assertThat(started.await(30, TimeUnit.SECONDS)).isTrue();
            engine.close();
            List<Long> last = new ArrayList<>();
            for (Future<Long> each : acknowledged) {
                last.add(each.get(30, TimeUnit.SECONDS));
            }
            try (RaftEngine again = RaftEngine.open(EngineConfig.builder(dir).build())) {
                for (int t = 0; t < threads; t++) {
                    assertThat(again.lastIndex(100 + t)).isGreaterThanOrEqualTo(last.get(t));
                }
            }
        } finally {
            pool.shutdownNow();
        }
    }

    private long writeUntilClosed(long group, CountDownLatch started) {
        long index = 0;
        try (LogBatch mine = engine.newBatch()) {
            while (true) {
                mine.addEntry(group, index + 1, VALUE);
                engine.write(mine, index % 3 == 0 ? Durability.SYNC : Durability.BUFFERED);
                index++;
                engine.getEntry(group, index);
                if (index == 20) {
                    started.countDown();
                }
            }
        } catch (ClosedException closed) {
            return index;
        }
    }

    private void assertUntouched() {
        assertThat(engine.firstIndex(1)).isEqualTo(5);
        assertThat(engine.lastIndex(1)).isEqualTo(7);
        assertThat(engine.getEntry(1, 7)).isEqualTo(VALUE);
        assertThat(engine.get(1, KEY)).isEqualTo(VALUE);
        assertThat(batch.isEmpty()).isTrue();
        batch.put(77, KEY, VALUE);
        engine.write(batch, Durability.SYNC);
        assertThat(engine.get(77, KEY)).isEqualTo(VALUE);
    }

    private static boolean fail() {
        throw new TestFailure();
    }

    private static final class TestFailure extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }
}
