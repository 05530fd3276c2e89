package io.raftengine.engine;

import java.io.BufferedOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * A process that writes until it is killed and says on its output what was acknowledged: {@code
 * group last-index}.
 */
final class KilledWriter {
    static final int GROUPS = 4;

    private KilledWriter() {}

    static EngineConfig config(Path dir) {
        return EngineConfig.builder(dir)
                .targetFileSizeBytes(32 << 10)
                .purgeThresholdBytes(256 << 10)
                .batchCompressionThresholdBytes(256)
                .build();
    }

    /** The entries of one batch: whole or not at all. */
    static int batchEntries(long first) {
        return 1 + (int) (first % 5);
    }

    static byte[] entry(long group, long index) {
        return Workload.value(group, index, (int) (index % 13) * 29);
    }

    public static void main(String[] arguments) throws InterruptedException {
        RaftEngine engine = RaftEngine.open(config(Path.of(arguments[0])));
        PrintStream out =
                new PrintStream(
                        new BufferedOutputStream(
                                new java.io.FileOutputStream(java.io.FileDescriptor.out)),
                        false,
                        StandardCharsets.US_ASCII);
        for (int g = 0; g < GROUPS; g++) {
            long group = g;
            Runnable writer = () -> write(engine, group, out);
            Thread thread = g % 2 == 0 ? new Thread(writer) : Thread.ofVirtual().unstarted(writer);
            thread.start();
        }
        Thread.currentThread().join(); // until killed
    }

    private static void write(RaftEngine engine, long group, PrintStream out) {
        LogBatch batch = engine.newBatch();
        long last = engine.lastIndex(group);
        long next = last == RaftEngine.NO_INDEX ? 1 : last + 1;
        while (true) {
            int count = batchEntries(next);
            for (int i = 0; i < count; i++) {
                batch.addEntry(group, next + i, entry(group, next + i));
            }
            next += count;
            engine.write(batch, next % 3 == 0 ? Durability.SYNC : Durability.BUFFERED);
            synchronized (out) {
                out.print(group + " " + (next - 1) + "\n");
                out.flush();
            }
        }
    }
}
