package io.raftengine.engine.memtable;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.allocator.Memory;
import io.raftengine.allocator.MemoryBudget;
import io.raftengine.log.format.ItemReader;
import io.raftengine.recovery.IdHash;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Readers beside a writer never see half a batch, a torn value, or a place that was never an
 * entry's (I7). Every value and every place says by itself which batch it is from, so each answer
 * can be judged without asking what time it is.
 */
@Timeout(120)
class ConcurrentReadersTest {
    private static final int GROUPS = 3;
    private static final int BATCHES = 12_000;
    private static final int KEYS = 120;

    /** What the readers must have met before the writer may end: else they showed nothing. */
    private static final int FOUND_MIN = 1000;

    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private final AtomicLong entriesFound = new AtomicLong();
    private final AtomicLong rangesFound = new AtomicLong();
    private final AtomicLong listings = new AtomicLong();
    private volatile boolean done;

    @ParameterizedTest(name = "virtual {0}")
    @ValueSource(booleans = {false, true})
    void seeWholeBatchesOnly(boolean virtual) throws InterruptedException {
        assertThat(Memory.checked()).as("tests run in checked mode").isTrue();
        MemoryBudget budget = MemoryBudget.unlimited();
        try (Memtables memtables = new Memtables(budget, 1 << 28)) {
            write(memtables, 0, new Random(0)); // so that every group exists
            List<Thread> readers = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                int reader = i;
                Runnable loop = () -> readUntilDone(memtables, reader);
                readers.add(
                        virtual ? Thread.ofVirtual().start(loop) : Thread.ofPlatform().start(loop));
            }
            try {
                Random random = new Random(1);
                for (int b = 1; (b < BATCHES || !readersFoundEnough()) && !failed(); b++) {
                    write(memtables, b, random);
                }
            } finally {
                done = true;
                for (Thread reader : readers) {
                    reader.join();
                }
            }
            if (failure.get() != null) {
                throw new AssertionError("a reader failed", failure.get());
            }
            for (int group = 0; group < GROUPS; group++) {
                assertEveryEntryIsFound(memtables, group);
            }
        }
        assertThat(budget.reservedBytes()).isZero();
    }

    private boolean readersFoundEnough() {
        return entriesFound.get() >= FOUND_MIN && rangesFound.get() >= FOUND_MIN;
    }

    private boolean failed() {
        return failure.get() != null;
    }

    /** Where nobody writes any more, nothing may be missing. */
    private static void assertEveryEntryIsFound(Memtables memtables, long group) {
        EntryLocation at = new EntryLocation();
        for (long i = memtables.first(group); i <= memtables.last(group); i++) {
            assertThat(memtables.locate(group, i, at))
                    .as("entry %s of group %s", i, group)
                    .isTrue();
            checkPlace(group, i, at);
        }
    }

    // ---- writer --------------------------------------------------------------------------------

    /** One batch over all groups: entries, a value all groups share, and keys that come and go. */
    private static void write(Memtables memtables, int b, Random random) {
        TestBatch batch = new TestBatch().compressed();
        for (int group = 0; group < GROUPS; group++) {
            if (random.nextInt(200) == 0) {
                batch.clean(group);
                addKeys(batch, group, b);
                appendFrom(batch, group, 1 + random.nextInt(1000), b, random);
            } else {
                append(memtables, batch, group, b, random);
                int key = random.nextInt(KEYS / 2);
                batch.put(group, key(2 * key), value(b, 20 + random.nextInt(100)));
                int odd = 2 * random.nextInt(KEYS / 2) + 1;
                if (random.nextBoolean()) {
                    batch.put(group, key(odd), value(b, 5 + random.nextInt(2000)));
                } else {
                    batch.delete(group, key(odd));
                }
                if (b == 0) {
                    addKeys(batch, group, b);
                }
            }
            batch.put(group, TestBatch.bytes("batch"), value(b, 8 + random.nextInt(300)));
        }
        commit(memtables, b, batch);
    }

    private static void addKeys(TestBatch batch, int group, int b) {
        for (int i = 0; i < KEYS; i += 2) {
            batch.put(group, key(i), value(b, 30));
        }
    }

    private static void append(
            Memtables memtables, TestBatch batch, int group, int b, Random random) {
        long first = memtables.first(group);
        long last = memtables.last(group);
        if (first == Memtables.NO_INDEX) {
            appendFrom(batch, group, 1 + random.nextInt(1000), b, random);
            return;
        }
        if (random.nextInt(5) == 0) {
            long to = first + random.nextLong(last - first + 2);
            batch.compact(group, to);
            if (to > last) {
                appendFrom(batch, group, 1 + random.nextInt(1000), b, random);
                return;
            }
            first = Math.max(first, to);
        }
        boolean overwrite = random.nextInt(6) == 0;
        appendFrom(
                batch,
                group,
                overwrite ? first + random.nextLong(last - first + 1) : last + 1,
                b,
                random);
    }

    private static void appendFrom(TestBatch batch, int group, long first, int b, Random random) {
        int[] lengths = new int[1 + random.nextInt(12)];
        for (int i = 0; i < lengths.length; i++) {
            lengths[i] = entryLength(group, first + i, b);
        }
        batch.entries(group, first, lengths);
    }

    private static void commit(Memtables memtables, int b, TestBatch batch) {
        ItemReader items = batch.reader();
        memtables.beginGroup(segment(b));
        assertThat(memtables.validate(items)).isEqualTo(Memtables.ACCEPTED);
        items.rewind();
        memtables.apply(segment(b), offset(b), blockBytes(b), true, items);
        memtables.endGroup();
    }

    private static long segment(int b) {
        return 1 + b / 1000;
    }

    private static long offset(int b) {
        return 16L * b;
    }

    private static int blockBytes(int b) {
        return 1000 + b * 31 % 5000;
    }

    private static int entryLength(long group, long index, long b) {
        return 1 + (int) (IdHash.hash(group * 31 + index * 17 + b, 0) >>> 1) % 40 & 0x3f;
    }

    private static byte[] key(int i) {
        return TestBatch.bytes(String.format(java.util.Locale.ROOT, "k%03d", i));
    }

    /** The batch's number, then bytes that follow from it and the length. */
    private static byte[] value(int b, int length) {
        byte[] value = new byte[4 + length];
        Arrays.fill(value, (byte) (b * 31 + length));
        ByteBuffer.wrap(value).putInt(b);
        return value;
    }

    // ---- readers -------------------------------------------------------------------------------

    private void readUntilDone(Memtables memtables, int reader) {
        Random random = new Random(100 + reader);
        try {
            do {
                readSharedValue(memtables);
                readEntry(memtables, random);
                readRange(memtables, random);
                scan(memtables, random);
            } while (!done);
        } catch (Throwable t) {
            failure.compareAndSet(null, t);
        }
    }

    private static int checkValue(byte[] value) {
        int b = ByteBuffer.wrap(value).getInt();
        assertThat(value).isEqualTo(value(b, value.length - 4));
        return b;
    }

    private static void readSharedValue(Memtables memtables) {
        // Whoever saw batch b in one group must not see an older one in the next.
        int newest = 0;
        byte[] buffer = new byte[400];
        byte[] key = TestBatch.bytes("batch");
        for (int group = 0; group < GROUPS; group++) {
            int length = memtables.get(group, key, 0, key.length, buffer, 0, buffer.length);
            assertThat(length).isPositive();
            int b = checkValue(Arrays.copyOf(buffer, length));
            assertThat(b).isGreaterThanOrEqualTo(newest);
            newest = b;
        }
    }

    private static void checkPlace(long group, long index, EntryLocation at) {
        int b = (int) (at.blockOffset() / 16);
        assertThat(at.blockOffset()).isEqualTo(offset(b));
        assertThat(at.segment()).isEqualTo(segment(b));
        assertThat(at.blockBytes()).isEqualTo(blockBytes(b));
        assertThat(at.compressed()).isTrue();
        assertThat(at.entryLength()).isEqualTo(entryLength(group, index, b));
    }

    private void readEntry(Memtables memtables, Random random) {
        EntryLocation at = new EntryLocation();
        long group = random.nextInt(GROUPS);
        long first = memtables.first(group);
        long last = memtables.last(group);
        if (first != Memtables.NO_INDEX && last != Memtables.NO_INDEX && first <= last) {
            long index = first + random.nextLong(last - first + 1);
            if (memtables.locate(group, index, at)) {
                checkPlace(group, index, at);
                entriesFound.incrementAndGet();
            }
        }
    }

    private void readRange(Memtables memtables, Random random) {
        EntryLocation at = new EntryLocation();
        EntryCursor cursor = new EntryCursor();
        long group = random.nextInt(GROUPS);
        long last = memtables.last(group);
        if (last != Memtables.NO_INDEX) {
            long begin = Math.max(1, last - random.nextInt(30));
            if (memtables.locateRange(group, begin, last + 1, cursor, at)
                    == Memtables.RANGE_FOUND) {
                long newest = 0;
                for (int i = 0; i < cursor.count(); i++) {
                    cursor.get(i, at);
                    checkPlace(group, begin + i, at);
                    assertThat(at.blockOffset()).isGreaterThanOrEqualTo(newest);
                    newest = at.blockOffset();
                }
                rangesFound.incrementAndGet();
            }
        }
    }

    private static void scan(Memtables memtables, Random random) {
        boolean reverse = random.nextBoolean();
        List<byte[]> found =
                Compare.scanned(
                        memtables,
                        random.nextInt(GROUPS),
                        TestBatch.bytes("k"),
                        TestBatch.bytes("l"),
                        reverse);
        List<String> lasting = new ArrayList<>();
        byte[] before = null;
        for (int i = 0; i < found.size(); i += 2) {
            byte[] key = found.get(i);
            if (before != null) {
                assertThat(Arrays.compareUnsigned(before, key) < 0).isEqualTo(!reverse);
            }
            before = key;
            checkValue(found.get(i + 1));
            String name = new String(key, java.nio.charset.StandardCharsets.US_ASCII);
            if (Integer.parseInt(name.substring(1)) % 2 == 0) {
                lasting.add(name);
            }
        }
        assertThat(lasting).as("keys that are always there").hasSize(KEYS / 2);
    }

    @Test
    void listingSeesEveryLastingGroupOnceWhileOthersComeAndGo() throws InterruptedException {
        try (Memtables memtables = new Memtables(MemoryBudget.unlimited(), 1 << 28)) {
            for (int i = 0; i < 1500; i += 2) {
                commit(memtables, 1, new TestBatch().put(i, "a", "b"));
            }
            Thread reader =
                    Thread.ofPlatform()
                            .start(() -> {
                                try {
                                    do {
                                        list(memtables);
                                    } while (!done);
                                } catch (Throwable t) {
                                    failure.compareAndSet(null, t);
                                }
                            });
            Random random = new Random(3);
            for (int i = 0; (i < 20_000 || listings.get() < 10) && !failed(); i++) {
                long group = 2L * random.nextInt(2000) + 1;
                commit(
                        memtables,
                        1,
                        memtables.exists(group)
                                ? new TestBatch().clean(group)
                                : new TestBatch().put(group, "a", "b"));
            }
            done = true;
            reader.join();
            assertThat(failure.get()).isNull();
        }
    }

    private void list(Memtables memtables) {
        boolean[] seen = new boolean[4001];
        int[] lasting = new int[1];
        memtables.forEachGroup(id -> {
            if (id % 2 == 0) {
                assertThat(seen[(int) id]).isFalse();
                seen[(int) id] = true;
                lasting[0]++;
            }
        });
        assertThat(lasting[0]).isEqualTo(750);
        assertThat(memtables.exists(748)).isTrue();
        listings.incrementAndGet();
    }
}
