package io.raftengine.testing.fs;

import java.nio.file.Path;

/**
 * One call that reached a {@link FaultyFileSystem}. Immutable.
 *
 * @param index its number among all calls of the file system, from 0
 * @param operation what was called
 * @param path the file or directory; for a rename the source
 * @param offset where in the file, or 0
 * @param length how many bytes, the new length for a truncate, or 0
 */
public record Call(long index, Operation operation, Path path, long offset, long length) {
    /**
     * The last part of the path.
     *
     * @return the file's name
     */
    public String fileName() {
        Path name = path.getFileName();
        return name == null ? "" : name.toString();
    }
}
