package io.raftengine.it.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import io.raftengine.engine.EngineConfig;
import io.raftengine.engine.RaftEngine;
import io.raftengine.engine.ScanOrder;
import io.raftengine.error.CorruptionException;
import io.raftengine.it.hostile.KnownDirectory.Group;
import io.raftengine.it.hostile.KnownDirectory.HoleException;
import io.raftengine.it.hostile.KnownDirectory.Segment;
import io.raftengine.recovery.RecoveryMode;
import io.raftengine.testing.campaign.Seed;
import io.raftengine.testing.forge.SegmentForge;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Damages every byte, cuts at every length, zeroes, swaps and ages every sector, and takes away or
 * doubles every file (P5, P6). Allowed are: the right data; a corruption error that points there; a
 * reported cut that lies above the last watermark. All entries and keys are read and compared.
 */
class CorruptionMatrixTest {
    private static final int SECTOR = 512;
    private static final String VERSION_1 = SegmentForge.appendName(7);
    private static final String HOLE = "a hole in a group";
    private static final int SCALE = Integer.getInteger("raftengine.scale", 1);
    private static final long SEED = Seed.orElse(4711);

    @TempDir Path dir;

    private final KnownDirectory known = new KnownDirectory();
    private final Random random = new Random(SEED);
    private final Map<RecoveryMode, Outcomes> outcomes = new EnumMap<>(RecoveryMode.class);

    /** What became of the images in one mode: a matrix without all of these shows little. */
    private static final class Outcomes {
        int whole;
        int cut;
        int refused;
        int unreadable;

        @Override
        public String toString() {
            return String.format(
                    "%d whole, %d cut, %d refused; %d entries unreadable",
                    whole, cut, refused, unreadable);
        }
    }

    /** One file that is not as it was. */
    private record Damage(Segment segment, byte[] bytes) {}

    @BeforeEach
    void write() {
        known.writeTo(dir);
        for (RecoveryMode mode : RecoveryMode.values()) {
            try (RaftEngine engine = open(mode)) {
                assertThat(read(engine, null, new Outcomes())).isEqualTo(known.state());
            }
            outcomes.put(mode, new Outcomes());
        }
    }

    /** At least so many in each mode, in the order of the modes; prints them all. */
    private void demand(int[] whole, int[] cut, int[] refused, int unreadable) {
        System.getLogger("corruption matrix")
                .log(
                        System.Logger.Level.INFO,
                        "-Draftengine.seed={0}: {1}",
                        Long.toString(SEED),
                        outcomes);
        int entries = 0;
        for (RecoveryMode mode : RecoveryMode.values()) {
            Outcomes seen = outcomes.get(mode);
            String what = mode + ": " + seen + ", seed " + SEED;
            assertThat(seen.whole).as(what).isGreaterThanOrEqualTo(whole[mode.ordinal()]);
            assertThat(seen.cut).as(what).isGreaterThanOrEqualTo(cut[mode.ordinal()]);
            assertThat(seen.refused).as(what).isGreaterThanOrEqualTo(refused[mode.ordinal()]);
            entries += seen.unreadable;
        }
        assertThat(entries).as("unreadable entries").isGreaterThanOrEqualTo(unreadable);
    }

    @Test
    void everyByteFlipped() {
        for (Segment segment : known.segments.values()) {
            byte[] bytes = segment.bytes();
            for (int at = 0; at < bytes.length; at++) {
                for (int round = 0; round < SCALE; round++) {
                    byte[] damaged = bytes.clone();
                    damaged[at] ^= (byte) (1 << random.nextInt(8));
                    check(segment, damaged, at, mode(at + round));
                }
            }
            restore(segment);
        }
        demand(
                new int[] {800, 800, 800},
                new int[] {200, 200, 500},
                new int[] {350, 350, 15},
                4000);
    }

    @Test
    void everyLengthOfTruncation() {
        for (Segment segment : known.segments.values()) {
            byte[] bytes = segment.bytes();
            for (int length = 0; length < bytes.length; length++) {
                check(segment, Arrays.copyOf(bytes, length), length, mode(length));
            }
            restore(segment);
        }
        demand(new int[] {0, 0, 20}, new int[] {1000, 1000, 1200}, new int[] {450, 450, 200}, 0);
    }

    @Test
    void everySectorZeroedSwappedOrFromAnOlderLife() {
        byte[] olderLife =
                new SegmentForge(2, 5)
                        .raw(known.segments.get(SegmentForge.appendName(9)).bytes())
                        .bytes();
        for (Segment segment : known.segments.values()) {
            byte[] bytes = segment.bytes();
            int sectors = (bytes.length + SECTOR - 1) / SECTOR;
            for (RecoveryMode mode : RecoveryMode.values()) {
                for (int sector = 0; sector < sectors; sector++) {
                    int from = sector * SECTOR;
                    int to = Math.min(bytes.length, from + SECTOR);
                    byte[] zeroed = bytes.clone();
                    Arrays.fill(zeroed, from, to, (byte) 0);
                    check(segment, zeroed, from, mode);
                    byte[] aged = bytes.clone();
                    System.arraycopy(olderLife, from, aged, from, to - from);
                    check(segment, aged, from, mode);
                    for (int other = 0; other < sector && to - from == SECTOR; other++) {
                        byte[] swapped = bytes.clone();
                        System.arraycopy(bytes, from, swapped, other * SECTOR, SECTOR);
                        System.arraycopy(bytes, other * SECTOR, swapped, from, SECTOR);
                        check(segment, swapped, other * SECTOR, mode);
                    }
                }
            }
            restore(segment);
        }
        demand(new int[] {2, 2, 2}, new int[] {8, 8, 26}, new int[] {20, 20, 3}, 3);
    }

