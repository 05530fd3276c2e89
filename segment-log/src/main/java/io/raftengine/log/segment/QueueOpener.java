package io.raftengine.log.segment;

import io.raftengine.error.OutOfSpaceException;
import io.raftengine.error.StorageException;
import io.raftengine.error.UnsupportedFeatureException;
import io.raftengine.log.format.FormatVersion;
import io.raftengine.log.format.QueueKind;
import io.raftengine.log.format.SegmentHeader;
import io.raftengine.log.io.FileHandle;
import io.raftengine.log.io.FileIo;
import io.raftengine.log.io.FileSystem.OpenMode;
import java.nio.file.Path;
import java.util.List;

/** Opens the files of a queue and brings the last one into shape. Used once, by one thread. */
final class QueueOpener {
    private static final long FIRST_SEQ = 1;

    private final QueueContext context;
    private final WriteBuffer buffer;
    private final SegmentInstaller installer;
    private SegmentTable table;

    QueueOpener(QueueContext context, WriteBuffer buffer, SegmentInstaller installer) {
        this.context = context;
        this.buffer = buffer;
        this.installer = installer;
    }

    SegmentTable table() {
        return table;
    }

    ActiveSegment open(List<RecoveredSegment> recovered, DirectoryScan scan) {
        boolean append = context.settings().kind() == QueueKind.APPEND;
        if (append) {
            scan.prepared().forEach(file -> context.deleteQuietly(file.path()));
            adoptReserves(scan.reserved(), recovered.size());
            // What is opened next, the head-room among it, may need the space.
            context.finishDeletionsIfShort();
        }
        ActiveSegment active;
        if (recovered.isEmpty()) {
            active = first(append);
            publish(active.segment());
        } else {
            for (RecoveredSegment sealed : recovered.subList(0, recovered.size() - 1)) {
                publish(openSealed(sealed));
            }
            active = openLast(recovered.get(recovered.size() - 1), recovered.size() > 1);
            if (active == null) {
                RecoveredSegment before = recovered.get(recovered.size() - 2);
                active = standIn(table.find(before.file().seq()), before.liveEnd());
            } else {
                publish(active.segment());
            }
            // A rotation may have died between the creation of the name and the sync of the
            // directory.
            context.settings().directories().forEach(context::syncDirectory);
        }
        for (long seq = table.first(); seq <= table.active(); seq++) {
            context.settings().listener().segmentAdded(context.settings().kind(), seq);
        }
        return active;
    }

    /**
     * The first segment of a fresh queue. Header and directory are synced in here, before anybody
     * can be told that a write succeeded (defect 10).
     *
     * <p>A rewrite queue may be fresh beside an append queue full of data, which must be readable
     * on a full disk; an append queue without a segment has nothing to read.
     */
    private ActiveSegment first(boolean append) {
        try {
            return installer.install(FIRST_SEQ, null);
        } catch (OutOfSpaceException full) {
            SegmentReader halfMade = append ? null : installer.readerOfHalfMade(FIRST_SEQ);
            if (halfMade == null) {
                throw full;
            }
            return standIn(halfMade, 0);
        }
    }

    private void publish(SegmentReader segment) {
        if (table == null) {
            table = new SegmentTable(segment);
        } else {
            table.add(segment);
        }
    }

    /**
     * Adopts files with reserved names, whatever their numbers, and deletes what exceeds the
     * capacity, newest first; also what can never be used again, lest it lie there for ever.
     *
     * <p>A queue that begins anew has no use for old reserves: what their batches were signed with
     * may be the very number one of them gets now. In all other queues a reserve has held smaller
     * numbers than any segment to come.
     */
    private void adoptReserves(List<SegmentFile> reserved, int segmentsInUse) {
        for (SegmentFile file : reserved) {
            context.reserves().seen(file.seq());
            // Shared bytes are never overwritten (D10); who shares them keeps them by his name.
            if (file.recyclable() && segmentsInUse > 0) {
                context.reserves().add(new ReservePool.Reserve(file.path(), file.seq(), null));
            } else {
                context.deleteQuietly(file.path());
            }
        }
        for (ReservePool.Reserve reserve :
                context.reserves().trim(context.reserveLimit(segmentsInUse))) {
            context.deleteQuietly(reserve.path());
        }
    }

    private SegmentReader openSealed(RecoveredSegment sealed) {
        SegmentFile file = sealed.file();
        FileHandle handle = context.fs().open(file.path(), OpenMode.READ);
        return new SegmentReader(file.seq(), file.path(), sealed.version(), handle, file.symlink());
    }

    /**
     * Opens the last segment for writing.
     *
     * <p>If it needs a header and there is no space for one, the first rotation that finds space
     * finishes it, so a full disk can be read (Q10). Until then its predecessor stands in, or where
     * there is none the file itself, without anything in it.
     *
     * @return null if the predecessor has to stand in
     */
    private ActiveSegment openLast(RecoveredSegment last, boolean predecessor) {
        SegmentFile file = last.file();
        if (file.symlink()) {
            throw new UnsupportedFeatureException(
                    file.path()
                            + ": the last segment is a symbolic link; it would be written through");
        }
        FileHandle handle = context.fs().open(file.path(), OpenMode.WRITE);
        try {
            boolean usable = last.headerValid() && last.liveEnd() >= last.version().headerBytes();
            FormatVersion version = usable ? last.version() : context.settings().version();
            long end = usable ? last.liveEnd() : writeHeader(handle, version);
            if (end == 0) {
                installer.adoptHalfMade(file.path(), handle);
                return predecessor ? null : standIn(installer.readerOfHalfMade(file.seq()), 0);
            }
            if (usable) {
                cut(handle, end);
                loadTail(handle, end);
            }
            sync(handle, file.path());
            return active(new SegmentReader(file.seq(), file.path(), version, handle, false), end);
        } catch (Throwable failure) {
            handle.close();
            throw failure;
        }
    }

    /** A file that is longer or shorter than its live end is no file we may go on writing. */
    private static void cut(FileHandle handle, long end) {
        long size = handle.size();
        if (size < end) {
            throw new StorageException(
                    handle.path().toString(),
                    "open at live end " + end,
                    0,
                    "the file has only " + size + " bytes");
        }
        if (size > end) {
            handle.truncate(end);
        }
    }

    /** Writes a new header; returns its end, or 0 if there was no space. */
    private long writeHeader(FileHandle handle, FormatVersion version) {
        handle.truncate(0);
        int bytes = SegmentHeader.encode(buffer.headerAddress(), version);
        try {
            FileIo.writeFully(handle, buffer.headerAddress(), bytes, 0);
        } catch (OutOfSpaceException e) {
            return 0;
        }
        buffer.headerBecomesTail(bytes);
        return bytes;
    }

    /** The segment before the half-made one, or that one itself. */
    private ActiveSegment standIn(SegmentReader segment, long end) {
        return ActiveSegment.standIn(segment, buffer, context.counters(), context.poison(), end);
    }

    private ActiveSegment active(SegmentReader segment, long end) {
        return new ActiveSegment(
                segment,
                buffer,
                context.counters(),
                context.poison(),
                context.settings().targetBytes(),
                end,
                end,
                0);
    }

    private void loadTail(FileHandle handle, long end) {
        long page = WriteBuffer.pageFloor(end);
        FileIo.readFully(handle, buffer.tailAddress(), (int) (end - page), page);
    }

    private void sync(FileHandle handle, Path path) {
        try {
            handle.sync();
        } catch (StorageException | OutOfSpaceException e) {
            throw context.poison().poison(path + ": sync at open failed", e);
        }
    }
}
