package io.raftengine.testing.segment;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.allocator.Mapping;
import io.raftengine.allocator.Memory;
import io.raftengine.allocator.MemoryBudget;
import io.raftengine.error.CorruptionException;
import io.raftengine.error.OutOfSpaceException;
import io.raftengine.log.format.FormatVersion;
import io.raftengine.log.format.QueueKind;
import io.raftengine.log.format.SegmentHeader;
import io.raftengine.log.io.FileSystem;
import io.raftengine.log.segment.DirectoryScan;
import io.raftengine.log.segment.PrefillPolicy;
import io.raftengine.log.segment.QueueSettings;
import io.raftengine.log.segment.RecoveredSegment;
import io.raftengine.log.segment.SegmentFile;
import io.raftengine.log.segment.SegmentQueue;
import io.raftengine.testing.campaign.Seed;
import io.raftengine.testing.fs.Call;
import io.raftengine.testing.fs.Fault;
import io.raftengine.testing.fs.FaultyFileSystem;
import io.raftengine.testing.fs.Operation;
import io.raftengine.testing.fs.SimulatedFileSystem;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The power goes before every I/O call of a queue at work, and the disk keeps any part of what was
 * not synced. Whatever is left: numbers are contiguous (I4), every segment but the last ends
 * exactly (I3), everything synced is there byte for byte (I1), and a queue opens on it and goes on.
 *
 * <p>Images are taken beside the running workload, several per call, and told apart by fingerprint;
 * equal ones are not counted.
 */
class QueuePowerCutTest {
    private static final int IMAGES_PER_CALL = 12;
    private static final int SCRATCH_BYTES = 1 << 20;

    private final long seed = Seed.orElse(23);
    private final SimulatedFileSystem disk = new SimulatedFileSystem(seed);
    private final FaultyFileSystem fs = new FaultyFileSystem(disk);
    private final Random random = new Random(seed);
    private final Mapping memory = Mapping.map(MemoryBudget.unlimited(), SCRATCH_BYTES, "test");
    private final TreeMap<Long, byte[]> appended = new TreeMap<>();
    private final Set<Long> images = new HashSet<>();
    private List<Path> dirs;
    private QueueSettings.Builder settings;
    private SegmentQueue queue;

    /** Segments below are purged, or being purged. */
    private long purgedBelow = 1;

    /** What a sync of the active segment has promised: file bytes of that segment. */
    private long promisedSeq;

    private long promisedEnd;
    private AssertionError firstFailure;

    @BeforeEach
    void start() {
        dirs =
                List.of(
                        disk.createDirectories(Path.of("/main")),
                        disk.createDirectories(Path.of("/spill")));
        disk.settle();
        settings =
                QueueSettings.builder(QueueKind.APPEND, dirs)
                        .targetBytes(20_000)
                        .recycleCapacity(6)
                        .writebackBytes(8 << 10);
    }

    @AfterEach
    void stop() {
        memory.close();
    }

    private void open() {
        queue = SegmentQueue.open(settings.build(), fs, List.of(), DirectoryScan.scan(fs, dirs));
        appended.put(queue.activeSeq(), new byte[0]);
    }

    private void append(int bytes) {
        if (queue.rotateBefore(bytes)) {
            rotate();
        }
        long seq = queue.activeSeq();
        byte[] data = new byte[bytes];
        random.nextBytes(data);
        Memory.copyFromArray(data, 0, memory.address(), bytes);
        queue.append(memory.address(), bytes);
        byte[] old = appended.get(seq);
        byte[] both = Arrays.copyOf(old, old.length + bytes);
        System.arraycopy(data, 0, both, old.length, bytes);
        appended.put(seq, both);
    }

    private void rotate() {
        queue.rotate();
        // The old segment was cut and synced whole.
        appended.put(queue.activeSeq(), new byte[0]);
    }

    private void sync() {
        long end = queue.end();
        queue.sync();
        promisedSeq = queue.activeSeq();
        promisedEnd = end;
    }

    private void purgeTo(long seq) {
        purgedBelow = seq;
        queue.purgeTo(seq, () -> true);
    }

    /** From now on the power goes before every call. */
    private void watch() {
        fs.on().inject(new Fault.Run(this::checkImages));
    }

    private void checkImages(Call call) {
        for (int i = 0; i < IMAGES_PER_CALL; i++) {
            SimulatedFileSystem image = disk.crashImage(random.nextLong());
            if (images.add(image.fingerprint())) {
                try {
                    check(image);
                } catch (RuntimeException | AssertionError failed) {
                    firstFailure =
                            new AssertionError(
                                    "-Draftengine.seed="
                                            + seed
                                            + ", image "
                                            + i
                                            + " before "
                                            + call,
                                    failed);
                    throw firstFailure;
                }
            }
        }
    }

    private void check(SimulatedFileSystem image) {
        DirectoryScan scan = DirectoryScan.scan(image, dirs);
        assertThat(scan.anomalies()).isEmpty();
        List<SegmentFile> files = scan.append();
        List<RecoveredSegment> recovered = new ArrayList<>();
        for (SegmentFile file : files) {
            boolean last = file == files.get(files.size() - 1);
            recovered.add(last ? checkLast(image, file) : checkSealed(image, file));
        }
        for (long seq = purgedBelow; seq < promisedSeq; seq++) {
            long wanted = seq;
            assertThat(files).as("segment %d", seq).anyMatch(f -> f.seq() == wanted);
        }
        if (promisedSeq > 0) {
            assertThat(files).anyMatch(f -> f.seq() == promisedSeq);
        }
        goOn(image, recovered, scan);
    }

