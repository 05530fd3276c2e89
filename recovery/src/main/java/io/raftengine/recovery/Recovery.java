package io.raftengine.recovery;

import io.raftengine.allocator.MemoryBudget;
import io.raftengine.error.CorruptionException;
import io.raftengine.error.InvalidArgumentException;
import io.raftengine.error.MemoryLimitException;
import io.raftengine.log.format.FormatVersion;
import io.raftengine.log.format.QueueKind;
import io.raftengine.log.io.FileSystem;
import io.raftengine.log.segment.DirectoryScan;
import io.raftengine.log.segment.RecoveredSegment;
import io.raftengine.log.segment.SegmentFile;
import io.raftengine.recovery.DamageTable.Decision;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.LongConsumer;

/**
 * From a directory listing to a replayed state; the entry point of this module.
 *
 * <p>Four steps, each finished before the next begins, so that after a refusal in any of the first
 * three all files read as they did: (1) scan and replay, in parallel; (2) complete atomic groups
 * that lie in several stretches; (3) let the sink merge, and beside it, if nothing speaks against
 * it, write the last segments once more, with the bytes they have; (4) cut and sync.
 */
public final class Recovery {
    private final RecoverySettings settings;
    private final FileSystem fs;
    private final DirectoryScan scan;
    private final ReplaySink sink;
    private final MemoryBudget budget;
    private final Consumer<DroppedRange> told;
    private final List<DroppedRange> dropped = new ArrayList<>();
    private final List<StretchReplay> stretches = new ArrayList<>();

    /** By segment, for those that hold atomic groups: what they are read as. */
    private final FormatVersion[] rewriteVersions;

    private List<Map.Entry<Long, FragmentList>> unfinished = List.of();
    private int threads;

    private Recovery(
            RecoverySettings settings,
            FileSystem fs,
            DirectoryScan scan,
            ReplaySink sink,
            MemoryBudget budget,
            Consumer<DroppedRange> told) {
        this.told = told;
        this.settings = settings;
        this.fs = fs;
        this.scan = scan;
        this.sink = sink;
        this.rewriteVersions = new FormatVersion[scan.rewrite().size()];
        this.budget = budget;
    }

    /**
     * As {@link #run(RecoverySettings, FileSystem, DirectoryScan, ReplaySink, MemoryBudget)} with
     * buffers that nobody accounts for.
     *
     * @param settings mode, threads, buffers
     * @param fs the file system
     * @param scan the directories' listing
     * @param sink receives the batches
     * @return the segments with their live ends, and the report
     */
    public static RecoveryResult run(
            RecoverySettings settings, FileSystem fs, DirectoryScan scan, ReplaySink sink) {
        return run(settings, fs, scan, sink, MemoryBudget.unlimited());
    }

    /**
     * Replays all segments of both queues into a sink, judges damage, and cuts torn tails.
     *
     * <p>Up to the first cut no file is changed: what was accepted of the last segments is written
     * once more as it is, and cuts begin only when every segment has been judged and the sink has
     * merged. When it returns, the last segment of each queue and its name are synced, unless
     * read-only: what the caller then shows survives a power cut. Blocks while it reads; may be
     * called from any thread.
     *
     * @param settings mode, threads, buffers
     * @param fs the file system
     * @param scan the directories' listing; only its append and rewrite segments are read
     * @param sink receives the batches
     * @param budget pays for the read buffers, at most 1 MiB per thread at the default block size;
     *     all given back
     * @return the segments with their live ends, and the report
     * @throws CorruptionException damage that the mode does not put up with, or, in every mode, a
     *     hole or overlap within a group (decision D6); no file was changed
     * @throws InvalidArgumentException the last segment of a queue is a symbolic link and this is
     *     not read-only
     * @throws io.raftengine.error.StorageException a file could not be read; that is no damage and
     *     changes nothing. Or a cut failed: cuts made before it stay, are the same the next open
     *     would make, and are named by a suppressed {@link DroppedBeforeFailure}
     * @throws MemoryLimitException the budget is too small; cuts made before it stay, as above
     */
    public static RecoveryResult run(
            RecoverySettings settings,
            FileSystem fs,
            DirectoryScan scan,
            ReplaySink sink,
            MemoryBudget budget) {
        return run(settings, fs, scan, sink, budget, range -> {});
    }

