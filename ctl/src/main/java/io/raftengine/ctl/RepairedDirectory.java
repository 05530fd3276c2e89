package io.raftengine.ctl;

import io.raftengine.ctl.check.DirectoryCheck;
import io.raftengine.engine.EngineConfig;
import io.raftengine.engine.RaftEngine;
import io.raftengine.engine.ScanOrder;
import io.raftengine.error.CorruptionException;
import io.raftengine.log.io.FileSystem;
import io.raftengine.recovery.RecoveryMode;
import io.raftengine.recovery.repair.RepairPlan;
import java.nio.file.Path;

/**
 * Proves a repaired directory: a check in depth finds nothing at all, the strictest mode opens it,
 * every entry and key can be read, and every group holds what the plan said.
 */
final class RepairedDirectory {
    private final FileSystem fs;
    private final long memoryLimitBytes;
    private long groups;
    private long entries;
    private long keys;

    RepairedDirectory(FileSystem fs, long memoryLimitBytes) {
        this.fs = fs;
        this.memoryLimitBytes = memoryLimitBytes;
    }

    /** Opens and reads all of it; changes nothing. */
    void check(Path directory, RepairPlan plan) {
        EngineConfig config =
                EngineConfig.builder(directory)
                        .recoveryMode(RecoveryMode.ABSOLUTE_CONSISTENCY)
                        .memoryLimitBytes(memoryLimitBytes)
                        .build();
        DirectoryCheck.run(config, fs, true, new SoundOrFailure());
        try (RaftEngine engine = RaftEngine.openReadOnly(config, fs)) {
            engine.forEachGroup(group -> read(engine, group));
            long[] planned = new long[1];
            plan.forEachGroup((group, first, count) -> {
                compare(engine, directory, group, first, count);
                planned[0] += count;
            });
            if (entries != planned[0]) {
                throw difference(directory, "entries of all groups", planned[0], entries);
            }
        }
    }

    private void read(RaftEngine engine, long group) {
        groups++;
        long first = engine.firstIndex(group);
        if (first != RaftEngine.NO_INDEX) {
            long end = engine.lastIndex(group) + 1;
            entries += engine.fetchEntries(group, first, end, Long.MAX_VALUE, (i, m, o, b) -> true);
        }
        keys += engine.scan(group, null, null, ScanOrder.ASCENDING, (m, k, kb, v, vb) -> true);
    }

    private static void compare(
            RaftEngine engine, Path directory, long group, long first, long count) {
        String name = "group " + Long.toUnsignedString(group);
        long found = engine.firstIndex(group);
        if (count == 0 || found == RaftEngine.NO_INDEX) {
            if (count != 0 || found != RaftEngine.NO_INDEX) {
                throw difference(directory, "first index of " + name, first, found);
            }
            return;
        }
        long last = engine.lastIndex(group);
        if (found != first || last != first + count - 1) {
            throw difference(directory, "last index of " + name, first + count - 1, last);
        }
    }

    private static CorruptionException difference(
            Path directory, String what, long expected, long found) {
        return new CorruptionException(
                directory.toString(),
                -1,
                what,
                Long.toUnsignedString(expected),
                Long.toUnsignedString(found));
    }

    long groups() {
        return groups;
    }

    long entries() {
        return entries;
    }

    long keys() {
        return keys;
    }
}
