package io.raftengine.engine.fork;

import io.raftengine.error.PoisonedException;
import io.raftengine.log.format.QueueKind;
import io.raftengine.log.segment.DirectoryScan;
import io.raftengine.log.segment.PinnedSegments;
import io.raftengine.log.segment.SegmentFile;
import io.raftengine.log.segment.SegmentQueue;
import io.raftengine.log.segment.SegmentReader;
import java.util.ArrayList;
import java.util.List;

/** The segments that make up one state of an engine. */
public final class ForkSource implements AutoCloseable {
    private final List<ForkPiece> pieces;
    private final List<PinnedSegments> held;

    private ForkSource(List<ForkPiece> pieces, List<PinnedSegments> held) {
        this.pieces = pieces;
        this.held = held;
    }

    /**
     * The segments of a directory that nobody has open. Whole files: whatever an open would make of
     * their ends it makes of the fork's.
     *
     * @param scan the directory
     * @return its segments
     */
    public static ForkSource ofDirectory(DirectoryScan scan) {
        List<ForkPiece> pieces = new ArrayList<>();
        for (QueueKind queue : QueueKind.values()) {
            List<SegmentFile> files = scan.queue(queue);
            for (SegmentFile file : files) {
                boolean sealed = file != files.getLast();
                pieces.add(
                        new ForkPiece(
                                queue,
                                file.seq(),
                                file.path(),
                                file.sizeBytes(),
                                sealed,
                                file.symlink(),
                                null));
            }
        }
        return new ForkSource(pieces, List.of());
    }

    /**
     * The state of a running engine: every batch that was acknowledged before this call, and a
     * prefix of those that come meanwhile. Takes no lock and waits for nobody.
     *
     * <p>Why the two queues fit together although neither stands still. A purge copies live data
     * from the append queue to the end of the rewrite queue, syncs it, and only then drops append
     * segments; it does the same within the rewrite queue. Three looks, in this order:
     *
     * <pre>
     *   a   hold the append segments             from here on none of them gets lost
     *   b   hold the rewrite segments, note      what was dropped before (a) had been copied before
     *       the rewrite end                      (a), so its copy is below this end
     *   c   hold the append segments that came   what is below the rewrite end was copied from data
     *       since, note the append end           written before (b), so its origin is below this end
     * </pre>
     *
     * <p>So the fork is what a crash at (c) would leave if the purge had dropped nothing since (a)
     * and of its copies only those made before (b) had reached the disk: a state of an interrupted
     * purge, which recovery handles anyway, down to an atomic group without its end. With (b)
     * before (a) data could be in neither queue; with (c) before (b) the rewrite queue could be
     * ahead of the append queue and hold half of a batch, or a tombstone for what an older entry
     * then overrules.
     *
     * @param append the append queue
     * @param rewrite the rewrite queue
     * @param between run between two looks; for tests, which let a purge do its work just there
     * @return the segments, held until closed
     * @throws PoisonedException a sync failed: what the files show may not be what was written
     */
    public static ForkSource ofRunning(
            SegmentQueue append, SegmentQueue rewrite, Runnable between) {
        PinnedSegments appended = append.pin();
        PinnedSegments rewritten = rewrite.pin();
        while (!look(appended, rewritten, between)) {
            // A purge dropped what we were about to hold; it needs a rotation each time.
            appended.close();
            rewritten.close();
            Thread.onSpinWait();
        }
        ForkSource source = new ForkSource(new ArrayList<>(), List.of(appended, rewritten));
        try {
            demandIntact(append, rewrite);
            source.add(QueueKind.APPEND, appended);
            source.add(QueueKind.REWRITE, rewritten);
        } catch (Throwable failed) {
            source.close();
            throw failed;
        }
        return source;
    }

    private static boolean look(
            PinnedSegments appended, PinnedSegments rewritten, Runnable between) {
        if (!appended.extend()) {
            return false;
        }
        between.run();
        if (!rewritten.extend()) {
            return false;
        }
        between.run();
        return appended.extend();
    }

    /**
     * Refuses where the files may not hold what was acknowledged: after a failed sync the system
     * may go on showing, or not showing, what the disk never got.
     *
     * @param append the append queue
     * @param rewrite the rewrite queue
     * @throws PoisonedException a sync failed
     */
    public static void demandIntact(SegmentQueue append, SegmentQueue rewrite) {
        if (append.poisoned() || rewrite.poisoned()) {
            throw new PoisonedException(
                    "a sync failed: close the engine, open the directory again, and fork then");
        }
    }

    private void add(QueueKind queue, PinnedSegments pinned) {
        List<SegmentReader> segments = pinned.segments();
        for (SegmentReader segment : segments) {
            boolean sealed = segment != segments.getLast();
            pieces.add(
                    new ForkPiece(
                            queue,
                            segment.seq(),
                            segment.path(),
                            sealed ? segment.sizeBytes() : pinned.end(),
                            sealed,
                            segment.symlink(),
                            segment));
        }
    }

    /**
     * What belongs to the fork.
     *
     * @return the segments of both queues, each contiguous, oldest first
     */
    public List<ForkPiece> pieces() {
        return pieces;
    }

    @Override
    public void close() {
        held.forEach(PinnedSegments::close);
    }
}
