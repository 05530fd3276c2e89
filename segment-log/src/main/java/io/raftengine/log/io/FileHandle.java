package io.raftengine.log.io;

import java.nio.file.Path;

/**
 * An open file, read and written by position.
 *
 * <p>Any number of threads may transfer at once; there is no file pointer. {@link #close} must come
 * after the last call has returned: the owner of the handle counts its users, the handle does not
 * (it would cost two contended atomic operations per read). With assertions on, a close during a
 * call is an {@link AssertionError}.
 *
 * <p>Addresses are absolute addresses of off-heap memory that stays mapped during the call. Offsets
 * and lengths are in bytes. All methods throw {@link io.raftengine.error.StorageException} for what
 * the system refuses, {@link io.raftengine.error.OutOfSpaceException} where the file system or a
 * quota is full, and {@link io.raftengine.error.ClosedException} after {@link #close}.
 *
 * <p>Linux reports a writeback error once per open file description: of two syncs at once on one
 * handle, one may swallow the other's error. At most one thread at a time may be in {@link #sync}
 * or {@link #startWriteback} of one handle; a background write-out opens its own.
 */
public interface FileHandle extends AutoCloseable {
    /**
     * Reads with one system call.
     *
     * @param address where the bytes go
     * @param length how many are wanted, at least 1
     * @param offset where in the file they start
     * @return how many were read, possibly fewer than wanted; 0 only at the end of the file
     */
    int read(long address, int length, long offset);

    /**
     * Writes with one system call; the file grows as needed. After an error any part of the bytes
     * may be in the file.
     *
     * @param address where the bytes are
     * @param length how many, at least 1
     * @param offset where in the file they go
     * @return how many were written, possibly fewer than given
     */
    long write(long address, long length, long offset);

    /**
     * Writes several pieces of memory, one behind the other, with one system call.
     *
     * @param iovecAddress an array of {@code struct iovec}: pairs of 64-bit address and 64-bit
     *     length in bytes, in the machine's byte order
     * @param count number of pairs, 1 to 1024
     * @param offset where in the file the first piece goes
     * @return how many bytes were written, possibly fewer than given
     */
    long writeVector(long iovecAddress, int count, long offset);

    /**
     * Returns once everything written through any handle of this file, and its length, is on disk.
     * After an error what reached the disk is unknown and a second call proves nothing. The file's
     * <em>name</em> needs {@link FileSystem#syncDirectory}.
     */
    void sync();

    /**
     * Sets the length: cuts, or grows by a hole that reads as zeros. Durable with the next {@link
     * #sync}.
     *
     * @param size new length in bytes
     */
    void truncate(long size);

    /**
     * The length.
     *
     * @return bytes, as all users of the file see it
     */
    long size();

    /**
     * Where the next bytes are that were ever written. What lies before reads as zeros and costs no
     * disk space: a file of a terabyte may hold a page.
     *
     * @param offset where to begin, not behind the end
     * @return an offset from {@code offset} to the length of the file; {@code offset} itself where
     *     the system cannot tell
     */
    default long dataFrom(long offset) {
        return offset;
    }

    /**
     * How much of the file takes space on disk.
     *
     * @return bytes, at most {@link #size}; that where the system cannot tell
     */
    default long dataBytes() {
        return size();
    }

    /**
     * Reserves space, so that later writes into the range cannot run out of it, and grows the file
     * to cover the range. What a file system cannot do is silently left out: no caller may rely on
     * it, neither on the space nor on the length.
     *
     * @param offset start of the range
     * @param length bytes of the range, at least 1
     */
    void allocate(long offset, long length);

    /**
     * Asks the system to start writing dirty pages of the range, without waiting and without any
     * promise about what is on disk. Where that is not supported, does nothing.
     *
     * @param offset start of the range
     * @param length bytes of the range; 0 means up to the end of the file
     */
    void startWriteback(long offset, long length);

    /**
     * Advises that cached pages of the range will not be read soon. Never fails.
     *
     * @param offset start of the range
     * @param length bytes of the range; 0 means up to the end of the file
     */
    void dropCache(long offset, long length);

    /**
     * Advises that the range will be read soon, so that the disk may start now. Never fails.
     *
     * @param offset start of the range
     * @param length bytes of the range; 0 means up to the end of the file
     */
    void willNeed(long offset, long length);

    /**
     * What the system says about the open file, whatever happened to its name.
     *
     * @return kind, length, links and identity
     */
    FileInfo info();

    /**
     * The name it was opened by.
     *
     * @return its path as it was given to {@link FileSystem#open}
     */
    Path path();

    /**
     * Closes the file, without syncing it. Repeated calls do nothing.
     *
     * @throws io.raftengine.error.StorageException if the system reports an error; the handle is
     *     closed even then
     */
    @Override
    void close();
}
