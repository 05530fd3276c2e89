package io.raftengine.recovery;

import io.raftengine.allocator.GrowableBuffer;
import io.raftengine.allocator.Memory;
import io.raftengine.allocator.MemoryBudget;
import io.raftengine.error.CorruptionException;
import io.raftengine.error.OutOfSpaceException;
import io.raftengine.error.StorageException;
import io.raftengine.log.format.FormatVersion;
import io.raftengine.log.format.SegmentHeader;
import io.raftengine.log.format.SegmentName;
import io.raftengine.log.io.FileHandle;
import io.raftengine.log.io.FileInfo;
import io.raftengine.log.io.FileIo;
import io.raftengine.log.io.FileKind;
import io.raftengine.log.io.FileSystem;
import io.raftengine.log.segment.SegmentFile;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.function.Consumer;

/**
 * The only part of recovery that writes. Runs when every segment has its verdict, so a refusal
 * never finds half the work done; {@link #rewrite}, which changes no byte, may run beside the
 * merge, by a thread of its own. All else is for one thread.
 */
final class TailCutter {
    private static final int COPY_BYTES = 256 << 10;

    /** Small, since large pieces make large folios in the page cache, which slow later appends. */
    private static final int WHOLE_COPY_BYTES = 64 << 10;

    private final FileSystem fs;
    private final MemoryBudget budget;
    private final SegmentRewriter rewriter;
    private final Consumer<DroppedRange> dropped;
    private final Set<Path> directories = new LinkedHashSet<>();

    /**
     * A cutter that has touched nothing yet.
     *
     * @param threads how many may copy at once
     * @param dropped told of each range, naming the side file if there is one, as soon as its bytes
     *     are gone, whatever fails then
     */
    TailCutter(FileSystem fs, MemoryBudget budget, int threads, Consumer<DroppedRange> dropped) {
        this.fs = fs;
        this.budget = budget;
        this.rewriter = new SegmentRewriter(budget, threads);
        this.dropped = dropped;
    }

    /**
     * Whether something was accepted of a segment that no watermark vouches for.
     *
     * @param verdict any verdict but to refuse
     */
    boolean rewrites(SegmentVerdict verdict) {
        return rewriteFrom(verdict) < verdict.liveEnd;
    }

    /** Whole pages: what lies in the same page in front of the watermark is written as it is. */
    private static long rewriteFrom(SegmentVerdict verdict) {
        return Math.max(0, verdict.watermark) & -SegmentRewriter.PAGE_BYTES;
    }

    /**
     * Writes once more what was accepted of the last segment of a queue, except what a watermark
     * vouches for, and syncs it: a sync alone would vouch for bytes that a power cut takes away
     * (P7, P8). For any one thread at a time.
     *
     * @param verdict of a segment that {@link #rewrites} and {@link #isOurs}; afterwards the file
     *     has the bytes it had before
     */
    void rewrite(SegmentVerdict verdict) {
        try (FileHandle file = fs.open(verdict.file.path(), FileSystem.OpenMode.WRITE)) {
            rewriter.rewrite(file, rewriteFrom(verdict), verdict.liveEnd);
            verdict.rewritten = true;
        }
    }

    /**
     * Does what the verdict says, and syncs it.
     *
     * @param verdict a decision to cut or empty
     * @param header version of the header that an emptied segment gets so that it stays a segment
     *     of its queue; null leaves it without one, for whoever opens the queue to write
     */
    void cut(SegmentVerdict verdict, FormatVersion header) {
        Path path = verdict.file.path();
        keepToOurselves(verdict.file);
        DroppedRange range = verdict.dropped();
        try (FileHandle file = fs.open(path, FileSystem.OpenMode.WRITE)) {
            if (file.size() != verdict.fileBytes) {
                throw new StorageException(
                        path.toString(),
                        "cut at " + verdict.liveEnd,
                        0,
                        "the file had " + verdict.fileBytes + " bytes, now " + file.size());
            }
            if (verdict.keepsBytes() && range.bytes() > 0) {
                range = range.keptIn(keep(file, range));
            }
            if (verdict.interruptedGroups.isEmpty()) {
                file.truncate(verdict.liveEnd);
                dropped.accept(range);
                if (header != null) {
                    writeHeader(file, header);
                }
            } else {
                cutWithinGroups(file, verdict, header);
                dropped.accept(range);
            }
            // Without this a power cut could bring the dropped bytes back behind batches that are
            // written next.
            file.sync();
        }
        directories.add(path.getParent());
    }

