package io.raftengine.log.segment;

import io.raftengine.log.io.Closing;
import java.nio.file.Path;

/**
 * A file that the agent is filling, to become the next segment or a reserve. Not for several
 * threads at once; what only the segment it is made beside tells is kept here, so that it goes with
 * the file.
 */
final class FileUnderConstruction {
    /** A step of the agent is small; asking for free space before each would cost as much again. */
    private static final int ROOM_CHECKS = 32;

    private final QueueContext context;
    private final PreparedFile file;
    private final Path dir;
    private final long besideSeq;
    private final long begunAt;
    private final boolean asReserve;
    private final Zeros zeros;
    private ZeroFiller filler;
    private long roomCheckAt;

    /**
     * @param file new and empty, owned by this object until it is handed over or discarded
     * @param active the segment it is made beside
     * @param asReserve whether it is to become a reserve, else the next segment
     * @param zeros to fill it with
     */
    FileUnderConstruction(
            QueueContext context,
            PreparedFile file,
            ActiveSegment active,
            boolean asReserve,
            Zeros zeros) {
        this.context = context;
        this.zeros = zeros;
        this.file = file;
        this.dir = file.path.getParent();
        this.besideSeq = active.seq();
        this.begunAt = active.end();
        this.asReserve = asReserve;
    }

    /** Gets space for all of it. */
    void allocate(long bytes) {
        file.handle.truncate(0);
        file.handle.allocate(0, bytes);
        file.allocatedTo = bytes;
    }

    PreparedFile file() {
        return file;
    }

    boolean asReserve() {
        return asReserve;
    }

    long filledTo() {
        return file.filledTo;
    }

    /** Whether it was begun while {@code active} was, which is still written to. */
    boolean isBeside(ActiveSegment active) {
        return besideSeq == active.seq() && !active.isSealed();
    }

    /** End of the active segment when this file was begun. */
    long begunAt() {
        return begunAt;
    }

    /**
     * Whether its directory has less room than that. Asked some dozens of times for a whole file.
     *
     * @param bytes how much should be free
     */
    boolean lacksRoomBeside(long bytes) {
        if (file.filledTo < roomCheckAt) {
            return false;
        }
        roomCheckAt = file.filledTo + file.allocatedTo / ROOM_CHECKS;
        return !context.chooser().hasRoom(dir, bytes);
    }

    /** Fills on, up to {@code to}: whole pages. Returns how many bytes that were. */
    long fillTo(long to) {
        if (filler == null) {
            filler = new ZeroFiller(context.fs(), file.handle, zeros);
        }
        long from = file.filledTo;
        filler.write(from, to);
        file.filledTo = to;
        file.allocatedTo = Math.max(file.allocatedTo, to);
        context.counters().bytesPrefilled += to - from;
        return to - from;
    }

    /** Ends the filling. Now, so that the rotation's own sync finds only the header to write. */
    void complete() {
        endFilling();
        file.handle.sync();
    }

    /** Gives up: the file is closed and its name removed, whatever fails. */
    void discard() {
        endFilling();
        Closing.quietly(file.handle);
        context.deleteQuietly(file.path);
    }

    private void endFilling() {
        if (filler != null) {
            filler.close();
        }
    }
}
