package io.raftengine.engine.purge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.raftengine.allocator.MemoryBudget;
import io.raftengine.engine.memtable.EntryLocation;
import io.raftengine.engine.purge.CopyFixture.EntryKey;
import io.raftengine.engine.purge.CopyFixture.Place;
import io.raftengine.error.CorruptionException;
import io.raftengine.error.MemoryLimitException;
import io.raftengine.error.OutOfSpaceException;
import io.raftengine.error.RaftEngineException;
import io.raftengine.error.StorageException;
import io.raftengine.log.format.BatchEncoder;
import io.raftengine.log.format.FormatVersion;
import io.raftengine.log.format.QueueKind;
import io.raftengine.testing.fs.Fault;
import io.raftengine.testing.fs.FaultRule;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * Live blocks that are damaged, that lie, or that cannot be read: a typed error that names file and
 * offset, nothing sized by what the bytes claim, and everything as it was (P5, P9, D8).
 */
class DamagedBlocksTest {
    private static final long ALL = Long.MAX_VALUE;

    private final MemoryBudget budget = new MemoryBudget(80 << 20);
    private final CopyFixture engine = new CopyFixture();
    private final EntryWindow window = engine.window(budget, 16 << 20, 1000);

    @AfterEach
    void close() {
        window.close();
        assertThat(budget.reservedBytes()).isZero();
        engine.close();
    }

    // ---- flipped bits --------------------------------------------------------------------------

    @Test
    void everyFlippedBitOfAPlainBlockIsFound() {
        engine.plain(1, 1, 3, 10).write();
        everyFlippedBitIsFound(engine.plain(2, 1, 3, 15).plain(3, 1, 1, 7).write());
    }

    @Test
    void everyFlippedBitOfACompressedBlockIsFound() {
        engine.plain(1, 1, 3, 10).write();
        engine.plain(2, 1, 3, 200).plain(3, 1, 1, 7);
        everyFlippedBitIsFound(engine.writeCompressed());
    }

    @Test
    void everyFlippedBitOfABlockThatIsAdoptedIsFound() {
        engine.plain(1, 1, 3, 10).write();
        engine.plain(2, 1, 3, 200);
        everyFlippedBitIsFound(engine.writeCompressed());
    }

    private void everyFlippedBitIsFound(Place damaged) {
        engine.plain(4, 1, 3, 10).write();
        String state = state();
        for (int at = 0; at < damaged.blockBytes(); at++) {
            long offset = damaged.blockOffset() + at;
            int bit = at % 8;
            flip(damaged, offset, bit);
            assertNamed(damaged, readAll(), "entries checksum");
            assertThat(state()).isEqualTo(state);
            // The other groups are copied all the same, if the window holds only them.
            window.clear();
            window.collect(1, 1, 4, QueueKind.APPEND, ALL);
            window.collect(4, 1, 4, QueueKind.APPEND, ALL);
            window.read(engine.noPace);
            assertHandsOut(window, 6);
            flip(damaged, offset, bit);
        }
        assertThat(readAll()).isNull();
        assertHandsOut(window, engine.model.size());
    }

    @Test
    void aFlippedBitInAnyPieceOfALargeBlockIsFound() {
        engine.plain(1, 1, 1, 100).plain(2, 1, 1, 2_500_000);
        Place plain = engine.write();
        engine.entries(3, 1, CopyFixture.noise(3, 2_500_000), new byte[100_000]);
        Place adopted = engine.writeCompressed();
        engine.entries(4, 1, CopyFixture.noise(4, 2_500_000)).plain(4, 2, 1, 100_000);
        engine.plain(5, 1, 1, 10);
        Place shared = engine.writeCompressed();
        String state = state();
        for (Place place : List.of(plain, adopted, shared)) {
            int bytes = place.blockBytes();
            for (int at : new int[] {5, 1 << 20, (2 << 20) - 1, bytes - 5, bytes - 4, bytes - 1}) {
                flip(place, place.blockOffset() + at, 3);
                assertNamed(place, readAll(), "entries checksum");
                assertThat(state()).isEqualTo(state);
                flip(place, place.blockOffset() + at, 3);
            }
        }
        assertThat(readAll()).isNull();
        assertHandsOut(window, 7);
    }

