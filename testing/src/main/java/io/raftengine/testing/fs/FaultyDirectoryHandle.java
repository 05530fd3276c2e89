package io.raftengine.testing.fs;

import io.raftengine.log.io.DirectoryHandle;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicBoolean;

/** An open directory of a {@link FaultyFileSystem}. */
final class FaultyDirectoryHandle implements DirectoryHandle {
    private final FaultyFileSystem owner;
    private final DirectoryHandle inner;
    private final AtomicBoolean closed = new AtomicBoolean();

    FaultyDirectoryHandle(FaultyFileSystem owner, DirectoryHandle inner) {
        this.owner = owner;
        this.inner = inner;
    }

    @Override
    public void sync() {
        owner.run(owner.enter(Operation.SYNC_DIRECTORY, path(), 0, 0), inner::sync);
    }

    @Override
    public void close() {
        inner.close();
        if (closed.compareAndSet(false, true)) {
            owner.handleClosed();
        }
    }

    @Override
    public Path path() {
        return inner.path();
    }
}
