package io.raftengine.engine;

import io.raftengine.error.ClosedException;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.LockSupport;

/**
 * A process in which a virtual thread closes an engine that another one reads, both on one carrier
 * and the first one interrupted. Ends with status 0 if that works.
 */
final class InterruptedCloser {
    private static final long POLL_NANOS = 100_000L;

    private InterruptedCloser() {}

    public static void main(String[] arguments) throws InterruptedException {
        RaftEngine engine = RaftEngine.open(KilledWriter.config(Path.of(arguments[0])));
        try (LogBatch batch = engine.newBatch()) {
            batch.put(1, new byte[] {1}, new byte[] {1});
            engine.write(batch, Durability.SYNC);
        }
        CountDownLatch inside = new CountDownLatch(1);
        Thread reader =
                Thread.ofVirtual()
                        .start(() ->
                                engine.scan(
                                        1,
                                        null,
                                        null,
                                        ScanOrder.ASCENDING,
                                        (memory, keyAt, keyBytes, valueAt, valueBytes) -> {
                                            inside.countDown();
                                            staysUntilItCloses(engine);
                                            return true;
                                        }));
        inside.await();
        boolean[] interrupted = {false};
        Thread closer =
                Thread.ofVirtual()
                        .start(() -> {
                            Thread.currentThread().interrupt();
                            engine.close();
                            interrupted[0] = Thread.currentThread().isInterrupted();
                        });
        closer.join();
        reader.join();
        if (!interrupted[0]) {
            System.out.println("the interrupt was lost");
            System.exit(1);
        }
    }

    private static void staysUntilItCloses(RaftEngine engine) {
        try {
            while (true) {
                engine.firstIndex(1);
                // A yield would be no offer: the carrier prefers who has just had it.
                LockSupport.parkNanos(POLL_NANOS);
            }
        } catch (ClosedException closing) {
            // And now back to the one who waits for it, who has to let go of the carrier.
            LockSupport.parkNanos(POLL_NANOS);
        }
    }
}
