package io.raftengine.log.io;

import java.nio.file.Path;

/**
 * An open directory in front of another one, which does everything the same until a subclass says
 * otherwise. As safe for threads as the one behind it; closing it closes that one.
 */
public abstract class ForwardingDirectoryHandle implements DirectoryHandle {
    private final DirectoryHandle inner;

    /**
     * Stands in front of one open directory.
     *
     * @param inner the open directory that does the work
     */
    protected ForwardingDirectoryHandle(DirectoryHandle inner) {
        this.inner = inner;
    }

    @Override
    public void sync() {
        inner.sync();
    }

    @Override
    public void close() {
        inner.close();
    }

    @Override
    public Path path() {
        return inner.path();
    }
}
