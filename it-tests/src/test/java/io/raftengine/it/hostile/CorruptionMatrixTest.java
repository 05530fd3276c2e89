package io.raftengine.it.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import io.raftengine.engine.EngineConfig;
import io.raftengine.engine.RaftEngine;
import io.raftengine.engine.ScanOrder;
import io.raftengine.error.CorruptionException;
import io.raftengine.it.hostile.KnownDirectory.Group;
import io.raftengine.it.hostile.KnownDirectory.Segment;
import io.raftengine.recovery.RecoveryMode;
import io.raftengine.testing.forge.SegmentForge;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
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
    private static final int SCALE = Integer.getInteger("raftengine.scale", 1);
    private static final long SEED =
            Long.parseLong(
                    System.getProperty("raftengine.seed", "").isEmpty()
                            ? "4711"
                            : System.getProperty("raftengine.seed"));

    @TempDir Path dir;

    private final KnownDirectory known = new KnownDirectory();
    private final Random random = new Random(SEED);
    private int images;
    private int refused;
    private int cut;

    @BeforeEach
    void write() {
        known.writeTo(dir);
        for (RecoveryMode mode : RecoveryMode.values()) {
            try (RaftEngine engine = open(mode)) {
                assertThat(read(engine)).isEqualTo(known.state());
            }
        }
    }

    @AfterEach
    void report() {
        System.getLogger("matrix")
                .log(
                        System.Logger.Level.INFO,
                        "seed {0}: {1} images, {2} refused, {3} cut",
                        SEED,
                        images,
                        refused,
                        cut);
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
    }

    /** A file that is gone, renamed or doubled leaves a hole, a duplicate or a wrong signature. */
    @Test
    void everyFileGoneRenamedOrDoubled() throws IOException {
        for (Segment segment : known.segments.values()) {
            Path file = dir.resolve(segment.name);
            Path aside = dir.resolve("aside");
            Files.move(file, aside);
            checkFiles();
            for (Segment other : known.segments.values()) {
                Path target = dir.resolve(other.name);
                byte[] before = other == segment ? null : other.bytes();
                Files.write(target, segment.bytes());
                if (other != segment) {
                    checkFiles();
                    Files.write(target, before);
                } else {
                    Files.delete(target);
                }
            }
            Files.move(aside, file);
            Path twin =
                    dir.resolve(segment.name.substring(0, 16) + "x" + segment.name.substring(16));
            Files.copy(file, twin);
            checkFiles();
            Files.delete(twin);
        }
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
        images++;
        SegmentForge.write(dir.resolve(segment.name), damaged);
        String what = segment.name + " damaged at " + at + ", " + mode + ", seed " + SEED;
        try (RaftEngine engine = open(mode)) {
            String state = read(engine);
            if (state.equals(known.state())) {
                return;
            }
            cut++;
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
            refused++;
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

    /** Whole files are not where they were; no wrong byte may come of it. */
    private void checkFiles() {
        for (RecoveryMode mode : RecoveryMode.values()) {
            images++;
            try (RaftEngine engine = open(mode)) {
                if (!read(engine).equals(known.state())) {
                    cut++;
                }
            } catch (CorruptionException e) {
                refused++;
            }
        }
    }

    /** Reads all entries and keys; a block that is damaged may say so, no entry may be wrong. */
    private static String read(RaftEngine engine) {
        TreeMap<Long, Group> groups = new TreeMap<>();
        engine.forEachGroup(id -> groups.put(id, read(engine, id)));
        return groups.toString();
    }

    private static Group read(RaftEngine engine, long id) {
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
        List<Long> wrong = new ArrayList<>();
        for (long index = group.first; index < group.end; index++) {
            try {
                if (!KnownDirectory.isEntry(id, index, engine.getEntry(id, index))) {
                    wrong.add(index);
                }
            } catch (CorruptionException damaged) {
                assertThat(damaged.file()).isNotEmpty();
            }
        }
        assertThat(wrong).as("entries of group %d with other bytes", id).isEmpty();
        return group;
    }

    private static String text(MemorySegment memory, long offset, int bytes) {
        byte[] copy = memory.asSlice(offset, bytes).toArray(ValueLayout.JAVA_BYTE);
        return new String(copy, StandardCharsets.UTF_8);
    }
}
