package io.raftengine.recovery.repair;

import io.raftengine.allocator.MemoryBudget;
import io.raftengine.error.CorruptionException;
import io.raftengine.error.InvalidArgumentException;
import io.raftengine.error.StorageException;
import io.raftengine.log.format.FormatVersion;
import io.raftengine.log.format.QueueKind;
import io.raftengine.log.io.Closing;
import io.raftengine.log.io.DirectoryLock;
import io.raftengine.log.io.FileSystem;
import io.raftengine.log.io.LockMode;
import io.raftengine.log.segment.DirectoryScan;
import io.raftengine.recovery.RecoveryResult;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.LongFunction;

/**
 * Repairs a directory into a second one. The first is only read, under a shared lock if it has a
 * lock file, from {@link #open} to {@link #close}.
 *
 * <pre>
 *   try (Repair repair = Repair.open(fs, dirs, rules, Repair.Versions.V2, budget)) {
 *       RepairPlan plan = repair.plan();        // a dry run ends here
 *       repair.write(target, proof);
 *   }
 * </pre>
 *
 * <p>One thread at a time. Memory: up to 128 bytes a group, some more for each group that changes,
 * a few MiB of buffers, and room for the largest batch that is compressed or changed; all of it
 * paid by the budget.
 */
public final class Repair implements AutoCloseable {
    /** The format of the segments that are written. */
    public enum Versions {
        /** All are V2. */
        V2,
        /** Each has the version it had; V2 where neither its header nor its first batch says it. */
        AS_THEY_WERE
    }

    private final FileSystem fs;
    private final List<Path> sources;
    private final RepairRules rules;
    private final Versions versions;
    private final MemoryBudget budget;
    private final List<DirectoryLock> locks = new ArrayList<>();
    private DirectoryScan scan;
    private RepairPass reading;
    private RepairPlan plan;

    private Repair(
            FileSystem fs,
            List<Path> sources,
            RepairRules rules,
            Versions versions,
            MemoryBudget budget) {
        this.fs = fs;
        this.sources = List.copyOf(sources);
        this.rules = rules;
        this.versions = versions;
        this.budget = budget;
    }

    /**
     * Locks a directory for reading and looks at its names.
     *
     * @param fs where it is, and where the result goes
     * @param sources main directory, then the spill directory if there is one
     * @param rules what is to be done
     * @param versions format of the result
     * @param budget pays for the memory
     * @return an open repair
     * @throws io.raftengine.error.LockedException an engine has it open
     * @throws StorageException it cannot be read
     */
    public static Repair open(
            FileSystem fs,
            List<Path> sources,
            RepairRules rules,
            Versions versions,
            MemoryBudget budget) {
        Repair repair = new Repair(fs, sources, rules, versions, budget);
        try {
            for (Path source : sources) {
                repair.locks.add(fs.lock(source, LockMode.SHARED));
            }
            repair.scan = DirectoryScan.scan(fs, sources);
            return repair;
        } catch (Throwable failed) {
            Closing.all(repair.closers(), failed);
            throw failed;
        }
    }

    /**
     * Looks whether a target can be written. Changes nothing.
     *
     * @param target the directory for the result
     * @throws InvalidArgumentException it exists and is not an empty directory, lies within a
     *     source, is a mount point, or has no parent directory; or a repair into it was interrupted
     *     and left files in the directory beside it
     */
    public void checkTarget(Path target) {
        StagedTarget.check(fs, sources, target);
    }

    /**
     * Reads the directory and makes every decision. Writes nothing. The first call reads.
     *
     * @return the plan; its {@link RepairPlan#undecided} may ask for more rules
     * @throws InvalidArgumentException a rule names a group that is not there, or asks for more
     *     empty entries than one hole is filled with
     * @throws StorageException a file cannot be read
     * @throws io.raftengine.error.MemoryLimitException the budget is too small
     */
    public RepairPlan plan() {
        if (plan == null) {
            RepairPass pass = new RepairPass(fs, scan, rules, budget);
            try {
                RecoveryResult result = pass.read();
                pass.judge().checkKnown();
                plan =
                        new RepairPlan(
                                result.report(),
                                pass.judge().tally().changes(),
                                pass.judge().undecided(),
                                pass.judge().states(),
                                pass.unreadableBlocks());
                reading = pass;
            } finally {
                if (reading == null) {
                    pass.close();
                }
            }
        }
        return plan;
    }

    /**
     * Reads the directory again, writes the result beside the target, has it proven, and gives it
     * the target's name. All of it is on disk when this returns. On any failure the target is as it
     * was: absent or empty.
     *
     * @param target the directory for the result; absent or empty
     * @param proof looks at the result before it gets its name
     * @return what was written
     * @throws CorruptionException a hole that no rule decides
     * @throws InvalidArgumentException as in {@link #plan} and {@link #checkTarget}
     * @throws StorageException a file cannot be read or written, or the directory changed meanwhile
     * @throws io.raftengine.error.OutOfSpaceException no room for the result
     * @throws io.raftengine.error.MemoryLimitException the budget is too small
     */
    public RepairResult write(Path target, RepairProof proof) {
        StagedTarget staged = StagedTarget.check(fs, sources, target);
        RepairPlan decided = plan();
        if (!decided.undecided().isEmpty()) {
            throw decided.undecided().get(0).error();
        }
        try {
            staged.create();
            RepairResult result = writeSegments(staged);
            staged.reveal();
            proof.prove(staged.staging(), decided);
            staged.publish();
            return result;
        } catch (RuntimeException e) {
            staged.discard(e);
            throw e;
        }
    }

    private RepairResult writeSegments(StagedTarget staged) {
        SourceVersions source = new SourceVersions(plan.report());
        try (TargetWriter writer =
                        new TargetWriter(
                                fs,
                                staged,
                                budget,
                                versionOf(source, QueueKind.REWRITE),
                                versionOf(source, QueueKind.APPEND));
                RepairPass writing = new RepairPass(fs, scan, rules, budget)) {
            writing.write(reading, source, writer);
            checkSame(writing);
            return new RepairResult(
                    staged.target(),
                    writer.segments(),
                    writer.bytes(),
                    writer.copied(),
                    writer.recoded());
        }
    }

    private LongFunction<FormatVersion> versionOf(SourceVersions source, QueueKind kind) {
        return versions == Versions.V2 ? seq -> FormatVersion.V2 : seq -> source.of(kind, seq);
    }

    /** Both readings decided the same, or somebody changed the files in between. */
    private void checkSame(RepairPass writing) {
        ChangeTally first = reading.judge().tally();
        ChangeTally second = writing.judge().tally();
        if (first.digest() != second.digest()
                || first.items() != second.items()
                || reading.batches() != writing.batches()) {
            throw new StorageException(
                    sources.get(0).toString(),
                    "second reading",
                    0,
                    "the directory changed while it was being repaired");
        }
    }

    @Override
    public void close() {
        Closing.all(closers());
    }

    private Deque<Runnable> closers() {
        Deque<Runnable> closing = new ArrayDeque<>();
        locks.forEach(lock -> closing.push(lock::close));
        locks.clear();
        if (reading != null) {
            closing.push(reading::close);
            reading = null;
        }
        return closing;
    }
}