    @Test
    void everyKindOfTailBehindTheLastBatch() {
        for (Segment segment : known.segments.values()) {
            byte[] bytes = segment.bytes();
            for (int length : new int[] {1, 15, 16, 45, 46, 511, 4096}) {
                byte[] noise = new byte[length];
                random.nextBytes(noise);
                for (byte[] tail : List.of(new byte[length], noise)) {
                    byte[] longer = Arrays.copyOf(bytes, bytes.length + length);
                    System.arraycopy(tail, 0, longer, bytes.length, length);
                    for (RecoveryMode mode : RecoveryMode.values()) {
                        check(segment, longer, bytes.length, mode);
                    }
                }
            }
            restore(segment);
        }
        demand(new int[] {28, 28, 70}, new int[] {0, 0, 0}, new int[] {42, 42, 0}, 0);
    }

    /** A file that is gone, renamed or doubled leaves a hole, a duplicate or a wrong signature. */
    @Test
    void everyFileGoneRenamedOrDoubled() throws IOException {
        for (Segment segment : known.segments.values()) {
            Path file = dir.resolve(segment.name);
            Path aside = dir.resolve("aside");
            Files.move(file, aside);
            Map<String, Segment> contents = new HashMap<>(known.segments);
            contents.remove(segment.name);
            checkFiles(contents, "");
            for (Segment other : known.segments.values()) {
                if (other != segment) {
                    Path target = dir.resolve(other.name);
                    Files.write(target, segment.bytes());
                    Map<String, Segment> renamed = new HashMap<>(contents);
                    renamed.put(other.name, segment);
                    checkFiles(renamed, "");
                    Files.write(target, other.bytes());
                }
            }
            Files.move(aside, file);
            Path twin =
                    dir.resolve(segment.name.substring(0, 16) + "x" + segment.name.substring(16));
            Files.copy(file, twin);
            checkFiles(known.segments, segment.name);
            Files.delete(twin);
        }
        demand(new int[] {0, 2, 2}, new int[] {13, 20, 25}, new int[] {15, 6, 2}, 0);
    }

    // ------------------------------------------------------------------------------------------

    private static RecoveryMode mode(int turn) {
        return RecoveryMode.values()[Math.floorMod(turn, 3)];
    }

    private RaftEngine open(RecoveryMode mode) {
        return RaftEngine.openReadOnly(
                EngineConfig.builder(dir).recoveryMode(mode).recoveryThreads(1).build());
    }

    private void restore(Segment segment) {
        SegmentForge.write(dir.resolve(segment.name), segment.bytes());
    }

    /** One file is damaged from an offset on. */
    private void check(Segment segment, byte[] damaged, long at, RecoveryMode mode) {
        if (Arrays.equals(damaged, segment.bytes())) {
            return;
        }
        SegmentForge.write(dir.resolve(segment.name), damaged);
        String what = segment.name + " damaged at " + at + ", " + mode + ", seed " + SEED;
        Outcomes seen = outcomes.get(mode);
        try (RaftEngine engine = open(mode)) {
            String state = read(engine, new Damage(segment, damaged), seen);
            if (state.equals(known.state())) {
                seen.whole++;
                return;
            }
            seen.cut++;
            if (segment.endsBetweenBatches(damaged)) {
                assertThat(state)
                        .as(what)
                        .isEqualTo(known.state(segment.name, segment.batchesBefore(at)));
                return;
            }
            assertThat(engine.recoveryReport().droppedBytes())
                    .as("%s: dropped without a word", what)
                    .isPositive();
            if (mode != RecoveryMode.TOLERATE_ANY_CORRUPTION) {
                assertThat(segment.last).as("%s: cut a sealed segment", what).isTrue();
                assertThat(state)
                        .as(what)
                        .isEqualTo(known.state(segment.name, segment.batchesBefore(at)));
                assertThat(segment.promises(damaged, at))
                        .as("%s: cut below the watermark", what)
                        .isFalse();
            }
        } catch (CorruptionException e) {
            seen.refused++;
            assertThat(e.file())
                    .as(what)
                    .satisfiesAnyOf(
                            name -> assertThat(name).endsWith(segment.name),
                            // What is missing without a trace shows as a hole in a group (D6).
                            name -> assertThat(segment.endsBetweenBatches(damaged)).isTrue(),
                            name ->
                                    assertThat(mode)
                                            .isEqualTo(RecoveryMode.TOLERATE_ANY_CORRUPTION));
        } catch (RuntimeException untyped) {
            fail(what, untyped);
        }
    }

