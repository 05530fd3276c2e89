package io.raftengine.log.io;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * The system calls of Linux that files need, as static methods in the kernel's own convention: a
 * result of 0 or more is success, a negative one is the negated error number. Interrupted calls are
 * repeated here, so that nobody above meets EINTR. Nothing is allocated by a call, except the
 * per-thread scratch at a thread's first one.
 *
 * <p>Design note: every function is linked with the same descriptor, six 64-bit words in and one
 * out, with errno or without. Linking a new shape costs 3 to 15 ms in a fresh JVM, another function
 * of a known shape 0.2 ms. It is sound on the two platforms we accept: both pass the first six
 * integer arguments in registers, a callee reads only the registers and the low half it declares,
 * and results of type {@code int} are narrowed here because their upper half is undefined. {@code
 * openat} is variadic in C; Linux on aarch64 passes variadic arguments like any others, and on
 * x86-64 the linker sets the count of vector registers (0) for every call.
 *
 * <p>The calls are normal downcalls, never {@code critical}: they may block, and a critical call
 * that blocks holds up every safepoint of the JVM.
 */
final class LinuxCalls {
    static final int EPERM = 1;
    static final int EINTR = 4;
    static final int ENXIO = 6;
    static final int ENOENT = 2;
    static final int EAGAIN = 11;
    static final int EACCES = 13;
    static final int EEXIST = 17;
    static final int EXDEV = 18;
    static final int ENOTDIR = 20;
    static final int EISDIR = 21;
    static final int EINVAL = 22;
    static final int ENOTTY = 25;
    static final int ENOSPC = 28;
    static final int ESPIPE = 29;
    static final int EMLINK = 31;
    static final int ENOSYS = 38;
    static final int ELOOP = 40;
    static final int EOPNOTSUPP = 95;
    static final int EDQUOT = 122;

    static final int O_RDONLY = 0;
    static final int O_RDWR = 2;
    static final int O_CREAT = 0x40;
    static final int O_EXCL = 0x80;
    static final int O_NOCTTY = 0x100;
    static final int O_NONBLOCK = 0x800;
    static final int O_CLOEXEC = 0x80000;
    // These are the ones that differ between the architectures.
    static final int O_DIRECT = aarch64() ? 0x10000 : 0x4000;
    static final int O_DIRECTORY = aarch64() ? 0x4000 : 0x10000;
    static final int O_NOFOLLOW = aarch64() ? 0x8000 : 0x20000;

    static final int AT_FDCWD = -100;
    static final int AT_SYMLINK_NOFOLLOW = 0x100;
    static final int AT_EMPTY_PATH = 0x1000;

    static final int LOCK_SH = 1;
    static final int LOCK_EX = 2;
    static final int LOCK_NB = 4;
    static final int LOCK_UN = 8;

    /** {@code _IOW(0x94, 9, int)}, the same on both architectures. */
    private static final long FICLONE = 0x40049409L;

    private static final int AT_REMOVEDIR = 0x200;
    private static final int SEEK_DATA = 3;
    private static final int SYNC_FILE_RANGE_WRITE = 2;
    private static final int POSIX_FADV_WILLNEED = 3;
    private static final int POSIX_FADV_DONTNEED = 4;

    private static final Linker.Option ERRNO = Linker.Option.captureCallState("errno");
    private static final FunctionDescriptor SIX_WORDS =
            FunctionDescriptor.of(
                    JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);

    private static final ThreadLocal<Scratch> SCRATCH = ThreadLocal.withInitial(Scratch::new);

    /** An empty C string: with AT_EMPTY_PATH it means the descriptor itself. */
    private static final long EMPTY_PATH = Arena.global().allocate(8).address();

    // Grouped by who needs them: a tool that only reads never links the rest.

    private static final class Names {
        static final MethodHandle OPENAT = link("openat");
        static final MethodHandle CLOSE = link("close");
        static final MethodHandle STATX = link("statx");
    }

    private static final class Reads {
        static final MethodHandle PREAD = link("pread");
    }

    /**
     * The system call itself, for the calls of hot paths. The C library's own functions for them
     * are points where a thread may be cancelled; to note that before and after each call takes
     * three hundredths of a small write, and the JVM cancels no thread.
     */
    private static final class Direct {
        static final MethodHandle SYSCALL = linkPlain("syscall");

        static final long PREAD64 = aarch64() ? 67 : 17;
        static final long PWRITE64 = aarch64() ? 68 : 18;
        static final long PWRITEV = aarch64() ? 70 : 296;
    }

    private static final class Holes {
        static final MethodHandle LSEEK = link("lseek");
    }

    private static final class Writes {
        static final MethodHandle PWRITE = link("pwrite");
        static final MethodHandle FDATASYNC = link("fdatasync");
        static final MethodHandle FTRUNCATE = link("ftruncate");
    }

    private static final class Vectors {
        static final MethodHandle PWRITEV = link("pwritev");
    }

    private static final class Writeback {
        static final MethodHandle SYNC_FILE_RANGE = link("sync_file_range");
    }

    private static final class Advice {
        static final MethodHandle POSIX_FADVISE = link("posix_fadvise");
    }

