package io.raftengine.ctl;

import static io.raftengine.ctl.RepairFixture.entries;
import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.recovery.DropCause;
import io.raftengine.recovery.DroppedRange;
import io.raftengine.recovery.repair.Repair;
import io.raftengine.testing.forge.ItemForge;
import io.raftengine.testing.forge.SegmentForge;
import io.raftengine.testing.model.GroupState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * P5, D5: an open that finds a damaged header keeps the bytes behind it aside; a repair is asked to
 * save them. The batches verify under one version only, so they say what the header said.
 */
class DamagedHeaderRepairTest {
    private static final int MAGIC_AND_VERSION_BYTES = 61;
    private static final int VERSION_AT = 60;

    /** An alignment of 1 is one that any batch keeps. */
    private static final int HARMLESS_BIT = 8 * 68;

    @TempDir Path temp;
    private RepairFixture fixture;

    @BeforeEach
    void prepare() {
        fixture = new RepairFixture(temp);
    }

    private static int headerBytes(int version) {
        return version == 1 ? MAGIC_AND_VERSION_BYTES : SegmentForge.V2_HEADER_BYTES;
    }

    /** The second segment overwrites a tail and a value of the first. */
    private List<Path> twoSegments(int version) {
        SegmentForge first = new SegmentForge(version, 1);
        entries(first, 7, 1, 4);
        first.batch(new ItemForge().put(7, "key", "old"));
        entries(first, 8, 1, 2);
        SegmentForge second = new SegmentForge(version, 2);
        entries(second, 7, 3, 1);
        second.batch(new ItemForge().put(7, "key", "new"));
        entries(second, 8, 3, 2);
        return List.of(first.writeTo(fixture.source), second.writeTo(fixture.source));
    }

    private record Planned(Map<Long, List<Long>> groups, List<DroppedRange> damage) {}

    private Planned plan() {
        Map<Long, List<Long>> groups = new TreeMap<>();
        try (Repair repair =
                Repair.open(
                        fixture.fs,
                        List.of(fixture.source),
                        RepairFixture.rules(),
                        fixture.versions,
                        fixture.budget)) {
            repair.plan()
                    .forEachGroup(
                            (group, first, entries) -> groups.put(group, List.of(first, entries)));
            return new Planned(groups, repair.plan().report().dropped());
        }
    }