    /**
     * Cuts a segment in which atomic groups lost batches, and notes in it that they are void: the
     * next open sees no damage any more, and would take them for complete. The note is on disk
     * before the damage is gone.
     */
    private void cutWithinGroups(FileHandle file, SegmentVerdict verdict, FormatVersion header) {
        FormatVersion version = header == null ? verdict.version : header;
        long end = header == null ? verdict.liveEnd : header.headerBytes();
        if (header != null) {
            writeHeader(file, header);
        }
        int signature = version.signature(verdict.file.seq());
        end = InterruptedGroups.write(verdict.interruptedGroups, file, end, signature, budget);
        file.sync();
        file.truncate(end);
        verdict.endAfterCut = end;
    }

    /**
     * Makes the bytes of a segment durable as they are (P8): its writer may have died before its
     * sync.
     *
     * @param verdict a segment that is not cut
     */
    void sync(SegmentVerdict verdict) {
        Path path = verdict.file.path();
        if (!verdict.rewritten) {
            try (FileHandle file = fs.open(path, FileSystem.OpenMode.WRITE)) {
                file.sync();
            }
        }
        directories.add(path.getParent());
    }

    /**
     * Gives a segment that has other names as well, as a backup made of hard links leaves it, a
     * file of its own with the same bytes: it is about to be cut, or written on, and under the
     * other names nothing may change (D10). A fork by links never shares the segment that is being
     * written, but a directory may lose its youngest one.
     */
    void keepToOurselves(SegmentFile segment) {
        if (isOurs(segment)) {
            return;
        }
        Path path = segment.path();
        try (FileHandle from = fs.open(path, FileSystem.OpenMode.READ)) {
            copyWhole(from, 0, from.size(), WHOLE_COPY_BYTES, segment.seq(), path);
        }
        directories.add(path.getParent());
    }

    /** Whether a segment has no other name. */
    boolean isOurs(SegmentFile segment) {
        FileInfo info = fs.info(segment.path());
        return info == null || info.linkCount() <= 1;
    }

    /** Makes the names of everything touched durable. */
    void syncDirectories() {
        for (Path directory : directories) {
            fs.syncDirectory(directory);
        }
        directories.clear();
    }

    /**
     * Copies the bytes to be dropped into a file beside the segment, durably. A recovery that ended
     * between its copy and its cut, or could not cut, has left the copy: it is taken, instead of
     * making one more at each open.
     */
    private Path keep(FileHandle from, DroppedRange range) {
        Path side = sideFile(range, 1);
        for (int i = 2; fs.info(side) != null && !adopted(side, from, range); i++) {
            side = sideFile(range, i);
        }
        if (fs.info(side) == null) {
            copyWhole(from, range.fromBytes(), range.bytes(), COPY_BYTES, range.seq(), side);
        }
        fs.syncDirectory(side.getParent());
        return side;
    }

