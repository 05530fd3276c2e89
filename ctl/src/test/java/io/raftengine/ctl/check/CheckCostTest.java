package io.raftengine.ctl.check;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.engine.EngineConfig;
import io.raftengine.log.io.FileSystem;
import io.raftengine.testing.forge.AllocationMeter;
import io.raftengine.testing.forge.ItemForge;
import io.raftengine.testing.forge.MeteredFileSystem;
import io.raftengine.testing.forge.SegmentForge;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * D8: a check reads a segment a few times, however often it is damaged, and finds no less for it.
 */
class CheckCostTest {
    private static final int PLACES = 2000;
    private static final int GROUP = 7;

    @TempDir Path dir;

    private final List<String> expected = new ArrayList<>();
    private final StringBuilder lost = new StringBuilder("group " + GROUP + " lost");
    private byte[] bytes;

    /** Writes the segment, checks, and returns how many times its length was read. */
    private double check(boolean deep) {
        SegmentForge.write(dir.resolve(SegmentForge.appendName(1)), bytes);
        MeteredFileSystem fs = new MeteredFileSystem(FileSystem.local());
        FoundList found = FoundList.of(EngineConfig.builder(dir).build(), fs.fileSystem(), deep);
        assertThat(found.lines).isEqualTo(expected);
        return (double) fs.bytesRead() / bytes.length;
    }

    /** One entry of 600 bytes in each batch. */
    private static SegmentForge segment(int version, int batches) {
        SegmentForge segment = new SegmentForge(version, 1);
        for (int i = 1; i <= batches; i++) {
            segment.batch(new byte[600], new ItemForge().entries(GROUP, i, 600));
        }
        return segment;
    }

    private static void watermark(SegmentForge segment, boolean promised) {
        if (promised) {
            segment.watermark(segment.position());
        }
    }

    private void expectDamage(long from, long to, String what) {
        expected.add("1.raftlog [" + from + ", " + to + ") " + what);
    }

    /** The batch in front of batch i is broken; counted from 0, as indexes from 1. */
    private void expectHole(int i) {
        if (i > 0) {
            expected.add("hole in 7: " + i + " expected, " + (i + 1) + " found");
        }
    }

    @ParameterizedTest
    @CsvSource({"1, false, false", "2, false, true", "2, true, false", "2, true, true"})
    void everyBlockOfTheLastSegmentMayBeDamaged(int version, boolean promised, boolean deep) {
        SegmentForge segment = segment(version, PLACES);
        watermark(segment, promised);
        bytes = segment.bytes();
        for (int i = 0; i < PLACES; i++) {
            int at = segment.batchOffsets().get(i) + 16;
            bytes[at + 100] ^= 1;
            expectDamage(at, at + 604, "entries checksum of the batch");
        }
        expected.add(lost + " 1.." + PLACES);
        assertThat(check(deep)).isLessThan(6);
    }

    /** Every other batch is broken; in front of each other one the walk has to be found again. */
    @ParameterizedTest
    @CsvSource({"1, false, false", "2, false, true", "2, true, false", "2, true, true"})
    void everyOtherBatchOfTheLastSegmentMayBeBroken(int version, boolean promised, boolean deep) {
        SegmentForge segment = segment(version, PLACES + 1);
        watermark(segment, promised);
        bytes = segment.bytes();
        for (int i = 1; i < PLACES; i += 2) {
            int from = segment.batchOffsets().get(i);
            int to = segment.batchOffsets().get(i + 1);
            bytes[to - 1] ^= 1;
            expectDamage(from, to, "item checksum of the batch");
            expectHole(i + 1);
            lost.append(' ').append(i + 1).append("..").append(i + 1);
        }
        expected.add(lost.toString());
        assertThat(check(deep)).isLessThan(6);
    }