    /**
     * As {@link #run(RecoverySettings, FileSystem, DirectoryScan, ReplaySink, MemoryBudget)} for
     * whoever wants to know of each loss when it happens: the report is lost with all that is to be
     * opened behind it.
     *
     * @param settings mode, threads, buffers
     * @param fs the file system
     * @param scan the directories' listing
     * @param sink receives the batches
     * @param budget pays for the read buffers
     * @param told gets each dropped range, in the order of the report, as soon as its bytes are
     *     gone; must not throw
     * @return the segments with their live ends, and the report
     */
    public static RecoveryResult run(
            RecoverySettings settings,
            FileSystem fs,
            DirectoryScan scan,
            ReplaySink sink,
            MemoryBudget budget,
            Consumer<DroppedRange> told) {
        return run(settings, fs, scan, sink, budget, told, null, null);
    }

    /**
     * As above, with the log split and a head start as the caller says, if he does: every split
     * must give the same result.
     */
    static RecoveryResult run(
            RecoverySettings settings,
            FileSystem fs,
            DirectoryScan scan,
            ReplaySink sink,
            MemoryBudget budget,
            Consumer<DroppedRange> told,
            List<Integer> split,
            HeadStart headStart) {
        Recovery recovery = new Recovery(settings, fs, scan, sink, budget, told);
        List<SegmentFile> all = new ArrayList<>(scan.rewrite());
        all.addAll(scan.append());
        try {
            List<Integer> ends =
                    split == null ? ReplayPlan.split(all, recovery.usefulThreads(all)) : split;
            return recovery.run(
                    ends,
                    headStart == null ? HeadStart.of(all, ends, ReplayPlan.PROCESSORS) : headStart);
        } finally {
            recovery.stretches.forEach(stretch -> stretch.groups().close());
        }
    }

    private int usefulThreads(List<SegmentFile> all) {
        return ReplayPlan.usefulThreads(
                all, settings.threads(), ReplayPlan.PROCESSORS, ReplayPlan.SHARE_BYTES_MIN);
    }

    private RecoveryResult run(List<Integer> split, HeadStart headStart) {
        checkNumbering();
        checkLastIsWritable(scan.append());
        checkLastIsWritable(scan.rewrite());

        long start = System.nanoTime();
        replay(split, headStart);
        joinAtomicGroups();
        long scanned = System.nanoTime();
        List<SegmentVerdict> verdicts = verdicts();
        TailCutter cutter = new TailCutter(fs, budget, copyingThreads(), this::dropped);
        mergeAndRewrite(verdicts, cutter);
        long merged = System.nanoTime();
        List<RecoveredSegment> rewrite = new ArrayList<>();
        List<RecoveredSegment> append = new ArrayList<>();
        try {
            settle(verdicts, cutter, rewrite, append);
        } catch (RuntimeException failed) {
            if (!settings.readOnly() && !dropped.isEmpty()) {
                failed.addSuppressed(new DroppedBeforeFailure(dropped));
            }
            throw failed;
        }
        long cut = System.nanoTime();

        RecoveryReport report =
                new RecoveryReport(
                        settings.mode(),
                        settings.readOnly(),
                        verdicts.stream().map(SegmentVerdict::report).toList(),
                        dropped,
                        scan.anomalies(),
                        unfinishedGroups(),
                        unfinished.size(),
                        threads,
                        stretches.size(),
                        scanned - start,
                        merged - scanned,
                        cut - merged);
        return new RecoveryResult(append, rewrite, report);
    }

    // ------------------------------------------------------------------ before anything is read

    private void checkNumbering() {
        if (settings.mode() == RecoveryMode.ABSOLUTE_CONSISTENCY && !scan.anomalies().isEmpty()) {
            throw new CorruptionException(
                    "",
                    -1,
                    "numbering of the segments",
                    "contiguous, without duplicates",
                    scan.anomalies().get(0).message());
        }
    }

    /**
     * The last segment is cut, synced and written on; what a link points to is not ours to change
     * (D10).
     */
    private void checkLastIsWritable(List<SegmentFile> queue) {
        if (!settings.readOnly() && !queue.isEmpty() && queue.get(queue.size() - 1).symlink()) {
            throw new InvalidArgumentException(
                    queue.get(queue.size() - 1).path()
                            + ": the last segment of a queue is a symbolic link, which is never written");
        }
    }

    // ------------------------------------------------------------------ scan and replay