    private static final class Space {
        static final MethodHandle FALLOCATE = link("fallocate");
    }

    private static final class Locks {
        static final MethodHandle FLOCK = link("flock");
        static final MethodHandle STATFS = link("statfs");
    }

    private static final class Directories {
        static final MethodHandle FSYNC = link("fsync");
        static final MethodHandle RENAMEAT = link("renameat");
        static final MethodHandle UNLINKAT = link("unlinkat");
    }

    private static final class Copies {
        static final MethodHandle IOCTL = link("ioctl");
        static final MethodHandle LINKAT = link("linkat");
    }

    private static final class Creation {
        static final MethodHandle MKDIRAT = link("mkdirat");
        static final MethodHandle FCHMOD = link("fchmod");
        static final MethodHandle FCHMODAT = link("fchmodat");
    }

    private static final class Texts {
        static final MethodHandle STRERROR = link("strerror");
    }

    private LinuxCalls() {}

    /** Memory of one thread for what system calls hand back; valid until the thread's next call. */
    static final class Scratch {
        static final int BUFFER_BYTES = 256;

        final MemorySegment errno;
        final MemorySegment buffer;

        Scratch() {
            // Automatic arenas: the memory goes when the thread has gone.
            Arena arena = Arena.ofAuto();
            errno = arena.allocate(Linker.Option.captureStateLayout());
            buffer = arena.allocate(BUFFER_BYTES, 8);
        }
    }

    static Scratch scratch() {
        return SCRATCH.get();
    }

    static boolean supported() {
        String arch = System.getProperty("os.arch");
        return "Linux".equals(System.getProperty("os.name"))
                && ("amd64".equals(arch) || "aarch64".equals(arch));
    }

    /**
     * Fails early and with its own exception where linking would fail later inside a class
     * initializer.
     *
     * @throws IllegalCallerException if the JVM was told to deny this module native access
     */
    static void requireNativeAccess() {
        MemorySegment.NULL.reinterpret(0);
    }

    // ---- transfers ----------------------------------------------------------------------------

    // Capturing errno makes the JDK slice the segment for it, 40 bytes of heap for each call until
    // C2
    // has compiled the caller. So transfers are first tried without; the rare one that fails is
    // repeated with it, which is sound because a transfer that failed transferred nothing.

