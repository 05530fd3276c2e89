package io.raftengine.log.format;

/**
 * Where a reader's bytes come from: a file, off-heap memory. Asked once per window, never per byte.
 * As thread-safe as what stands behind it.
 */
public interface ByteSource {
    /**
     * Copies bytes out of the source.
     *
     * @param position of the first byte, 0 or more
     * @param destination where they go
     * @param offset index of the first one there
     * @param length how many, at least 1; the caller asks for none behind {@link #size}
     * @throws io.raftengine.error.StorageException if reading fails or the source became shorter
     */
    void read(long position, byte[] destination, int offset, int length);

    /**
     * Length of the source.
     *
     * @return bytes
     */
    long size();
}
