package io.raftengine.log.segment;

import io.raftengine.error.OutOfSpaceException;
import io.raftengine.error.StorageException;
import io.raftengine.log.io.DirectoryEntry;
import io.raftengine.log.io.DirectoryHandle;
import io.raftengine.log.io.DirectoryLock;
import io.raftengine.log.io.FileHandle;
import io.raftengine.log.io.FileInfo;
import io.raftengine.log.io.FileSystem;
import io.raftengine.log.io.ForwardingDirectoryHandle;
import io.raftengine.log.io.ForwardingFileHandle;
import io.raftengine.log.io.ForwardingFileSystem;
import io.raftengine.log.io.Iovecs;
import io.raftengine.log.io.LockMode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The real file system with a program in front of every call: it is written down, and may fail.
 * Calls are named "operation file-name". What a test sees as "a crash" is every call from some
 * moment on failing.
 */
final class ProgrammableFileSystem extends ForwardingFileSystem {
    /** Decides about one call by throwing or returning. */
    interface Program {
        void call(String operation, Path path);
    }

    private final List<String> calls = new ArrayList<>();
    private final Map<Path, Long> available = new HashMap<>();
    private Program program = (operation, path) -> {};

    /** Largest number of bytes one write transfers. */
    private long writeMax = Long.MAX_VALUE;

    /** Fails writes after their bytes have gone to the file. */
    private boolean failAfterWriting;

    ProgrammableFileSystem() {
        super(FileSystem.local());
    }

    ProgrammableFileSystem program(Program value) {
        program = value;
        return this;
    }

    ProgrammableFileSystem noProgram() {
        failAfterWriting = false;
        return program((operation, path) -> {});
    }

    ProgrammableFileSystem writeMax(long value) {
        writeMax = value;
        return this;
    }

    ProgrammableFileSystem failAfterWriting() {
        failAfterWriting = true;
        return this;
    }

    void available(Path dir, long bytes) {
        available.put(dir, bytes);
    }

    synchronized List<String> calls() {
        return List.copyOf(calls);
    }

    synchronized void forgetCalls() {
        calls.clear();
    }

    static StorageException failure(String operation, Path path) {
        return new StorageException(path.toString(), operation, 5, "injected input/output error");
    }

    static OutOfSpaceException full(Path path) {
        return new OutOfSpaceException(path.toString(), "injected: no space left");
    }

    private void hit(String operation, Path path) {
        synchronized (this) {
            calls.add(operation + " " + path.getFileName());
        }
        program.call(operation, path);
    }

    @Override
    public FileHandle open(Path file, OpenMode mode) {
        hit(mode == OpenMode.CREATE ? "create" : "open", file);
        return new Handle(super.open(file, mode));
    }

    @Override
    public void createDirectory(Path dir) {
        hit("mkdir", dir);
        super.createDirectory(dir);
    }

    @Override
    public List<DirectoryEntry> list(Path dir) {
        hit("list", dir);
        return super.list(dir);
    }

    @Override
    public FileInfo info(Path path) {
        hit("info", path);
        return super.info(path);
    }

    @Override
    public void delete(Path file) {
        hit("delete", file);
        super.delete(file);
    }

    @Override
    public void rename(Path source, Path target) {
        hit("rename", source);
        synchronized (this) {
            calls.set(
                    calls.size() - 1,
                    "rename " + source.getFileName() + " " + target.getFileName());
        }
        super.rename(source, target);
        program.call("renamed", target);
    }

    @Override
    public DirectoryHandle openDirectory(Path dir) {
        // Not written down: it changes nothing on the disk.
        program.call("opendir", dir);
        return new Directory(super.openDirectory(dir));
    }

    @Override
    public long availableBytes(Path dir) {
        hit("available", dir);
        return available.containsKey(dir) ? available.get(dir) : super.availableBytes(dir);
    }

    @Override
    public DirectoryLock lock(Path dir, LockMode mode) {
        hit("lock", dir);
        return super.lock(dir, mode);
    }

    private final class Directory extends ForwardingDirectoryHandle {
        Directory(DirectoryHandle dir) {
            super(dir);
        }

        @Override
        public void sync() {
            hit("syncdir", path());
            super.sync();
        }
    }

    private final class Handle extends ForwardingFileHandle {
        Handle(FileHandle file) {
            super(file);
        }

        @Override
        public int read(long address, int length, long offset) {
            hit("read", path());
            return super.read(address, length, offset);
        }

        @Override
        public long write(long address, long length, long offset) {
            if (!failAfterWriting) {
                hit("write", path());
            }
            long written = super.write(address, Math.min(length, writeMax), offset);
            if (failAfterWriting) {
                hit("write", path());
            }
            return written;
        }

        @Override
        public long writeVector(long iovecAddress, int count, long offset) {
            if (!failAfterWriting) {
                hit("write", path());
            }
            long written =
                    writeMax == Long.MAX_VALUE
                            ? super.writeVector(iovecAddress, count, offset)
                            : super.write(
                                    Iovecs.base(iovecAddress, 0),
                                    Math.min(Iovecs.length(iovecAddress, 0), writeMax),
                                    offset);
            if (failAfterWriting) {
                hit("write", path());
            }
            return written;
        }

        @Override
        public void sync() {
            hit("sync", path());
            super.sync();
        }

        @Override
        public void truncate(long size) {
            hit("truncate", path());
            super.truncate(size);
        }

        @Override
        public void allocate(long offset, long length) {
            hit("allocate", path());
            super.allocate(offset, length);
        }

        /** Closed whatever is reported. Not written down: it changes nothing on the disk. */
        @Override
        public void close() {
            super.close();
            program.call("close", path());
        }

        @Override
        public void startWriteback(long offset, long length) {
            hit("writeback", path());
            super.startWriteback(offset, length);
        }
    }
}
