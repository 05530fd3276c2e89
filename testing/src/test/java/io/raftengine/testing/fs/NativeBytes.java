package io.raftengine.testing.fs;

import io.raftengine.allocator.Mapping;
import io.raftengine.allocator.Memory;
import io.raftengine.allocator.MemoryBudget;
import io.raftengine.log.io.FileHandle;
import io.raftengine.log.io.FileIo;
import io.raftengine.log.io.FileSystem;
import java.nio.file.Path;

/**
 * Off-heap memory of a test, and whole transfers between arrays and files through it. For one
 * thread.
 */
final class NativeBytes implements AutoCloseable {
    private final Mapping mapping;

    NativeBytes(int bytes) {
        mapping = Mapping.map(MemoryBudget.unlimited(), bytes, "test");
    }

    long address() {
        return mapping.address();
    }

    void write(FileHandle file, byte[] bytes, long offset) {
        Memory.copyFromArray(bytes, 0, address(), bytes.length);
        FileIo.writeFully(file, address(), bytes.length, offset);
    }

    byte[] read(FileHandle file, int length, long offset) {
        int n = FileIo.readUpTo(file, address(), length, offset);
        byte[] bytes = new byte[n];
        Memory.copyToArray(address(), bytes, 0, n);
        return bytes;
    }

    void create(FileSystem fs, Path path, byte[] bytes) {
        try (FileHandle file = fs.open(path, FileSystem.OpenMode.CREATE)) {
            if (bytes.length > 0) {
                write(file, bytes, 0);
            }
        }
    }

    byte[] read(FileSystem fs, Path path) {
        try (FileHandle file = fs.open(path, FileSystem.OpenMode.READ)) {
            return read(file, (int) file.size(), 0);
        }
    }

    @Override
    public void close() {
        mapping.close();
    }
}