    /** Whether a file holds exactly these bytes; it is durable then. */
    private boolean adopted(Path side, FileHandle from, DroppedRange range) {
        FileInfo info = fs.info(side);
        if (info.kind() != FileKind.FILE || info.symlink() || info.sizeBytes() != range.bytes()) {
            return false;
        }
        try (FileHandle copy = fs.open(side, FileSystem.OpenMode.READ);
                GrowableBuffer buffer =
                        new GrowableBuffer(budget, 2 * COPY_BYTES, 2 * COPY_BYTES)) {
            long done = 0;
            while (done < range.bytes()) {
                // What is a hole in both need not be read.
                long data = from.dataFrom(range.fromBytes() + done) - range.fromBytes();
                data = Math.min(data, copy.dataFrom(done));
                if (data > done) {
                    done = Math.min(data, range.bytes());
                    continue;
                }
                int n = (int) Math.min(COPY_BYTES, range.bytes() - done);
                long theirs = buffer.address() + COPY_BYTES;
                FileIo.readFully(from, buffer.address(), n, range.fromBytes() + done);
                FileIo.readFully(copy, theirs, n, done);
                if (Memory.compare(buffer.address(), n, theirs, n) != 0) {
                    return false;
                }
                done += n;
            }
            copy.sync();
            return true;
        }
    }

    /**
     * Copies a range into a file that gets its name only when it is whole and synced: a part of it
     * would look like all of it, and each open that found no space for the rest would leave one
     * more.
     */
    private void copyWhole(
            FileHandle from, long offset, long bytes, int atOnce, long seq, Path target) {
        // A name that the next open clears away if we die here.
        Path copy = target.resolveSibling(SegmentName.prepared(seq));
        if (fs.info(copy) != null) {
            fs.delete(copy);
        }
        try {
            try (FileHandle to = fs.open(copy, FileSystem.OpenMode.CREATE)) {
                copy(from, offset, to, bytes, atOnce);
                to.sync();
            }
            fs.rename(copy, target);
        } catch (Throwable failure) {
            // Its space may be what the next attempt lacks.
            deleteBecauseOf(failure, copy);
            throw failure;
        }
    }

    private void deleteBecauseOf(Throwable failure, Path file) {
        try {
            if (fs.info(file) != null) {
                fs.delete(file);
            }
        } catch (StorageException | OutOfSpaceException further) {
            failure.addSuppressed(further);
        }
    }

    private void copy(FileHandle from, long offset, FileHandle to, long bytes, int atOnce) {
        try (GrowableBuffer buffer = new GrowableBuffer(budget, atOnce, atOnce)) {
            long done = 0;
            while (done < bytes) {
                // Holes stay holes, or a file of a terabyte that holds nothing would fill the disk.
                long data = from.dataFrom(offset + done) - offset;
                if (data > done) {
                    done = Math.min(data, bytes);
                    to.truncate(done);
                    continue;
                }
                int n = (int) Math.min(atOnce, bytes - done);
                FileIo.readFully(from, buffer.address(), n, offset + done);
                FileIo.writeFully(to, buffer.address(), n, done);
                done += n;
            }
        }
    }

    /**
     * A name that no scanner takes for a segment: ASCII, and its first 16 characters are no number.
     */
    private static Path sideFile(DroppedRange range, int number) {
        String stem = "cut-" + range.path().getFileName() + "-at-" + range.fromBytes();
        return range.path().resolveSibling(stem + (number == 1 ? "" : "-" + number) + ".bytes");
    }

    private void writeHeader(FileHandle file, FormatVersion version) {
        try (GrowableBuffer buffer =
                new GrowableBuffer(budget, SegmentHeader.BYTES_MAX, SegmentHeader.BYTES_MAX)) {
            int bytes = SegmentHeader.encode(buffer.address(), version);
            FileIo.writeFully(file, buffer.address(), bytes, 0);
        }
    }

    /**
     * Refuses a cut of a file that must not be written (D10).
     *
     * @param verdict a verdict
     * @throws CorruptionException the segment is a symbolic link and its verdict is to cut it
     */
    static void checkWritable(SegmentVerdict verdict) {
        if (verdict.drops() && verdict.file.symlink()) {
            throw new CorruptionException(
                    verdict.file.path().toString(),
                    verdict.liveEnd,
                    "damaged segment behind a symbolic link, which is never written",
                    "a regular file",
                    verdict.damage == null ? "damage" : verdict.damage.getMessage());
        }
    }
}
