package io.raftengine.log.segment;

import io.raftengine.log.format.QueueKind;
import io.raftengine.log.format.SegmentName;
import io.raftengine.log.io.DirectoryEntry;
import io.raftengine.log.io.FileInfo;
import io.raftengine.log.io.FileKind;
import io.raftengine.log.io.FileSystem;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;

/**
 * One look at the directories of an engine, classified by name. Reads names only, changes nothing.
 * Immutable.
 *
 * <p>The contiguity rule, for the append and the rewrite queue each: of all files in number order
 * (main directory before spill directory where a number occurs twice) only the run without hole and
 * without duplicate that ends at the highest number belongs to the queue. Everything before it is
 * set aside, named in {@link #anomalies}, and left alone (D4).
 *
 * <p>Reserved files need no contiguity here: their content is irrelevant, so any file with a
 * reserved name can be used.
 */
public final class DirectoryScan {
    private static final Comparator<SegmentFile> BY_NUMBER =
            (a, b) -> Long.compareUnsigned(a.seq(), b.seq());

    private final List<SegmentFile> append = new ArrayList<>();
    private final List<SegmentFile> rewrite = new ArrayList<>();
    private final List<SegmentFile> reserved = new ArrayList<>();
    private final List<SegmentFile> prepared = new ArrayList<>();
    private final List<ScanAnomaly> anomalies = new ArrayList<>();

    private DirectoryScan() {}

    /**
     * Looks at one or two directories.
     *
     * @param fs where they are
     * @param dirs main directory, then the spill directory if there is one; all exist
     * @return what is there
     * @throws io.raftengine.error.StorageException if a directory or a file's metadata cannot be
     *     read
     */
    public static DirectoryScan scan(FileSystem fs, List<Path> dirs) {
        DirectoryScan scan = new DirectoryScan();
        for (Path dir : dirs) {
            for (DirectoryEntry entry : fs.list(dir)) {
                scan.classify(fs, entry);
            }
        }
        // Stable sorts: where a number occurs twice the main directory's copy stays in front of the
        // spill directory's.
        scan.reserved.sort(BY_NUMBER);
        scan.prepared.sort(BY_NUMBER);
        scan.keepContiguous(QueueKind.APPEND, scan.append);
        scan.keepContiguous(QueueKind.REWRITE, scan.rewrite);
        return scan;
    }

    private void classify(FileSystem fs, DirectoryEntry entry) {
        if (entry.kind() != FileKind.FILE && entry.kind() != FileKind.SYMLINK_TO_FILE) {
            return;
        }
        SegmentName name = SegmentName.parse(entry.name());
        long prepared = name == null ? SegmentName.preparedNumber(entry.name()) : -1;
        if (name == null && prepared < 0) {
            return;
        }
        FileInfo info = fs.info(entry.path());
        if (info == null) {
            return; // deleted since it was listed
        }
        if (name == null) {
            this.prepared.add(file(QueueKind.APPEND, prepared, entry, info));
            return;
        }
        switch (name.kind()) {
            case APPEND -> append.add(file(QueueKind.APPEND, name.seq(), entry, info));
            case REWRITE -> rewrite.add(file(QueueKind.REWRITE, name.seq(), entry, info));
            case RESERVED -> reserved.add(file(QueueKind.APPEND, name.seq(), entry, info));
        }
    }

    private static SegmentFile file(
            QueueKind kind, long number, DirectoryEntry entry, FileInfo info) {
        boolean symlink = entry.kind() == FileKind.SYMLINK_TO_FILE || info.symlink();
        return new SegmentFile(
                kind, number, entry.path(), symlink, info.sizeBytes(), info.linkCount());
    }

    /** Drops everything up to the last hole or duplicate, naming each. */
    private void keepContiguous(QueueKind kind, List<SegmentFile> files) {
        files.sort(BY_NUMBER);
        int start = 0;
        for (int i = 0; i + 1 < files.size(); i++) {
            long step = files.get(i + 1).seq() - files.get(i).seq();
            if (step == 1) {
                continue;
            }
            List<SegmentFile> dropped = files.subList(start, i + 1);
            anomalies.add(
                    step == 0
                            ? duplicate(kind, files.get(i), files.get(i + 1), dropped)
                            : hole(kind, files.get(i), files.get(i + 1), dropped));
            start = i + 1;
        }
        files.subList(0, start).clear();
    }

    private static ScanAnomaly duplicate(
            QueueKind kind, SegmentFile a, SegmentFile b, List<SegmentFile> dropped) {
        String message =
                kind
                        + " segment "
                        + Long.toUnsignedString(a.seq())
                        + " exists twice, as "
                        + a.path()
                        + " and "
                        + b.path()
                        + "; ignored: "
                        + names(dropped);
        return new ScanAnomaly(ScanAnomaly.Kind.DUPLICATE, message, dropped);
    }

    private static ScanAnomaly hole(
            QueueKind kind, SegmentFile a, SegmentFile b, List<SegmentFile> dropped) {
        String message =
                kind
                        + " segments "
                        + Long.toUnsignedString(a.seq() + 1)
                        + " to "
                        + Long.toUnsignedString(b.seq() - 1)
                        + " are missing; ignored: "
                        + names(dropped);
        return new ScanAnomaly(ScanAnomaly.Kind.HOLE, message, dropped);
    }

    private static String names(List<SegmentFile> files) {
        return files.stream().map(f -> f.path().toString()).collect(Collectors.joining(", "));
    }

    /**
     * The append queue.
     *
     * @return its segments, contiguous, oldest first; empty if there is none
     */
    public List<SegmentFile> append() {
        return Collections.unmodifiableList(append);
    }

    /**
     * The rewrite queue.
     *
     * @return its segments, contiguous, oldest first; empty if there is none
     */
    public List<SegmentFile> rewrite() {
        return Collections.unmodifiableList(rewrite);
    }

    /**
     * One of the two queues.
     *
     * @param kind which
     * @return {@link #append} or {@link #rewrite}
     */
    public List<SegmentFile> queue(QueueKind kind) {
        return kind == QueueKind.APPEND ? append() : rewrite();
    }

    /**
     * Files that wait to be used again.
     *
     * @return all of them, in number order; a number may occur once per directory
     */
    public List<SegmentFile> reserved() {
        return Collections.unmodifiableList(reserved);
    }

    /**
     * Half-made next segments of an earlier run.
     *
     * @return all of them, in number order
     */
    public List<SegmentFile> prepared() {
        return Collections.unmodifiableList(prepared);
    }

    /**
     * Holes and duplicates in the numbering (defect 14).
     *
     * @return one for each, append queue first, in number order; empty for a sound directory
     */
    public List<ScanAnomaly> anomalies() {
        return Collections.unmodifiableList(anomalies);
    }
}