    /** Damaged entries and broken batches by turns: what was seen ahead ends at each. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void damagedBlocksAndBrokenBatchesMayTakeTurns(boolean promised) {
        SegmentForge segment = segment(2, PLACES + 1);
        watermark(segment, promised);
        bytes = segment.bytes();
        for (int i = 0; i < PLACES; i += 2) {
            int block = segment.batchOffsets().get(i) + 16;
            int from = segment.batchOffsets().get(i + 1);
            int to = segment.batchOffsets().get(i + 2);
            bytes[block] ^= 1;
            bytes[to - 1] ^= 1;
            expectDamage(block, block + 604, "entries checksum of the batch");
            expectHole(i);
            expectDamage(from, to, "item checksum of the batch");
        }
        expectHole(PLACES);
        expected.add(lost + " 1.." + PLACES);
        assertThat(check(false)).isLessThan(6);
    }

    /**
     * In front of each whole batch a header claims everything up to the end of the file: looking
     * whether that is true costs what it claims, and is paid once per segment, not once per place.
     */
    @Test
    void claimsInFrontOfWholeBatchesArePaidFromOneAllowance() {
        SegmentForge segment = new SegmentForge(2, 1);
        List<Integer> claims = new ArrayList<>();
        for (int i = 1; i <= PLACES; i++) {
            claims.add(segment.position() + 1);
            segment.raw(new byte[17]);
            segment.batch(new byte[4000], new ItemForge().put(GROUP, "key", "value"));
        }
        segment.watermark(segment.position());
        bytes = segment.bytes();
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        for (int at : claims) {
            buffer.put(at - 1, (byte) 1);
            buffer.putLong(at, (long) (bytes.length - at) << 8).putLong(at + 8, 16);
        }
        assertThat(bytesReadOfADamagedSegment()).isLessThan(12L * bytes.length + (8 << 20));
    }

    /** Each whole batch holds a sound one, junk, and the next whole batch, 2,000 deep. */
    @Test
    void batchesWithinBatchesArePaidFromOneAllowance() {
        byte[] sound = batch(new ItemForge().clean(GROUP).bytes());
        byte[] inner = new byte[0];
        for (int i = 0; i < PLACES; i++) {
            // A right checksum over items that are none.
            ByteBuffer section = ByteBuffer.allocate(200 + inner.length);
            section.put((byte) 0xff).put(100, sound).put(200, inner);
            inner = batch(section.array());
        }
        bytes = new SegmentForge(2, 1).raw(inner).bytes();
        assertThat(bytesReadOfADamagedSegment()).isLessThan(32L * bytes.length + (32 << 20));
    }

    private static byte[] batch(byte[] section) {
        byte[] segment = new SegmentForge(2, 1).stored(new byte[0], 0, section).bytes();
        return Arrays.copyOfRange(segment, SegmentForge.V2_HEADER_BYTES, segment.length);
    }

    private long bytesReadOfADamagedSegment() {
        SegmentForge.write(dir.resolve(SegmentForge.appendName(1)), bytes);
        MeteredFileSystem fs = new MeteredFileSystem(FileSystem.local());
        FoundList found = FoundList.of(EngineConfig.builder(dir).build(), fs.fileSystem(), false);
        assertThat(found.summary.sound()).isFalse();
        return fs.bytesRead();
    }

    /** Items of three bytes each, none of which may count before the end of their group. */
    @Test
    void anAtomicGroupThatIsNotCompleteIsHeldInAsManyBytesAsItTakesInTheLog() {
        ItemForge items = new ItemForge().marker(GROUP, 0);
        for (int i = 0; i < 1_000_000; i++) {
            items.clean(GROUP);
        }
        Path segment = new SegmentForge(2, 1).batch(items).writeRewriteTo(dir);
        FoundList[] found = {null};
        long allocated = AllocationMeter.allocatedBytes(() -> found[0] = FoundList.of(dir, false));
        assertThat(found[0].lines).isEmpty();
        assertThat(found[0].summary.batches()).isEqualTo(1);
        assertThat(allocated).isLessThan(5 * segment.toFile().length());
    }
}