    private static byte[] flipped(byte[] bytes, int bit) {
        byte[] damaged = bytes.clone();
        damaged[bit / 8] ^= (byte) (1 << bit % 8);
        return damaged;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void anyBitOfAHeaderMayFlipAndNothingButTheHeaderIsLost(int version) throws IOException {
        List<Path> segments = twoSegments(version);
        Map<Long, List<Long>> whole = plan().groups;
        assertThat(whole).hasSize(2);
        for (Path segment : segments) {
            byte[] bytes = Files.readAllBytes(segment);
            for (int bit = 0; bit < 8 * headerBytes(version); bit++) {
                Files.write(segment, flipped(bytes, bit));
                Planned planned = plan();
                String where = segment.getFileName() + ", bit " + bit;
                assertThat(planned.groups).as(where).isEqualTo(whole);
                if (bit != HARMLESS_BIT) {
                    assertThat(planned.damage)
                            .as(where)
                            .singleElement()
                            .satisfies(damage -> {
                                assertThat(damage.path()).isEqualTo(segment);
                                assertThat(damage.cause()).isEqualTo(DropCause.ROTTEN_HEADER);
                                assertThat(damage.fromBytes()).isZero();
                                assertThat(damage.toBytes()).isEqualTo(headerBytes(version));
                            });
                }
            }
            Files.write(segment, bytes);
        }
        assertThat(fixture.budget.reservedBytes()).isZero();
    }

    @ParameterizedTest
    @CsvSource({"1, V2", "1, AS_THEY_WERE", "2, V2", "2, AS_THEY_WERE"})
    void theCopyHoldsEveryEntryAndKey(int version, Repair.Versions versions) throws IOException {
        List<Path> segments = twoSegments(version);
        Map<Long, GroupState> whole = fixture.state(fixture.source);
        fixture.versions = versions;
        for (Path segment : segments) {
            Files.write(segment, flipped(Files.readAllBytes(segment), 8 * 20 + 3));
        }
        assertThat(fixture.repair()).isEqualTo(whole);
        assertThat(fixture.result.batchesRecoded()).isZero();
        int expected = versions == Repair.Versions.V2 ? 2 : version;
        for (Path segment : segments) {
            Path copy = fixture.target.resolve(segment.getFileName());
            assertThat(Files.readAllBytes(copy)[VERSION_AT]).isEqualTo((byte) expected);
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 2", "2, 1"})
    void aHeaderThatSaysTheOtherVersionIsNotBelieved(int version, int said) throws IOException {
        Path segment = twoSegments(version).get(0);
        Map<Long, List<Long>> whole = plan().groups;
        byte[] bytes = Files.readAllBytes(segment);
        bytes[VERSION_AT] = (byte) said;
        Files.write(segment, bytes);
        Planned planned = plan();
        assertThat(planned.groups).isEqualTo(whole);
        assertThat(planned.damage)
                .singleElement()
                .extracting(DroppedRange::detail)
                .isEqualTo("segment format version");
    }

    /** With a wrong alignment the second damage looks like padding up to the end of the file. */
    @Test
    void aDamagedAlignmentHidesNoOtherDamage() throws IOException {
        SegmentForge segment = new SegmentForge(2, 1);
        entries(segment, 7, 1, 1);
        int damaged = segment.position();
        entries(segment, 7, 2, 1);
        Path file = segment.raw(new byte[1]).writeTo(fixture.source);
        byte[] bytes = flipped(Files.readAllBytes(file), 8 * 61);
        bytes[damaged + 9] ^= 1;
        Files.write(file, bytes);
        assertThat(plan().damage)
                .extracting(DroppedRange::fromBytes)
                .containsExactly(0L, (long) damaged);
    }

    @Test
    void thePlanNamesTheHeaderAndTheDamageBehindIt() throws IOException {
        Path segment = twoSegments(2).get(0);
        byte[] bytes = flipped(Files.readAllBytes(segment), 0);
        bytes[bytes.length - 1] ^= 1;
        Files.write(segment, bytes);
        List<DroppedRange> damage = plan().damage;
        assertThat(damage)
                .extracting(DroppedRange::cause)
                .containsExactly(DropCause.ROTTEN_HEADER, DropCause.ROT);
        assertThat(damage.get(0).toBytes()).isEqualTo(SegmentForge.V2_HEADER_BYTES);
        assertThat(damage.get(1).fromBytes()).isGreaterThan(SegmentForge.V2_HEADER_BYTES);
        assertThat(fixture.plan("group *: keep existing"))
                .anyMatch(line -> line.contains("damaged segment header"));
    }

    /** Some batches whose lengths are no multiples, behind a header that says so. */
    private Path aligned(int alignment) {
        SegmentForge segment = new SegmentForge(2, 1, alignment);
        for (int i = 1; i <= 5; i++) {
            segment.raw(new byte[-segment.position() & alignment - 1]);
            entries(segment, 7, i, 1);
        }
        return segment.writeTo(fixture.source);
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 16, 512, 4096})
    void anyBitOfAHeaderWithAlignmentMayFlipAndNothingButTheHeaderIsLost(int alignment)
            throws IOException {
        Path segment = aligned(alignment);
        Map<Long, List<Long>> whole = plan().groups;
        assertThat(whole).isEqualTo(Map.of(7L, List.of(1L, 5L)));
        byte[] bytes = Files.readAllBytes(segment);
        for (int bit = 0; bit < 8 * headerBytes(2); bit++) {
            Files.write(segment, flipped(bytes, bit));
            Planned planned = plan();
            assertThat(planned.groups).as("bit %d", bit).isEqualTo(whole);
            assertThat(planned.damage)
                    .as("bit %d", bit)
                    .singleElement()
                    .satisfies(damage -> {
                        assertThat(damage.cause()).isEqualTo(DropCause.ROTTEN_HEADER);
                        assertThat(damage.toBytes()).isEqualTo(headerBytes(2));
                    });
        }
        assertThat(fixture.budget.reservedBytes()).isZero();
    }

    @Test
    void aCopyOfASegmentWithAlignmentHoldsEveryEntry() throws IOException {
        Path segment = aligned(16);
        Map<Long, GroupState> whole = fixture.state(fixture.source);
        Files.write(segment, flipped(Files.readAllBytes(segment), 8 * 20 + 3));
        assertThat(fixture.repair()).isEqualTo(whole);
    }

    /** Zeros may as well be batches that the disk lost: then there is nothing to be proven. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void zerosWhereBatchesWereAreNoPadding(boolean headerWhole) throws IOException {
        SegmentForge segment = new SegmentForge(2, 1);
        entries(segment, 7, 1, 3);
        int lost = 80;
        segment.raw(new byte[-segment.position() & 511]);
        assertThat(segment.position()).isGreaterThan(lost);
        entries(segment, 7, 4, 3);
        entries(segment, 7, 7, 3);
        Path file = segment.writeTo(fixture.source);
        byte[] bytes = Files.readAllBytes(file);
        Arrays.fill(bytes, headerWhole ? headerBytes(2) : 0, 512, (byte) 0);
        Files.write(file, bytes);
        Planned planned = plan();
        assertThat(planned.groups).isEmpty();
        assertThat(planned.damage)
                .singleElement()
                .satisfies(damage -> {
                    assertThat(damage.toBytes()).isEqualTo(bytes.length);
                    assertThat(damage.validBatchesBehind()).isEqualTo(2);
                });
        assertThat(fixture.plan("group *: keep existing"))
                .anyMatch(line -> line.contains("\"valid_batches_behind\":2"));
    }
}