    @Test
    void aPrefixThatWasDamagedDoesNotSizeAnything() {
        engine.plain(2, 1, 30, 200);
        Place place = engine.writeCompressed();
        engine.entries(3, 1, CopyFixture.noise(3, 2_500_000), new byte[100_000]);
        Place large = engine.writeCompressed();
        for (Place each : List.of(place, large)) {
            for (int bit = 0; bit < 32; bit++) {
                flip(each, each.blockOffset() + bit / 8, bit % 8);
                assertNamed(each, readAll(), "entries checksum");
                flip(each, each.blockOffset() + bit / 8, bit % 8);
            }
        }
        assertThat(budget.peakBytes()).isLessThan(16 << 20);
    }

    // ---- lies with a good checksum -------------------------------------------------------------

    @Test
    void contentThatIsShorterThanItsEntriesIsCorruption() {
        Place plain = forge(new byte[100], false);
        engine.plain(1, 1, 2, 60);
        engine.pretend(plain.segment(), plain.blockOffset(), plain.blockBytes(), false);
        // The entries' own end is 120, the block holds 100; a run that is not the whole block.
        engine.plain(2, 1, 1, 60).plain(1, 3, 1, 60);
        engine.pretend(plain.segment(), plain.blockOffset(), plain.blockBytes(), false);
        Throwable failure = readAll();
        assertNamed(plain, failure, "entry range");
    }

    @Test
    void aCompressedBlockThatHoldsLessThanItsEntriesIsCorruption() {
        byte[] lz4 = blockOf(CopyFixture.content(1, 1, 5000));
        Place place = forge(lz4, true);
        engine.plain(1, 1, 1, 3000).plain(2, 1, 1, 3000);
        engine.pretend(place.segment(), place.blockOffset(), place.blockBytes(), true);
        assertNamed(place, readAll(), "entry range");
    }