    /**
     * Whole files are not where they were. A hole or a number that is there twice is an anomaly,
     * and what lies before it in its queue is not looked at (D4); a file of version 2 knows its
     * number. What nobody can notice, a missing first or last file and a wrong number of a file of
     * version 1, shows the state of what is there.
     */
    private void checkFiles(Map<String, Segment> contents, String doubled) {
        boolean foreign =
                contents.entrySet().stream()
                        .anyMatch(e ->
                                !e.getKey().equals(e.getValue().name)
                                        && !e.getValue().name.equals(VERSION_1));
        String middle = SegmentForge.appendName(8);
        boolean anomaly = !doubled.isEmpty() || !contents.containsKey(middle);
        Map<String, Segment> looked = new HashMap<>(contents);
        if (anomaly) {
            String last = doubled.isEmpty() ? middle : doubled;
            String suffix = last.substring(last.indexOf('.'));
            looked.keySet().removeIf(n -> n.endsWith(suffix) && n.compareTo(last) < 0);
        }
        String expected = stateOf(looked);
        for (RecoveryMode mode : RecoveryMode.values()) {
            Outcomes seen = outcomes.get(mode);
            String what = mode + ", " + named(contents) + ", twice: " + doubled;
            try (RaftEngine engine = open(mode)) {
                String state = read(engine, null, seen);
                assertThat(engine.recoveryReport().anomalies().isEmpty())
                        .as(what)
                        .isEqualTo(!anomaly);
                if (anomaly) {
                    assertThat(mode).as(what).isNotEqualTo(RecoveryMode.ABSOLUTE_CONSISTENCY);
                }
                if (foreign) {
                    assertThat(engine.recoveryReport().clean()).as(what).isFalse();
                } else {
                    assertThat(state).as(what).isEqualTo(expected);
                }
                if (state.equals(known.state())) {
                    seen.whole++;
                } else {
                    seen.cut++;
                }
            } catch (CorruptionException e) {
                seen.refused++;
                if (!foreign && mode != RecoveryMode.ABSOLUTE_CONSISTENCY) {
                    assertThat(expected).as(what).isEqualTo(HOLE);
                }
                assertThat(foreign || anomaly || expected.equals(HOLE)).as(what).isTrue();
            }
        }
    }

    private String stateOf(Map<String, Segment> contents) {
        try {
            return known.stateOf(contents);
        } catch (HoleException hole) {
            return HOLE;
        }
    }

    private static String named(Map<String, Segment> contents) {
        TreeMap<String, String> names = new TreeMap<>();
        contents.forEach((name, content) -> names.put(name, content.name));
        return names.toString();
    }

    /**
     * Reads all entries and keys; an entry of a batch that the damage touched may say so, no entry
     * may be wrong.
     */
    private String read(RaftEngine engine, Damage damage, Outcomes seen) {
        TreeMap<Long, Group> groups = new TreeMap<>();
        engine.forEachGroup(id -> groups.put(id, read(engine, id, damage, seen)));
        return groups.toString();
    }

    private Group read(RaftEngine engine, long id, Damage damage, Outcomes seen) {
        Group group = new Group();
        engine.scan(
                id,
                null,
                null,
                ScanOrder.ASCENDING,
                (memory, key, keyBytes, value, valueBytes) -> {
                    group.keys.put(text(memory, key, keyBytes), text(memory, value, valueBytes));
                    return true;
                });
        if (engine.firstIndex(id) == RaftEngine.NO_INDEX) {
            return group;
        }
        group.first = engine.firstIndex(id);
        group.end = engine.lastIndex(id) + 1;
        for (long index = group.first; index < group.end; index++) {
            KnownDirectory.Entry entry = known.entry(id, index);
            String what = "entry " + index + " of group " + id;
            assertThat(entry).as(what).isNotNull();
            try {
                assertThat(engine.getEntry(id, index)).as(what).isEqualTo(entry.bytes());
            } catch (CorruptionException unreadable) {
                seen.unreadable++;
                demandDamaged(entry, damage, unreadable, what);
            }
        }
        return group;
    }

    /** The error points into the entry's own batch, and that batch is damaged. */
    private static void demandDamaged(
            KnownDirectory.Entry entry, Damage damage, CorruptionException error, String what) {
        assertThat(damage).as(what).isNotNull();
        Segment segment = entry.segment();
        assertThat(segment).as(what).isSameAs(damage.segment());
        assertThat(segment.isTouched(damage.bytes(), entry.batch())).as(what).isTrue();
        assertThat(error.file()).as(what).endsWith(segment.name);
        assertThat(error.offset())
                .as(what)
                .isBetween(
                        (long) segment.forge.batchOffsets().get(entry.batch()),
                        segment.end(entry.batch()) - 1);
    }

    private static String text(MemorySegment memory, long offset, int bytes) {
        byte[] copy = memory.asSlice(offset, bytes).toArray(ValueLayout.JAVA_BYTE);
        return new String(copy, StandardCharsets.UTF_8);
    }
}