    private RecoveredSegment checkSealed(SimulatedFileSystem image, SegmentFile file) {
        byte[] bytes = image.contents(file.path());
        SegmentHeader header = SegmentHeader.decode(bytes, bytes.length, file.path().toString());
        byte[] body = Arrays.copyOfRange(bytes, header.version().headerBytes(), bytes.length);
        assertThat(body)
                .as("%s ends exactly (I3)", file.path())
                .isEqualTo(appended.get(file.seq()));
        return new RecoveredSegment(file, header.version(), bytes.length, true);
    }

    private RecoveredSegment checkLast(SimulatedFileSystem image, SegmentFile file) {
        byte[] bytes = image.contents(file.path());
        long promised = file.seq() == promisedSeq ? promisedEnd : 0;
        SegmentHeader header;
        try {
            header = SegmentHeader.decode(bytes, bytes.length, file.path().toString());
        } catch (CorruptionException e) {
            assertThat(promised).as("%s lost its header", file.path()).isZero();
            return new RecoveredSegment(file, FormatVersion.V2, 0, false);
        }
        int headerBytes = header.version().headerBytes();
        long end = Math.max(promised, headerBytes);
        byte[] live = appended.getOrDefault(file.seq(), new byte[0]);
        assertThat(bytes.length).isGreaterThanOrEqualTo((int) end);
        assertThat(Arrays.copyOfRange(bytes, headerBytes, (int) end))
                .as("what was synced of %s", file.path())
                .isEqualTo(Arrays.copyOf(live, (int) end - headerBytes));
        return new RecoveredSegment(file, header.version(), end, true);
    }

    /** Opens on the image, appends, rotates, and cuts the power once more (P8). */
    private void goOn(
            SimulatedFileSystem image, List<RecoveredSegment> recovered, DirectoryScan scan) {
        FileSystem again = image;
        try (SegmentQueue reopened = SegmentQueue.open(settings.build(), again, recovered, scan)) {
            long end = reopened.end();
            SimulatedFileSystem second = image.crashImage(seed);
            Path active = DirectoryScan.scan(second, dirs).append().getLast().path();
            assertThat(second.contents(active)).hasSize((int) end);
            reopened.append(memory.address(), 100);
            reopened.rotate();
            reopened.append(memory.address(), 5000);
            reopened.sync();
        }
        assertThat(DirectoryScan.scan(image, dirs).anomalies()).isEmpty();
    }

    private void finish() {
        fs.clearRules();
        queue.close();
        if (firstFailure != null) {
            throw firstFailure; // the queue took it for one of the disk
        }
        assertThat(images).as("different images of seed %d", seed).hasSizeGreaterThan(8);
    }

    @Test
    void aFreshQueueIsDurableFromTheFirstSync() {
        watch();
        open();
        append(10);
        sync();
        append(6000);
        append(100);
        sync();
        finish();
    }

    @ParameterizedTest
    @ValueSource(strings = {"created", "prepared", "filled", "refused"})
    void rotationNeverLosesASyncedByte(String next) {
        if (next.equals("filled")) {
            settings.prefill(PrefillPolicy.ALWAYS);
        }
        settings.prepareAhead(!next.equals("created"));
        open();
        append(9000);
        sync();
        append(3000);
        if (next.equals("prepared") || next.equals("filled")) {
            append(7500);
            prepare();
            assertThat(queue.statistics().nextPrepared()).isTrue();
        }
        if (next.equals("refused")) {
            fs.on(Operation.WRITE)
                    .onFiles(name -> name.endsWith(".raftlog"))
                    .once()
                    .inject(Fault.noSpace());
        }
        watch();
        try {
            append(4000);
        } catch (OutOfSpaceException e) {
            // the group is refused; the next rotation finds another place or this one
        }
        rotate();
        append(700);
        append(5000);
        sync();
        append(50);
        finish();
    }

    @Test
    void purgedSegmentsNeverComeBackOverTheirSuccessors() {
        open();
        for (int i = 0; i < 6; i++) {
            append(20_000);
        }
        sync();
        watch();
        purgeTo(5);
        rotate();
        append(3000);
        sync();
        append(19_000);
        append(500);
        append(500);
        sync();
        assertThat(queue.statistics().rotationsRecycled()).isGreaterThan(0);
        purgeTo(queue.activeSeq());
        rotate();
        append(9);
        sync();
        finish();
    }

    @Test
    void fillingAheadAndWritingOutChangeNothing() {
        settings.prefill(PrefillPolicy.ALWAYS).targetBytes(400_000);
        open();
        append(100);
        sync();
        watch();
        queue.prepareNext();
        queue.prepareNext();
        append(40_000);
        queue.prepareNext();
        append(300);
        sync();
        append(70_000);
        queue.prepareNext();
        append(5);
        sync();
        finish();
    }

    private void prepare() {
        while (queue.prepareNext()) {
            // until nothing is due
        }
    }
}