    @Test
    void aPrefixThatLiesWithAGoodChecksumIsCorruption() {
        byte[] lz4 = blockOf(CopyFixture.content(1, 1, 5000));
        for (int lie : new int[] {4999, 5001, 0, -1, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
            byte[] liar = lz4.clone();
            ByteBuffer.wrap(liar).order(ByteOrder.LITTLE_ENDIAN).putInt(lie);
            Place place = forge(liar, true);
            engine.batch.clean(1);
            engine.plain(1, 1, 1, 2500).plain(2, 1, 1, 2499); // not the whole block
            engine.batch.finish(0, 1);
            engine.pretend(place.segment(), place.blockOffset(), place.blockBytes(), true);
            window.clear();
            window.collect(1, 1, 2, QueueKind.APPEND, ALL);
            Throwable failure = catchThrowable(() -> window.read(engine.noPace));
            assertThat(failure).as("lie %d", lie).isInstanceOf(CorruptionException.class);
            assertThat(((CorruptionException) failure).offset()).isEqualTo(place.blockOffset());
            engine.batch.clean(1);
            engine.batch.clean(2);
            engine.write();
        }
        assertThat(budget.peakBytes()).isLessThan(8 << 20);
    }

    @Test
    void aWholeBlockThatIsNoLz4IsNamedWhenItIsUnfolded() {
        byte[] liar = CopyFixture.noise(9, 300);
        ByteBuffer.wrap(liar).order(ByteOrder.LITTLE_ENDIAN).putInt(5000);
        Place place = forge(liar, true);
        engine.plain(1, 1, 2, 2500);
        engine.pretend(place.segment(), place.blockOffset(), place.blockBytes(), true);
        assertThat(readAll()).isNull();
        assertThat(window.wholeCompressedBlock(0)).isTrue();
        try (BatchEncoder copy = new BatchEncoder(MemoryBudget.unlimited())) {
            copy.clean(8);
            assertNamed(place, catchThrowable(() -> window.addTo(0, copy)), "LZ4 block");
            assertThat(copy.itemCount()).isEqualTo(1);
        }
    }

    @Test
    void aBlockBehindTheEndOfTheFileIsCorruption() {
        Place last = engine.plain(1, 1, 3, 10).write();
        engine.append.rotate();
        for (int blockBytes : new int[] {100, 2 << 20, Integer.MAX_VALUE}) {
            for (boolean compressed : new boolean[] {false, true}) {
                for (long offset : new long[] {last.blockOffset() + 1, 5 << 20, 0xFFFF_FFFFL}) {
                    engine.plain(2, 1, 2, 20).plain(3, 1, 1, 5);
                    engine.pretend(1, offset, blockBytes, compressed);
                    Throwable failure = readAll();
                    assertNamed(new Place(1, offset, blockBytes), failure, "entries block");
                    assertThat(failure).hasMessageContaining("end of file");
                    engine.batch.clean(2);
                    engine.batch.clean(3);
                    engine.write();
                }
            }
        }
        assertThat(budget.peakBytes()).isLessThan(4 << 20);
    }

    // ---- failing calls -------------------------------------------------------------------------

    @Test
    void everyReadMayFailAndTheNextAttemptSucceeds() {
        engine.plain(1, 1, 3, 10).plain(2, 1, 3, 10).write();
        engine.plain(1, 4, 100, 100);
        engine.writeCompressed();
        engine.plain(2, 4, 1, 100_000).write(); // a gap for those of group 1
        engine.append.rotate();
        engine.plain(1, 104, 1, 2_500_000).plain(2, 5, 1, 10).write();
        engine.plain(1, 105, 3, 900_000);
        engine.writeCompressed();
        String state = state();
        for (Fault fault :
                List.of(
                        Fault.error(),
                        new Fault.ErrorAfter(Fault.EIO),
                        new Fault.ErrorAfterBytes(3, Fault.EIO),
                        Fault.noSpace())) {
            int failures = 0;
            for (long call = 0; ; call++) {
                FaultRule rule = engine.fs.failCall(engine.fs.calls() + call, fault);
                Throwable failure = readAll();
                engine.fs.clearRules();
                if (rule.fired() == 0) {
                    assertThat(failure).isNull();
                    break;
                }
                failures++;
                if (failure == null) {
                    // Asking for a length transfers no bytes.
                    assertThat(fault).isInstanceOf(Fault.ErrorAfterBytes.class);
                    continue;
                }
                assertThat(failure)
                        .isInstanceOfAny(StorageException.class, OutOfSpaceException.class);
                assertThatThrownBy(() -> window.lost(0)).isInstanceOf(IllegalStateException.class);
                assertThat(state()).isEqualTo(state);
                assertThat(readAll()).as("after %s at call %d", fault, call).isNull();
                assertHandsOut(window, 112);
            }
            assertThat(failures).isGreaterThanOrEqualTo(7);
        }
    }

    @Test
    void everyReadMayEndEarlyAndIsGoneOnWith() {
        engine.plain(1, 1, 3, 1000).write();
        engine.plain(1, 4, 1, 2_500_000).write();
        engine.disk.setShortTransfers(true);
        assertThat(readAll()).isNull();
        assertHandsOut(window, 4);
    }

    @Test
    void aFlippedBitOnTheWayIsFoundAndGoneTheNextTime() {
        engine.plain(1, 1, 3, 1000).write();
        engine.plain(1, 4, 1, 2_500_000).write();
        for (long call = 0; call < 5; call++) {
            FaultRule rule = engine.fs.failCall(engine.fs.calls() + call, new Fault.FlipBit(2, 5));
            Throwable failure = readAll();
            engine.fs.clearRules();
            if (failure != null) {
                assertThat(rule.fired()).isOne();
                assertThat(failure).isInstanceOf(CorruptionException.class);
            } else {
                assertHandsOut(window, 4); // the bit was where nothing is read from
            }
            assertThat(readAll()).isNull();
            assertHandsOut(window, 4);
        }
    }

    @Test
    void aBudgetThatRunsOutAnywhereLeavesAllAsItWas() {
        engine.plain(1, 1, 5000, 100).write();
        engine.plain(2, 1, 3000, 50);
        engine.writeCompressed();
        engine.plain(3, 1, 1, 2_500_000).plain(2, 3001, 10, 10).write();
        String state = state();
        long limit = 0;
        RaftEngineException failure;
        int failures = 0;
        do {
            MemoryBudget tight = new MemoryBudget(limit);
            failure = null;
            try (EntryWindow poor = engine.window(tight, 16 << 20, 99)) {
                collectAll(poor);
                poor.read(engine.noPace);
                assertHandsOut(poor, 8011);
            } catch (MemoryLimitException refused) {
                failure = refused;
                failures++;
            }
            assertThat(tight.reservedBytes()).isZero();
            assertThat(state()).isEqualTo(state);
            limit += 50_000;
        } while (failure != null);
        assertThat(failures).isGreaterThan(30);
        assertThat(limit).isLessThan(8 << 20);
    }

    // ---- in the tests' own words ---------------------------------------------------------------

    /** What reading all groups' entries fails with; null if it does not. */
    private Throwable readAll() {
        window.clear();
        collectAll(window);
        return catchThrowable(() -> window.read(engine.noPace));
    }

    private void collectAll(EntryWindow target) {
        for (long group = 1; group <= 5; group++) {
            long first = engine.memtables.first(group);
            if (first != -1) {
                long end = engine.memtables.last(group) + 1;
                target.collect(group, first, end, QueueKind.APPEND, ALL);
            }
        }
        assertThat(target.full()).isFalse();
    }

    private void assertNamed(Place place, Throwable failure, String what) {
        assertThat(failure).isInstanceOf(CorruptionException.class);
        CorruptionException corruption = (CorruptionException) failure;
        assertThat(corruption.what()).isEqualTo(what);
        assertThat(corruption.offset()).isEqualTo(place.blockOffset());
        assertThat(corruption.file())
                .isEqualTo(engine.file(QueueKind.APPEND, place.segment()).toString());
    }

    /** All that a failed attempt must not change. */
    private String state() {
        StringBuilder text = new StringBuilder();
        EntryLocation at = new EntryLocation();
        for (long group = 1; group <= 5; group++) {
            long first = engine.memtables.first(group);
            long last = engine.memtables.last(group);
            text.append(group).append(' ').append(first).append(' ').append(last);
            for (long index = first; index != -1 && index <= last; index++) {
                engine.memtables.locate(group, index, at);
                text.append(' ').append(at.segment()).append('+').append(at.blockOffset());
            }
        }
        return text.append(engine.append.end())
                .append(' ')
                .append(engine.rewrite.end())
                .append(' ')
                .append(engine.fs.openHandles())
                .toString();
    }

    private void flip(Place place, long offset, int bit) {
        engine.disk.flipBit(engine.file(QueueKind.APPEND, place.segment()), offset, bit);
    }

    /** Puts stored bytes with a good checksum into a batch of their own, which nobody applies. */
    private Place forge(byte[] stored, boolean compressed) {
        CRC32 crc = new CRC32();
        crc.update(stored);
        byte[] block =
                ByteBuffer.allocate(stored.length + 4)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .put(stored)
                        .putInt((int) crc.getValue())
                        .array();
        // As the content of an entry of somebody else: all that matters is that it is in the file.
        engine.entries(77, next77++, block);
        Place carrier = engine.write();
        assertThat(compressed || stored.length > 0).isTrue();
        return new Place(carrier.segment(), carrier.blockOffset(), block.length);
    }

    private long next77 = 1;

    /** An LZ4 block as the encoder makes it, without its checksum. */
    private byte[] blockOf(byte[] content) {
        try (CopyFixture other =
                new CopyFixture(MemoryBudget.unlimited(), 1 << 20, FormatVersion.V2)) {
            other.entries(1, 1, content);
            Place place = other.writeCompressed();
            byte[] file = other.disk.contents(other.file(QueueKind.APPEND, 1));
            int from = (int) place.blockOffset();
            return Arrays.copyOfRange(file, from, from + place.blockBytes() - 4);
        }
    }

    /** Not by a collection's own assertion: it would print megabytes. */
    private void assertHandsOut(EntryWindow from, int entries) {
        Map<EntryKey, byte[]> found = engine.handOut(from);
        assertThat(found.size()).isEqualTo(entries);
        found.forEach((key, bytes) ->
                assertThat(Arrays.equals(bytes, engine.model.get(key)))
                        .as("%s is as it was written", key)
                        .isTrue());
    }
}
