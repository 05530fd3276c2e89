package io.raftengine.engine.purge;

import io.raftengine.engine.memtable.PlacedKeys;
import io.raftengine.log.format.BatchEncoder;

/**
 * Copies of what is old in the append queue: batches of about 128 KiB, shared by many groups. They
 * need no atomic group, since until a batch is complete its data is found in the append queue.
 */
final class AppendTarget implements GroupCopy.Target {
    private final CopyWriter writer;
    private final BatchEncoder batch;
    private final long batchBytes;

    AppendTarget(PurgeParts parts, CopyWriter writer) {
        this.writer = writer;
        this.batch = parts.shared();
        this.batchBytes = parts.shape().batchBytes();
        batch.clear();
    }

    @Override
    public void begin(long group) {
        // Groups follow each other in a batch.
    }

    @Override
    public void run(EntryWindow window, int run) {
        if (window.wholeCompressedBlock(run)) {
            flush();
            window.adoptInto(run, batch);
            flush();
            return;
        }
        makeRoom(window.contentBytes(run));
        window.addTo(run, batch);
    }

    @Override
    public void key(long group, PlacedKeys keys) {
        makeRoom((long) keys.keyLength() + keys.valueLength());
        batch.put(
                group,
                keys.keyAddress(),
                keys.keyLength(),
                keys.valueAddress(),
                keys.valueLength());
    }

    @Override
    public void end(long group) {
        // Groups follow each other in a batch.
    }

    private void makeRoom(long bytes) {
        if (batch.approximateBytes() + bytes > batchBytes) {
            flush();
        }
    }

    private void flush() {
        if (!batch.isEmpty()) {
            writer.write(batch);
        }
    }

    /** Everything has come; puts it in place. */
    void finish() {
        flush();
        writer.apply();
    }
}