    private void replay(List<Integer> split, HeadStart headStart) {
        List<Share> shares = new ArrayList<>();
        AtomicInteger firstFailed = new AtomicInteger(Integer.MAX_VALUE);
        int from = 0;
        for (int to : split) {
            shares.add(new Share(shares.size(), stretchesOf(from, to), firstFailed, headStart));
            from = to;
        }
        threads = Math.max(1, shares.size());
        ReplayThreads.run(shares);
    }

    /**
     * A share may reach over the end of the rewrite queue into the append queue: then it is two
     * stretches.
     */
    private List<StretchReplay> stretchesOf(int from, int to) {
        int rewrites = scan.rewrite().size();
        List<StretchReplay> share = new ArrayList<>();
        if (from < rewrites) {
            share.add(stretch(scan.rewrite(), from, Math.min(to, rewrites)));
        }
        if (to > rewrites) {
            share.add(stretch(scan.append(), Math.max(from, rewrites) - rewrites, to - rewrites));
        }
        return share;
    }

    private StretchReplay stretch(List<SegmentFile> queue, int from, int to) {
        StretchReplay stretch =
                new StretchReplay(
                        queue, from, to, stretches.size(), sink, fs, rewriteVersions, budget);
        stretches.add(stretch);
        return stretch;
    }

    /** What one thread does. */
    private final class Share implements Runnable {
        private final int number;
        private final List<StretchReplay> share;
        private final AtomicInteger firstFailed;
        private final HeadStart headStart;

        Share(
                int number,
                List<StretchReplay> share,
                AtomicInteger firstFailed,
                HeadStart headStart) {
            this.number = number;
            this.share = share;
            this.firstFailed = firstFailed;
            this.headStart = headStart;
        }

        @Override
        public void run() {
            if (number > 0) {
                headStart.await();
                replay(bytes -> {});
            } else {
                try {
                    replay(headStart::advanced);
                } finally {
                    headStart.end();
                }
            }
        }

        private void replay(LongConsumer progress) {
            boolean done = false;
            try (SegmentScan reader = new SegmentScan(fs, settings, budget)) {
                for (StretchReplay stretch : share) {
                    // Only an earlier failure may stop this share, so that always the same one is
                    // reported.
                    stretch.run(reader, () -> firstFailed.get() < number, progress);
                }
                done = true;
            } finally {
                if (!done) {
                    firstFailed.accumulateAndGet(number, Math::min);
                }
            }
        }
    }

    private void joinAtomicGroups() {
        List<AtomicGroups> groups = new ArrayList<>();
        for (StretchReplay stretch : stretches) {
            if (stretch.kind() == QueueKind.REWRITE) {
                groups.add(stretch.groups());
            }
        }
        if (groups.isEmpty()) {
            return;
        }
        List<Completed> completed = new ArrayList<>();
        AtomicGroups.Joined joined =
                AtomicGroups.join(
                        groups,
                        (fragments, order) -> completed.add(new Completed(fragments, order)));
        unfinished = joined.unfinished();
        List<SegmentVerdict> all = verdicts(); // those of the rewrite queue come first
        joined.interrupted().forEach((segment, ids) -> all.get(segment).interruptedGroups = ids);
        if (completed.isEmpty()) {
            return;
        }
        try (FragmentReader reader =
                new FragmentReader(fs, scan.rewrite(), rewriteVersions, budget)) {
            for (Completed group : completed) {
                PartitionSink partition = sink.newPartition(QueueKind.REWRITE, group.order);
                reader.apply(group.fragments, partition);
                partition.complete();
            }
        }
    }

    private record Completed(FragmentList fragments, long order) {}

    // ------------------------------------------------------------------ merge

    /**
     * The processors merge while the disk writes. What is written is what is there already, so
     * after a merge that is refused all files read as before. What would be a change waits for the
     * end of the merge, as the file of its own that a segment with other names gets; and so does
     * all of it where half of the memory is in use, as a rule of thumb: nobody knows what the merge
     * needs, and it comes first.
     */
    private void mergeAndRewrite(List<SegmentVerdict> verdicts, TailCutter cutter) {
        List<SegmentVerdict> rewritten = new ArrayList<>();
        if (!settings.readOnly() && budget.reservedBytes() < budget.limitBytes() / 2) {
            for (SegmentVerdict last : lastOfTheirQueues(verdicts)) {
                if (cutter.rewrites(last) && cutter.isOurs(last.file)) {
                    rewritten.add(last);
                }
            }
        }
        Runnable merge = () -> sink.merge(threads);
        if (rewritten.isEmpty()) {
            merge.run();
        } else {
            ReplayThreads.run(
                    List.of(merge, () -> rewritten.forEach(last -> tryRewrite(last, cutter))));
        }
    }

