package io.raftengine.ctl.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftengine.engine.Durability;
import io.raftengine.engine.EngineConfig;
import io.raftengine.engine.LogBatch;
import io.raftengine.engine.RaftEngine;
import io.raftengine.error.CorruptionException;
import io.raftengine.error.LockedException;
import io.raftengine.error.StorageException;
import io.raftengine.log.format.QueueKind;
import io.raftengine.log.io.FileSystem;
import io.raftengine.testing.forge.DirectoryImage;
import io.raftengine.testing.forge.ItemForge;
import io.raftengine.testing.forge.SegmentForge;
import io.raftengine.testing.fs.Fault;
import io.raftengine.testing.fs.FaultyFileSystem;
import io.raftengine.testing.fs.Operation;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** K6, defect 8, D25: what a check finds, and that it changes nothing. */
class DirectoryCheckTest {
    private static final int WATERMARK = SegmentForge.WATERMARK_BYTES;

    @TempDir Path dir;

    private static byte[] content(int bytes) {
        byte[] content = new byte[bytes];
        Arrays.fill(content, (byte) 'x');
        return content;
    }

    private static ItemForge entries(long group, long first, int count) {
        long[] tails = new long[count];
        for (int i = 0; i < count; i++) {
            tails[i] = 10L * (i + 1);
        }
        return new ItemForge().entries(group, first, tails);
    }

    /** Entries of ten bytes each. */
    private static SegmentForge batch(SegmentForge segment, long group, long first, int count) {
        return segment.batch(content(10 * count), entries(group, first, count));
    }

