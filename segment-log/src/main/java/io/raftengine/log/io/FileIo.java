package io.raftengine.log.io;

import io.raftengine.error.StorageException;

/**
 * Whole transfers, made of the partial ones of {@link FileHandle}. Stateless, safe for all threads.
 */
public final class FileIo {
    private FileIo() {}

    /**
     * Reads until the wanted bytes are there or the file ends.
     *
     * @param file the file
     * @param address where the bytes go
     * @param length how many are wanted, at least 0
     * @param offset where in the file they start
     * @return how many were read; fewer than {@code length} only at the end of the file
     * @throws StorageException if a read fails
     */
    public static int readUpTo(FileHandle file, long address, int length, long offset) {
        int done = 0;
        while (done < length) {
            int n = file.read(address + done, length - done, offset + done);
            if (n == 0) {
                break;
            }
            done += n;
        }
        return done;
    }

    /**
     * Reads exactly the wanted bytes.
     *
     * @param file the file
     * @param address where the bytes go
     * @param length how many are wanted, at least 0
     * @param offset where in the file they start
     * @throws StorageException if a read fails, or the file ends before; then its error number is 0
     */
    public static void readFully(FileHandle file, long address, int length, long offset) {
        int done = readUpTo(file, address, length, offset);
        if (done != length) {
            throw new StorageException(
                    file.path().toString(),
                    "read of " + length + " bytes at " + offset,
                    0,
                    "unexpected end of file after " + done + " bytes");
        }
    }

    /**
     * Writes all bytes. After an error any part of them may be in the file.
     *
     * @param file the file
     * @param address where the bytes are
     * @param length how many, at least 0
     * @param offset where in the file they go
     * @throws StorageException if a write fails, or returns without having written anything (a loop
     *     would never end)
     * @throws io.raftengine.error.OutOfSpaceException if the file system is full
     */
    public static void writeFully(FileHandle file, long address, long length, long offset) {
        long done = 0;
        while (done < length) {
            long n = file.write(address + done, length - done, offset + done);
            if (n <= 0) {
                throw writeZero(file, length - done, offset + done);
            }
            done += n;
        }
    }

    private static StorageException writeZero(FileHandle file, long length, long offset) {
        return new StorageException(
                file.path().toString(),
                "write of " + length + " bytes at " + offset,
                0,
                "write zero: the system accepted no byte");
    }
}