    private static void tryRewrite(SegmentVerdict last, TailCutter cutter) {
        try {
            cutter.rewrite(last);
        } catch (MemoryLimitException taken) {
            // By the merge, which gives most of it back; it is tried again after that.
        }
    }

    private static List<SegmentVerdict> lastOfTheirQueues(List<SegmentVerdict> verdicts) {
        List<SegmentVerdict> last = new ArrayList<>();
        for (int i = 0; i < verdicts.size(); i++) {
            if (isLast(verdicts, i)) {
                last.add(verdicts.get(i));
            }
        }
        return last;
    }

    // ------------------------------------------------------------------ cut and sync

    private List<SegmentVerdict> verdicts() {
        List<SegmentVerdict> all = new ArrayList<>();
        for (StretchReplay stretch : stretches) {
            all.addAll(stretch.verdicts());
        }
        return all;
    }

    private void settle(
            List<SegmentVerdict> verdicts,
            TailCutter cutter,
            List<RecoveredSegment> rewrite,
            List<RecoveredSegment> append) {
        FormatVersion neighbour = FormatVersion.V2;
        if (!settings.readOnly()) {
            // Before anything is cut, so that a read that fails leaves all files as they were.
            for (SegmentVerdict last : lastOfTheirQueues(verdicts)) {
                cutter.keepToOurselves(last.file);
                if (!last.rewritten && cutter.rewrites(last)) {
                    cutter.rewrite(last);
                }
            }
        }
        for (int i = 0; i < verdicts.size(); i++) {
            SegmentVerdict verdict = verdicts.get(i);
            boolean last = isLast(verdicts, i);
            FormatVersion header = !last && verdict.version == null ? neighbour : null;
            if (verdict.damagedHeader != null) {
                dropped(verdict.droppedHeader());
            }
            if (verdict.drops() && settings.readOnly()) {
                dropped(verdict.dropped());
            } else if (verdict.drops()) {
                cutter.cut(verdict, header);
            } else if (last && !settings.readOnly()) {
                cutter.sync(verdict);
            }
            boolean rewriteQueue = verdict.file.kind() == QueueKind.REWRITE;
            (rewriteQueue ? rewrite : append).add(recovered(verdict, header));
            neighbour = verdict.version == null ? neighbour : verdict.version;
        }
        cutter.syncDirectories();
    }

    /** It is work for processors; a log of one segment was replayed by one thread. */
    private int copyingThreads() {
        return Math.min(settings.threads(), ReplayPlan.PROCESSORS);
    }

    private void dropped(DroppedRange range) {
        if (range.bytes() > 0) {
            dropped.add(range);
            told.accept(range);
        }
    }

    private static boolean isLast(List<SegmentVerdict> verdicts, int i) {
        return i + 1 == verdicts.size()
                || verdicts.get(i + 1).file.kind() != verdicts.get(i).file.kind();
    }

    private RecoveredSegment recovered(SegmentVerdict verdict, FormatVersion header) {
        SegmentFile file = verdict.file;
        long liveEnd = verdict.liveEnd;
        FormatVersion version = verdict.version;
        boolean valid = version != null;
        if (!settings.readOnly() && verdict.decision != Decision.REPLAY) {
            if (header != null) {
                version = header;
                valid = true;
                liveEnd = header.headerBytes();
            }
            liveEnd = Math.max(liveEnd, verdict.endAfterCut);
            file =
                    new SegmentFile(
                            file.kind(),
                            file.seq(),
                            file.path(),
                            file.symlink(),
                            liveEnd,
                            file.linkCount());
        }
        return new RecoveredSegment(
                file, version == null ? FormatVersion.V2 : version, liveEnd, valid);
    }

    private List<UnfinishedGroup> unfinishedGroups() {
        List<UnfinishedGroup> list = new ArrayList<>();
        for (Map.Entry<Long, FragmentList> group : unfinished) {
            if (list.size() == RecoveryReport.UNFINISHED_GROUPS_MAX) {
                break;
            }
            FragmentList fragments = group.getValue();
            list.add(
                    new UnfinishedGroup(
                            group.getKey(),
                            scan.rewrite().get(fragments.segment(0)).seq(),
                            fragments.offset(0),
                            fragments.size()));
        }
        return list;
    }
}
