package io.raftengine.engine;

import java.io.BufferedOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * A process that writes, compacts and purges until it is killed, so that it spends most of its life
 * in rotations and purges. Says on its output what was acknowledged: {@code group first last}.
 */
final class KilledPurger {
    static final int GROUPS = 4;
    private static final int KEPT = 20;

    private KilledPurger() {}

    static EngineConfig config(Path dir) {
        return EngineConfig.builder(dir)
                .targetFileSizeBytes(64 << 10)
                .purgeThresholdBytes(256 << 10)
                .purgeRewriteThresholdBytes(128 << 10)
                .prefillForRecycle(true)
                .prefillLimitBytes(256 << 10)
                .build();
    }

    static byte[] entry(long group, long index) {
        return Workload.value(group, index, 100 + (int) (index % 13) * 290);
    }

    public static void main(String[] arguments) {
        RaftEngine engine = RaftEngine.open(config(Path.of(arguments[0])));
        Thread purger = new Thread(() -> purge(engine));
        purger.setDaemon(true);
        purger.start();
        PrintStream out =
                new PrintStream(
                        new BufferedOutputStream(new FileOutputStream(FileDescriptor.out)),
                        false,
                        StandardCharsets.US_ASCII);
        try (LogBatch batch = engine.newBatch()) {
            for (long round = 0; ; round++) {
                write(engine, batch, round, out);
            }
        }
    }

    private static void purge(RaftEngine engine) {
        for (long turn = 1; ; turn++) {
            engine.purgeExpiredFiles();
            if (turn % 50 == 0) {
                engine.maintenance().rewriteAppend(Long.MAX_VALUE);
            }
            if (turn % 70 == 0) {
                engine.maintenance().rewriteRewrite();
            }
        }
    }

    private static void write(RaftEngine engine, LogBatch batch, long round, PrintStream out) {
        long group = round % GROUPS;
        long last = engine.lastIndex(group);
        long next = last == RaftEngine.NO_INDEX ? 1 : last + 1;
        for (int i = 0; i < 3; i++) {
            batch.addEntry(group, next + i, entry(group, next + i));
        }
        engine.write(batch, round % 5 == 0 ? Durability.SYNC : Durability.BUFFERED);
        long first = engine.firstIndex(group);
        // The last group is compacted rarely: it is the one whose data is copied.
        long kept = group == GROUPS - 1 ? 10 * KEPT : KEPT;
        if (next - first > 2 * kept) {
            engine.compactTo(group, next - kept);
            first = next - kept;
        }
        out.print(group + " " + first + " " + (next + 2) + "\n");
        out.flush();
    }
}