    private static void flip(Path file, long offset) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        bytes[(int) offset] ^= 4;
        Files.write(file, bytes);
    }

    private FoundList check(boolean deep) {
        DirectoryImage before = DirectoryImage.of(dir);
        FoundList found = FoundList.of(dir, deep);
        assertThat(DirectoryImage.of(dir)).as("strictly read-only").isEqualTo(before);
        return found;
    }

    // ---- K6

    /** Ten groups, a segment for each batch of one entry; entry r * r of group r is damaged. */
    private List<Path> oneSegmentPerBatch() throws IOException {
        List<Path> damaged = new ArrayList<>();
        EngineConfig config =
                EngineConfig.builder(dir)
                        .targetFileSizeBytes(1)
                        .purgeThresholdBytes(1 << 20)
                        .build();
        try (RaftEngine engine = RaftEngine.open(config);
                LogBatch batch = engine.newBatch()) {
            for (long index = 1; index <= 100; index++) {
                for (long group = 1; group <= 10; group++) {
                    byte[] entry =
                            ("entry " + index + " of " + group).getBytes(StandardCharsets.UTF_8);
                    batch.addEntry(group, index, entry);
                    engine.write(batch, Durability.BUFFERED);
                    if (group * group == index) {
                        long seq = engine.segmentSpan(QueueKind.APPEND).activeSeq();
                        damaged.add(dir.resolve(SegmentForge.appendName(seq)));
                    }
                }
            }
        }
        assertThat(damaged).hasSize(10);
        return damaged;
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void everyDamagedGroupIsReportedWithItsLastIntactIndex(boolean items) throws IOException {
        for (Path segment : oneSegmentPerBatch()) {
            byte[] bytes = Files.readAllBytes(segment);
            int entry = new String(bytes, StandardCharsets.ISO_8859_1).indexOf("entry ");
            flip(segment, items ? entry + "entry 1 of 1".length() + 8 : entry);
        }

        FoundList found = check(false);

        List<String> groups = found.lines.stream().filter(l -> l.startsWith("group")).toList();
        List<String> expected = new ArrayList<>();
        for (int r = 1; r <= 10; r++) {
            expected.add("group " + r + " lost " + r * r + ".." + r * r);
        }
        if (items) {
            // Nothing of group 10 comes behind its hundredth entry, so nobody can miss it.
            expected.removeLast();
            // And group 1 begins with its second one.
            expected.removeFirst();
        }
        assertThat(groups).containsExactlyElementsOf(expected);
        assertThat(found.summary.damagedRanges()).isEqualTo(10);
        assertThat(found.summary.sound()).isFalse();
        // Unlike the reference's, this check has cut nothing: what was wrong is as wrong as before.
        assertThatThrownBy(() -> RaftEngine.open(EngineConfig.builder(dir).build()))
                .isInstanceOf(CorruptionException.class);
        assertThat(check(true).lines).containsAll(groups);
    }

    // ---- damage

    @Test
    void everyDamagedPlaceOfASegmentIsFoundAndTheRestStillCounts() throws IOException {
        SegmentForge first = new SegmentForge(2, 1);
        for (int i = 0; i < 10; i++) {
            batch(first, 7, 1 + 3L * i, 3);
        }
        first.writeTo(dir);
        batch(new SegmentForge(2, 2), 7, 31, 1).writeTo(dir);
        List<Integer> at = first.batchOffsets();
        Path file = dir.resolve(SegmentForge.appendName(1));
        flip(file, at.get(2) + 60); // items
        flip(file, at.get(5) + 3); // length
        flip(file, at.get(6) + 12); // offset of the items
        flip(file, at.get(8) + 20); // entries

        assertThat(check(true).lines)
                .containsExactly(
                        "1.raftlog ["
                                + at.get(2)
                                + ", "
                                + at.get(3)
                                + ") item checksum of the batch",
                        "hole in 7: 7 expected, 10 found",
                        "1.raftlog [" + at.get(5) + ", " + at.get(7) + ") batch length",
                        "hole in 7: 16 expected, 22 found",
                        "1.raftlog ["
                                + (at.get(8) + 16)
                                + ", "
                                + (at.get(8) + 50)
                                + ") entries checksum of the batch",
                        "group 7 lost 7..9 16..21 25..27");
        assertThat(check(false).lines)
                .as("entries in the middle are read in depth only")
                .endsWith("group 7 lost 7..9 16..21");
    }

    @Test
    void aDamagedHeaderCostsTheHeaderOnly() throws IOException {
        batch(batch(new SegmentForge(2, 1), 7, 1, 2), 7, 3, 2).writeTo(dir);
        batch(new SegmentForge(1, 2), 7, 5, 2).writeTo(dir);
        batch(new SegmentForge(2, 3), 7, 7, 2).writeTo(dir);
        flip(dir.resolve(SegmentForge.appendName(1)), 20);
        flip(dir.resolve(SegmentForge.appendName(2)), 58);
        byte[] third = Files.readAllBytes(dir.resolve(SegmentForge.appendName(3)));
        third[60] = 1; // V2 says V1
        Files.write(dir.resolve(SegmentForge.appendName(3)), third);

        FoundList found = check(true);

        assertThat(found.lines)
                .containsExactly(
                        "1.raftlog [0, 69) segment header magic",
                        "2.raftlog [0, 61) segment format version",
                        "3.raftlog [53, 61) version of the segment header");
        assertThat(found.summary.batches()).isEqualTo(4);
    }

    @Test
    void damageInBytesNobodyNeedsAnyMoreHarmsNoGroup() throws IOException {
        SegmentForge first = new SegmentForge(2, 1);
        batch(first, 1, 1, 5);
        batch(first, 2, 1, 5);
        batch(first, 3, 1, 5);
        batch(first, 4, 1, 5);
        first.writeTo(dir);
        SegmentForge second = new SegmentForge(2, 2);
        second.batch(new ItemForge().compact(1, 6).clean(2).compact(4, 3));
        batch(second, 3, 1, 2); // overwrites
        second.writeTo(dir);
        for (int at : first.batchOffsets()) {
            flip(dir.resolve(SegmentForge.appendName(1)), at + 20L);
        }

        List<String> lines = check(true).lines;

        assertThat(lines).hasSize(5);
        assertThat(lines.getLast()).isEqualTo("group 4 lost 3..5");
    }

    /** The copy in the rewrite queue does not count before its atomic group is complete. */
    @Test
    void aCopyHealsOnlyIfItsAtomicGroupIsComplete() throws IOException {
        for (int end : new int[] {2, 1}) {
            SegmentForge first = batch(new SegmentForge(2, 1), 5, 1, 4);
            first.writeRewriteTo(dir);
            flip(dir.resolve(SegmentForge.rewriteName(1)), first.batchOffsets().getFirst() + 20L);
            SegmentForge second = new SegmentForge(2, 2);
            second.batch(content(20), new ItemForge().marker(0, 0).entries(5, 1, 10, 20));
            second.batch(content(20), new ItemForge().entries(5, 3, 10, 20).marker(0, end));
            second.writeRewriteTo(dir);

            List<String> lines = check(true).lines;

            assertThat(lines.getFirst()).startsWith("1.rewrite [");
            assertThat(lines.subList(1, lines.size()))
                    .isEqualTo(end == 2 ? List.of() : List.of("group 5 lost 1..4"));
        }
    }

    /** D8: a right checksum over what is none. */
    @Test
    void entriesThatCannotBeUnfoldedAreFoundInDepth() {
        SegmentForge segment = new SegmentForge(2, 1);
        segment.lz4Batch(30, new byte[] {1, 2, 3, 4, 5, 6, 7, 8}, entries(7, 1, 3));
        batch(segment, 7, 4, 1);
        segment.writeTo(dir);

        assertThat(check(false).summary.sound()).isTrue();
        List<String> lines = check(true).lines;
        assertThat(lines).hasSize(2);
        assertThat(lines.getFirst()).contains("LZ4 block");
        assertThat(lines.getLast()).isEqualTo("group 7 lost 1..3");
    }

    /** D8: the most that a block can claim, with enough stored bytes for it to be possible. */
    @Test
    void aBlockThatClaimsAllThereCanBeIsOneUnreadableBlock() {
        SegmentForge segment = new SegmentForge(2, 1).batchOfTheLargestClaim(7, 1);
        batch(segment, 8, 4, 1);
        segment.writeTo(dir);

        List<String> lines = check(true).lines;
        assertThat(lines).hasSize(2);
        assertThat(lines.getFirst()).contains("LZ4 content length");
        assertThat(lines.getLast()).isEqualTo("group 7 lost 1..1");
        try (RaftEngine engine = RaftEngine.open(EngineConfig.builder(dir).build())) {
            assertThatThrownBy(() -> engine.getEntry(7, 1)).isInstanceOf(CorruptionException.class);
            assertThat(engine.getEntry(8, 4)).isEqualTo(content(10));
        }
    }

    /** D6: nothing is damaged, and still an open refuses it. */
    @Test
    void aHoleWithoutDamageIsAFinding() {
        SegmentForge segment = new SegmentForge(2, 1);
        batch(segment, 7, 1, 3);
        batch(segment, 8, 1, 3);
        batch(segment, 7, 6, 2);
        segment.writeTo(dir);

        assertThat(check(false).lines)
                .containsExactly("hole in 7: 4 expected, 6 found", "group 7 lost 4..5");
        assertThatThrownBy(() -> RaftEngine.open(EngineConfig.builder(dir).build()))
                .isInstanceOf(CorruptionException.class);
    }

    /** The reference loses compactions; what they removed is not missing. */
    @Test
    void aHoleOverRewrittenEntriesIsNoneUnlessSomethingIsDamagedThere() throws IOException {
        batch(new SegmentForge(2, 1), 7, 1, 3).writeRewriteTo(dir);
        SegmentForge append = batch(new SegmentForge(2, 5), 9, 1, 1);
        batch(append, 9, 2, 1);
        append.writeTo(dir);
        batch(new SegmentForge(2, 6), 7, 10, 2).writeTo(dir);
        assertThat(check(true).summary.sound()).isTrue();

        flip(dir.resolve(SegmentForge.appendName(5)), append.batchOffsets().get(0) + 2L);

        assertThat(check(true).lines).contains("hole in 7: 4 expected, 10 found");
    }

    // ---- the end of the log

    @Test
    void whatACrashLeavesBehindTheEndIsNoFinding() throws IOException {
        SegmentForge zeros = batch(new SegmentForge(2, 1), 7, 1, 3);
        int end = zeros.position();
        zeros.raw(new byte[5000]).writeTo(dir);
        SegmentForge recycled = batch(new SegmentForge(2, 1), 8, 1, 3);
        int recycledEnd = recycled.position();
        byte[] formerLife = batch(new SegmentForge(2, 77), 8, 1, 30).bytes();
        recycled.raw(Arrays.copyOfRange(formerLife, 30, formerLife.length)).writeRewriteTo(dir);

        FoundList found = check(true);

        assertThat(found.lines)
                .containsExactly(
                        "1.rewrite ends at " + recycledEnd + ": stale",
                        "1.raftlog ends at " + end + ": zeros");
        assertThat(found.summary.sound()).isTrue();
        assertThat(found.summary.liveEntries()).isEqualTo(6);
    }

    /** D1: the watermark tells rot from a torn tail. */
    @Test
    void aWatermarkDecidesWhetherABrokenBatchWasPromised() throws IOException {
        for (boolean promised : new boolean[] {true, false}) {
            SegmentForge segment = batch(new SegmentForge(2, 1), 7, 1, 3);
            int broken = segment.position();
            segment.watermark(broken);
            int at = segment.position();
            batch(segment, 7, 4, 3);
            int behind = segment.position();
            if (promised) {
                segment.watermark(behind);
            } else {
                batch(segment, 7, 7, 1);
            }
            segment.writeTo(dir);
            flip(dir.resolve(SegmentForge.appendName(1)), at + 60L);

            FoundList found = check(false);

            if (promised) {
                assertThat(found.lines)
                        .containsExactly(
                                "1.raftlog ["
                                        + at
                                        + ", "
                                        + behind
                                        + ") item checksum of the batch");
            } else {
                assertThat(found.lines).containsExactly("1.raftlog ends at " + at + ": torn");
            }
            assertThat(at - broken).isEqualTo(WATERMARK);
        }
    }

    @Test
    void aBatchThatTheEndOfTheFileCutsOffIsNoFinding() throws IOException {
        for (int version : new int[] {1, 2}) {
            SegmentForge segment = batch(new SegmentForge(version, 1), 7, 1, 3);
            int end = segment.position();
            batch(segment, 7, 4, 3).writeTo(dir);
            Path file = dir.resolve(SegmentForge.appendName(1));
            byte[] bytes = Files.readAllBytes(file);
            for (int cut = end + 1; cut < bytes.length; cut++) {
                Files.write(file, Arrays.copyOf(bytes, cut));
                // A length begins with zeros.
                String tail = cut < end + 7 ? "zeros" : "torn";
                assertThat(check(true).lines)
                        .as("cut at " + cut)
                        .containsExactly("1.raftlog ends at " + end + ": " + tail);
            }
            // Whole, but for any single bit of it: the file was cut there when it was whole.
            for (int at = end; at < bytes.length; at++) {
                Files.write(file, bytes);
                flip(file, at);
                assertThat(check(true).summary.sound()).as("byte " + at).isFalse();
            }
        }
    }

    /** A sealed segment of which nothing was synced on the way, as recovery verifies all of it. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void damagedEntriesThatWereReplacedLaterAreNotLost(boolean deep) throws IOException {
        for (boolean cleaned : new boolean[] {false, true}) {
            SegmentForge segment = new SegmentForge(2, 1);
            segment.watermark(segment.position());
            int block = segment.position() + 16;
            batch(segment, 7, 1, 10);
            if (cleaned) {
                segment.batch(new ItemForge().clean(7));
                batch(segment, 7, 1, 3);
            } else {
                batch(segment, 7, 5, 6);
            }
            segment.writeTo(dir);
            new SegmentForge(2, 2).writeTo(dir);
            flip(dir.resolve(SegmentForge.appendName(1)), block);

            List<String> expected = new ArrayList<>();
            expected.add(
                    "1.raftlog ["
                            + block
                            + ", "
                            + (block + 104)
                            + ") entries checksum of the batch");
            if (!cleaned) {
                expected.add("group 7 lost 1..4");
            }
            assertThat(check(deep).lines).as("cleaned " + cleaned).isEqualTo(expected);
        }
    }

    // ---- files

    @Test
    void holesAndDuplicatesInTheNumberingAreFindings() throws IOException {
        for (long seq : new long[] {1, 3, 4}) {
            batch(new SegmentForge(2, seq), 7, seq, 1).writeTo(dir);
        }
        assertThat(check(true).lines).containsExactly("numbering HOLE");
        assertThat(check(true).summary.sound()).isFalse();
    }

    @Test
    void whatCannotBeReadIsAFindingAndTheNextSegmentGoesOn() {
        batch(new SegmentForge(2, 1), 7, 1, 1).writeTo(dir);
        batch(new SegmentForge(2, 2), 7, 2, 1).writeTo(dir);
        FaultyFileSystem fs = new FaultyFileSystem(FileSystem.local());
        fs.on(Operation.READ)
                .onFiles(name -> name.equals(SegmentForge.appendName(1)))
                .inject(Fault.error());

        FoundList found = FoundList.of(EngineConfig.builder(dir).build(), fs, true);

        assertThat(found.lines).containsExactly("1.raftlog unreadable");
        assertThat(found.summary.batches()).isEqualTo(1);
        assertThat(fs.openHandles()).isZero();
    }

    @Test
    void anEngineAndACheckKeepEachOtherOut() {
        EngineConfig config = EngineConfig.builder(dir).build();
        try (RaftEngine engine = RaftEngine.open(config)) {
            assertThat(engine.isEmpty()).isTrue();
            assertThatThrownBy(() -> FoundList.of(dir, true)).isInstanceOf(LockedException.class);
        }
        assertThat(check(true).summary.sound()).isTrue();
        assertThatThrownBy(() -> FoundList.of(dir.resolve("none"), true))
                .isInstanceOf(StorageException.class);
    }

    /** Whatever byte of a sealed segment is changed, something is found, and nothing is thrown. */
    @Test
    void noSingleByteOfASealedSegmentChangesUnnoticed() throws IOException {
        SegmentForge first = new SegmentForge(2, 1);
        batch(first, 7, 1, 2);
        first.batch(new ItemForge().put(7, "key", "value").compact(7, 2));
        first.batch(content(20), new ItemForge().entries(7, 3, 10).entries(8, 1, 20));
        first.writeTo(dir);
        batch(new SegmentForge(2, 2), 7, 4, 1).writeTo(dir);
        Path file = dir.resolve(SegmentForge.appendName(1));
        byte[] bytes = Files.readAllBytes(file);
        try (Stream<Path> files = Files.list(dir)) {
            assertThat(files.count()).isEqualTo(2);
        }
        for (int at = 0; at < bytes.length; at++) {
            byte[] changed = bytes.clone();
            changed[at] ^= 0x10;
            Files.write(file, changed);
            FoundList found = check(true);
            assertThat(found.summary.sound()).as("byte " + at).isFalse();
            int position = at;
            assertThat(found.lines).as("byte " + at).anyMatch(line -> covers(line, position));
        }
    }

    private static boolean covers(String line, int position) {
        int open = line.indexOf('[');
        int close = line.indexOf(')');
        if (open < 0 || close < open) {
            return false;
        }
        String[] range = line.substring(open + 1, close).split(", ", -1);
        return Long.parseLong(range[0]) <= position && position < Long.parseLong(range[1]);
    }
}
