package io.raftengine.allocator;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.raftengine.error.StorageException;
import io.raftengine.error.UnsupportedFeatureException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * Anonymous memory from Linux: the system calls and their constants, nothing about who uses them.
 * Safe for all threads.
 *
 * <p>Every function is linked as six 64-bit words in and one out, with errno, which is also the
 * shape of the file calls: in a fresh JVM a new shape costs 3 to 15 ms, another function of a known
 * one a fraction of that. A callee reads only what it declares; results of type {@code int} are
 * narrowed here.
 *
 * <p>Addresses are plain longs; lengths are multiples of {@link #PAGE_BYTES}. Other systems are
 * refused with {@link UnsupportedFeatureException} at the first call, not while classes load, so
 * that the error reaches the caller as it is.
 */
final class NativeMemory {
    private static final int PROT_READ = 1;
    private static final int PROT_WRITE = 2;
    private static final int MAP_PRIVATE = 0x02;
    private static final int MAP_ANONYMOUS = 0x20;
    private static final int MAP_NORESERVE = 0x4000;
    private static final long MREMAP_MAYMOVE = 1;
    private static final int MADV_DONTNEED = 4;
    private static final int MADV_NOHUGEPAGE = 15;
    private static final long MAP_FAILED = -1;

    private static final StructLayout STATE = Linker.Option.captureStateLayout();
    private static final long ERRNO_OFFSET =
            STATE.byteOffset(MemoryLayout.PathElement.groupElement("errno"));

    private static final boolean SUPPORTED = isSupported(System.getProperty("os.name"));

    /**
     * Size of a page of the system, a power of two; what is given back is given back in these
     * units.
     */
    static final int PAGE_BYTES = SUPPORTED ? pageBytes() : 4096;

    private NativeMemory() {}

    static boolean isSupported(String osName) {
        return "Linux".equals(osName) && ValueLayout.ADDRESS.byteSize() == 8;
    }

    /** Rounds up to whole pages; the caller keeps {@code bytes} far enough from overflow. */
    static long roundToPages(long bytes) {
        return (bytes + PAGE_BYTES - 1) & -PAGE_BYTES;
    }

    /** Maps memory that is meant to be used as a whole. */
    static long map(long bytes, String name) {
        return map(bytes, 0, name);
    }

    /**
     * Maps an address range of which small parts will be used. Touching a page makes that page
     * resident and no more: without the advice a system set to huge pages "always" would make 2 MiB
     * resident, unseen by the budget.
     */
    static long mapSparse(long bytes, String name) {
        long address = map(bytes, MAP_NORESERVE, name);
        // A kernel built without huge pages refuses the advice; it then has nothing to be advised
        // about.
        madvise(address, bytes, MADV_NOHUGEPAGE);
        return address;
    }

    private static long map(long bytes, int flags, String name) {
        requireSupported(SUPPORTED);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(STATE);
            long address =
                    (long)
                            Calls.MMAP.invokeExact(
                                    state,
                                    0L,
                                    bytes,
                                    (long) (PROT_READ | PROT_WRITE),
                                    (long) (MAP_PRIVATE | MAP_ANONYMOUS | flags),
                                    -1L,
                                    0L);
            if (address == MAP_FAILED) {
                throw failure(name, "mmap of " + bytes + " B", errno(state));
            }
            return address;
        } catch (Throwable e) {
            throw rethrow(e);
        }
    }

    /**
     * Resizes a mapping, perhaps moving it; on failure the old one is as it was. Contents are kept.
     */
    static long remap(long address, long oldBytes, long newBytes, String name) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(STATE);
            long moved =
                    (long)
                            Calls.MREMAP.invokeExact(
                                    state, address, oldBytes, newBytes, MREMAP_MAYMOVE, 0L, 0L);
            if (moved == MAP_FAILED) {
                String operation = "mremap of " + oldBytes + " to " + newBytes + " B";
                throw failure(name, operation, errno(state));
            }
            return moved;
        } catch (Throwable e) {
            throw rethrow(e);
        }
    }

    static void unmap(long address, long bytes, String name) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(STATE);
            long result = (long) Calls.MUNMAP.invokeExact(state, address, bytes, 0L, 0L, 0L, 0L);
            if ((int) result != 0) {
                throw failure(name, "munmap of " + bytes + " B", errno(state));
            }
        } catch (Throwable e) {
            throw rethrow(e);
        }
    }

    /** Gives pages back at once; they read as zeros afterwards. */
    static void discard(long address, long bytes, String name) {
        int errno = madvise(address, bytes, MADV_DONTNEED);
        if (errno != 0) {
            throw failure(name, "madvise(MADV_DONTNEED) of " + bytes + " B", errno);
        }
    }

    /**
     * {@link #discard} for one thread at a time, without an allocation of its own: memory can be
     * given back also when the heap is exhausted.
     */
    static PageRuns.PageReturn pageReturn(String name) {
        MemorySegment state = Arena.ofAuto().allocate(STATE);
        return (address, bytes) -> {
            int errno = madvise(state, address, bytes, MADV_DONTNEED);
            if (errno != 0) {
                throw failure(name, "madvise(MADV_DONTNEED) of " + bytes + " B", errno);
            }
        };
    }

    private static int madvise(long address, long bytes, int advice) {
        try (Arena arena = Arena.ofConfined()) {
            return madvise(arena.allocate(STATE), address, bytes, advice);
        }
    }

    private static int madvise(MemorySegment state, long address, long bytes, int advice) {
        try {
            long result =
                    (long)
                            Calls.MADVISE.invokeExact(
                                    state, address, bytes, (long) advice, 0L, 0L, 0L);
            return (int) result == 0 ? 0 : errno(state);
        } catch (Throwable e) {
            throw rethrow(e);
        }
    }

    static void requireSupported(boolean supported) {
        if (!supported) {
            throw new UnsupportedFeatureException(
                    "off-heap memory is mapped by Linux system calls on 64-bit processors; this is "
                            + System.getProperty("os.name")
                            + " "
                            + System.getProperty("os.arch"));
        }
    }

    private static int errno(MemorySegment state) {
        return state.get(JAVA_INT, ERRNO_OFFSET);
    }

    private static StorageException failure(String name, String operation, int errno) {
        return new StorageException("memory '" + name + "'", operation, errno, reason(errno));
    }

    private static String reason(int errno) {
        return switch (errno) {
            case 11 -> "locked memory limit or a busy system";
            case 12 ->
                    "out of memory, address space or mappings (ulimit -v, vm.max_map_count,"
                            + " overcommit)";
            case 22 -> "invalid address or length";
            default -> "refused by the system";
        };
    }

    private static int pageBytes() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(STATE);
            MethodHandle call = Calls.link("getpagesize");
            return (int) (long) call.invokeExact(state, 0L, 0L, 0L, 0L, 0L, 0L);
        } catch (Throwable e) {
            throw rethrow(e);
        }
    }

    private static RuntimeException rethrow(Throwable e) {
        return switch (e) {
            case RuntimeException unchecked -> unchecked;
            case Error error -> throw error;
            default -> new IllegalStateException("a system call cannot throw this", e);
        };
    }

    /** Linked on first use: constants, so that the compiler sees through them. */
    private static final class Calls {
        private static final FunctionDescriptor SIX_WORDS =
                FunctionDescriptor.of(
                        JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG,
                        JAVA_LONG);

        static final MethodHandle MMAP = link("mmap");
        static final MethodHandle MUNMAP = link("munmap");
        static final MethodHandle MADVISE = link("madvise");
        static final MethodHandle MREMAP = link("mremap");

        static MethodHandle link(String symbol) {
            Linker linker = Linker.nativeLinker();
            return linker.downcallHandle(
                    linker.defaultLookup().findOrThrow(symbol),
                    SIX_WORDS,
                    Linker.Option.captureCallState("errno"));
        }
    }
}
