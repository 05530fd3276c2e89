package io.raftengine.recovery;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.allocator.MemoryBudget;
import io.raftengine.error.RaftEngineException;
import io.raftengine.log.format.QueueKind;
import io.raftengine.log.io.FileSystem;
import io.raftengine.log.segment.DirectoryScan;
import io.raftengine.log.segment.SegmentFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** A directory that tests fill with segments and recover. */
final class RecoveryFixture {
    /** What came of a recovery. */
    record Outcome(
            RaftEngineException error,
            RecoveryResult result,
            HeapModel model,
            TreeMap<String, String> state) {

        Outcome opens() {
            if (error != null) {
                throw new AssertionError("expected to open", error);
            }
            return this;
        }

        <E extends RaftEngineException> E refusedWith(Class<E> type) {
            assertThat(error).as("the open fails").isInstanceOf(type);
            return type.cast(error);
        }

        RecoveryReport report() {
            return opens().result.report();
        }

        /** The only dropped range. */
        DroppedRange dropped() {
            assertThat(report().dropped()).hasSize(1);
            return report().dropped().get(0);
        }
    }

    private final Path dir;
    private FileSystem fs = FileSystem.local();
    private int threads = 1;
    private int blockBytes = RecoverySettings.READ_BLOCK_BYTES_DEFAULT;
    private boolean readOnly;
    private boolean toSave;
    private List<Integer> split;
    private long headStartBytes;

    RecoveryFixture(Path dir) {
        this.dir = dir;
    }

    RecoveryFixture append(SegmentBytes segment) {
        return write(QueueKind.APPEND, segment);
    }

    RecoveryFixture rewrite(SegmentBytes segment) {
        return write(QueueKind.REWRITE, segment);
    }

    private RecoveryFixture write(QueueKind kind, SegmentBytes segment) {
        try {
            Files.write(path(kind, segment.seq()), segment.bytes());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return this;
    }

    Path path(QueueKind kind, long seq) {
        return dir.resolve(String.format("%016d", seq) + kind.suffix());
    }

    RecoveryFixture on(FileSystem fileSystem) {
        fs = fileSystem;
        return this;
    }

    RecoveryFixture threads(int n) {
        threads = n;
        return this;
    }

    RecoveryFixture blockBytes(int n) {
        blockBytes = n;
        return this;
    }

    RecoveryFixture readOnly(boolean on) {
        readOnly = on;
        return this;
    }

    /** Reads as a repair does, which changes nothing. */
    RecoveryFixture toSave() {
        toSave = true;
        return readOnly(true);
    }

    RecoveryFixture split(List<Integer> ends) {
        split = ends;
        return this;
    }

    RecoveryFixture headStart(long bytes) {
        headStartBytes = bytes;
        return this;
    }

    Outcome recover(RecoveryMode mode) {
        return recover(mode, List.of(dir));
    }

    Outcome recover(RecoveryMode mode, List<Path> dirs) {
        HeapModel model = new HeapModel();
        MemoryBudget budget = MemoryBudget.unlimited();
        Map<String, String> before = readOnly ? bytes() : Map.of();
        try {
            DirectoryScan scan = DirectoryScan.scan(fs, dirs);
            RecoverySettings settings =
                    new RecoverySettings(mode, threads, blockBytes, readOnly, toSave);
            RecoveryResult result =
                    Recovery.run(
                            settings,
                            fs,
                            scan,
                            model,
                            budget,
                            range -> {},
                            split,
                            new HeadStart(headStartBytes));
            if (readOnly) {
                assertThat(bytes()).as("read-only changes nothing").isEqualTo(before);
            }
            return new Outcome(null, result, model, state(scan, model));
        } catch (RaftEngineException e) {
            return new Outcome(e, null, model, null);
        } finally {
            assertThat(budget.reservedBytes()).as("buffers given back").isZero();
        }
    }

    /** A recovery that must refuse, and must not change a byte in doing so. */
    <E extends RaftEngineException> E refuses(RecoveryMode mode, Class<E> type) {
        Map<String, String> before = bytes();
        E error = recover(mode).refusedWith(type);
        assertThat(bytes()).as("a refusal changes nothing on disk").isEqualTo(before);
        return error;
    }

    private static TreeMap<String, String> state(DirectoryScan scan, HeapModel model) {
        Map<QueueKind, Map<Long, Path>> paths = new EnumMap<>(QueueKind.class);
        for (QueueKind kind : QueueKind.values()) {
            Map<Long, Path> queue = new HashMap<>();
            for (SegmentFile file : scan.queue(kind)) {
                queue.put(file.seq(), file.path());
            }
            paths.put(kind, queue);
        }
        try {
            return new StateReader(paths).state(model);
        } catch (StateReader.ReadError e) {
            TreeMap<String, String> unreadable = new TreeMap<>();
            unreadable.put("read error", "Corruption");
            return unreadable;
        }
    }

    /** Every file of the directory, byte for byte. */
    Map<String, String> bytes() {
        Map<String, String> all = new TreeMap<>();
        try (Stream<Path> files = Files.walk(dir)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                all.put(
                        dir.relativize(file).toString(),
                        new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return all;
    }

    long size(QueueKind kind, long seq) {
        try {
            return Files.size(path(kind, seq));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Texts of the entries of one group, oldest first. */
    List<String> entries(Outcome outcome, long group) {
        HeapModel.Group found = outcome.opens().model().groups().get(group);
        if (found == null) {
            return List.of();
        }
        Map<QueueKind, Map<Long, Path>> paths = new EnumMap<>(QueueKind.class);
        for (QueueKind kind : QueueKind.values()) {
            Map<Long, Path> queue = new HashMap<>();
            for (HeapModel.Location location : found.entries) {
                queue.put(location.seq(), path(kind, location.seq()));
            }
            paths.put(kind, queue);
        }
        StateReader reader = new StateReader(paths);
        List<String> texts = new ArrayList<>();
        for (HeapModel.Location location : found.entries) {
            texts.add(new String(reader.entry(location), StandardCharsets.UTF_8));
        }
        return texts;
    }
}