    static long pread(int fd, long address, long length, long offset) {
        try {
            long n =
                    (long)
                            Direct.SYSCALL.invokeExact(
                                    Direct.PREAD64, (long) fd, address, length, offset, 0L);
            return n >= 0 ? n : transfer(Reads.PREAD, fd, address, length, offset);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    static long pwrite(int fd, long address, long length, long offset) {
        try {
            long n =
                    (long)
                            Direct.SYSCALL.invokeExact(
                                    Direct.PWRITE64, (long) fd, address, length, offset, 0L);
            return n >= 0 ? n : transfer(Writes.PWRITE, fd, address, length, offset);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    static long pwritev(int fd, long iovecAddress, int count, long offset) {
        try {
            long n =
                    (long)
                            Direct.SYSCALL.invokeExact(
                                    Direct.PWRITEV,
                                    (long) fd,
                                    iovecAddress,
                                    (long) count,
                                    offset,
                                    0L);
            return n >= 0 ? n : transfer(Vectors.PWRITEV, fd, iovecAddress, count, offset);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /** A transfer whose error number is wanted. */
    private static long transfer(
            MethodHandle function, int fd, long address, long length, long offset) {
        Scratch scratch = SCRATCH.get();
        while (true) {
            long n;
            try {
                n =
                        (long)
                                function.invokeExact(
                                        scratch.errno, (long) fd, address, length, offset, 0L, 0L);
            } catch (Throwable e) {
                throw unexpected(e);
            }
            if (n >= 0) {
                return n;
            }
            int errno = errno(scratch);
            if (errno != EINTR) {
                return -errno;
            }
        }
    }

    /**
     * Offset of the next byte that is in no hole. Moves the descriptor's position, which nobody
     * uses.
     */
    static long seekData(int fd, long offset) {
        Scratch scratch = SCRATCH.get();
        try {
            long at =
                    (long)
                            Holes.LSEEK.invokeExact(
                                    scratch.errno, (long) fd, offset, (long) SEEK_DATA, 0L, 0L, 0L);
            return at >= 0 ? at : -errno(scratch);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    static int fdatasync(int fd) {
        return call(Writes.FDATASYNC, fd, 0, 0, 0, 0);
    }

    static int ftruncate(int fd, long size) {
        return call(Writes.FTRUNCATE, fd, size, 0, 0, 0);
    }

    static int fallocate(int fd, long offset, long length) {
        return call(Space.FALLOCATE, fd, 0, offset, length, 0);
    }

    static int syncFileRangeWrite(int fd, long offset, long length) {
        return call(Writeback.SYNC_FILE_RANGE, fd, offset, length, SYNC_FILE_RANGE_WRITE, 0);
    }

    /** Returns its error number instead of setting errno, and nobody wants to know it. */
    static void fadviseDontNeed(int fd, long offset, long length) {
        call(Advice.POSIX_FADVISE, fd, offset, length, POSIX_FADV_DONTNEED, 0);
    }

    /** As {@link #fadviseDontNeed}. */
    static void fadviseWillNeed(int fd, long offset, long length) {
        call(Advice.POSIX_FADVISE, fd, offset, length, POSIX_FADV_WILLNEED, 0);
    }

    // ---- names --------------------------------------------------------------------------------

    static int open(long path, int flags, int mode) {
        return call(Names.OPENAT, AT_FDCWD, path, flags | O_CLOEXEC, mode, 0);
    }

    /**
     * Not repeated when interrupted: Linux has released the descriptor by then, and it may be
     * somebody else's now.
     */
    static int close(int fd) {
        Scratch scratch = SCRATCH.get();
        try {
            long result =
                    (long) Names.CLOSE.invokeExact(scratch.errno, (long) fd, 0L, 0L, 0L, 0L, 0L);
            int errno = errno(scratch);
            return (int) result >= 0 || errno == EINTR ? 0 : -errno;
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /** Fills the scratch buffer, see {@link Statx}. */
    static int statx(long path, int flags) {
        return call(
                Names.STATX,
                AT_FDCWD,
                path,
                flags,
                Statx.BASIC_STATS,
                SCRATCH.get().buffer.address());
    }

    /** Fills the scratch buffer, see {@link Statx}. */
    static int statx(int fd) {
        return call(
                Names.STATX,
                fd,
                EMPTY_PATH,
                AT_EMPTY_PATH,
                Statx.BASIC_STATS,
                SCRATCH.get().buffer.address());
    }

    static int fsync(int fd) {
        return call(Directories.FSYNC, fd, 0, 0, 0, 0);
    }

    static int rename(long source, long target) {
        return call(Directories.RENAMEAT, AT_FDCWD, source, AT_FDCWD, target, 0);
    }

    static int unlink(long path) {
        return call(Directories.UNLINKAT, AT_FDCWD, path, 0, 0, 0);
    }

    static int rmdir(long path) {
        return call(Directories.UNLINKAT, AT_FDCWD, path, AT_REMOVEDIR, 0, 0);
    }

    /** Another name for a file; a symbolic link is not followed. */
    static int hardLink(long existing, long path) {
        return call(Copies.LINKAT, AT_FDCWD, existing, AT_FDCWD, path, 0);
    }

    /** Lets an empty file share all blocks of another one. */
    static int fileClone(int target, int source) {
        return call(Copies.IOCTL, target, FICLONE, source, 0, 0);
    }

    static int mkdir(long path, int mode) {
        return call(Creation.MKDIRAT, AT_FDCWD, path, mode, 0, 0);
    }

    static int fchmod(int fd, int mode) {
        return call(Creation.FCHMOD, fd, mode, 0, 0, 0);
    }

    static int chmod(long path, int mode) {
        return call(Creation.FCHMODAT, AT_FDCWD, path, mode, 0, 0);
    }

    static int flock(int fd, int operation) {
        return call(Locks.FLOCK, fd, operation, 0, 0, 0);
    }

    /** Fills the scratch buffer, see {@link Statfs}. */
    static int statfs(long path) {
        return call(Locks.STATFS, path, SCRATCH.get().buffer.address(), 0, 0, 0);
    }

    /** The system's text for an error number. */
    static String text(int errno) {
        Scratch scratch = SCRATCH.get();
        try {
            // The numbers a file can yield have constant texts; strerror's shared buffer is for
            // unknown ones only.
            long text =
                    (long)
                            Texts.STRERROR.invokeExact(
                                    scratch.errno, (long) errno, 0L, 0L, 0L, 0L, 0L);
            return MemorySegment.ofAddress(text).reinterpret(256).getString(0);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    // ---- linking ------------------------------------------------------------------------------

    /** For functions that return an {@code int}. */
    private static int call(MethodHandle function, long a, long b, long c, long d, long e) {
        Scratch scratch = SCRATCH.get();
        while (true) {
            int result;
            try {
                result = (int) (long) function.invokeExact(scratch.errno, a, b, c, d, e, 0L);
            } catch (Throwable t) {
                throw unexpected(t);
            }
            if (result >= 0) {
                return result;
            }
            int errno = errno(scratch);
            if (errno != EINTR) {
                return -errno;
            }
        }
    }

    private static int errno(Scratch scratch) {
        return scratch.errno.get(JAVA_INT, 0);
    }

    private static MethodHandle link(String function) {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(
                linker.defaultLookup().findOrThrow(function), SIX_WORDS, ERRNO);
    }

    private static MethodHandle linkPlain(String function) {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(linker.defaultLookup().findOrThrow(function), SIX_WORDS);
    }

    private static boolean aarch64() {
        return "aarch64".equals(System.getProperty("os.arch"));
    }

    private static RuntimeException unexpected(Throwable e) {
        if (e instanceof Error error) {
            throw error;
        }
        if (e instanceof RuntimeException exception) {
            throw exception;
        }
        throw new AssertionError("a downcall declares no checked exception", e);
    }
}
