package io.raftengine.testing.fs;

import io.raftengine.log.io.DirectoryHandle;
import io.raftengine.log.io.ForwardingDirectoryHandle;
import java.util.concurrent.atomic.AtomicBoolean;

/** An open directory of a {@link FaultyFileSystem}. */
final class FaultyDirectoryHandle extends ForwardingDirectoryHandle {
    private final FaultyFileSystem owner;
    private final AtomicBoolean closed = new AtomicBoolean();

    FaultyDirectoryHandle(FaultyFileSystem owner, DirectoryHandle inner) {
        super(inner);
        this.owner = owner;
    }

    @Override
    public void sync() {
        owner.run(owner.enter(Operation.SYNC_DIRECTORY, path(), 0, 0), super::sync);
    }

    @Override
    public void close() {
        super.close();
        if (closed.compareAndSet(false, true)) {
            owner.handleClosed();
        }
    }
}
