package io.raftengine.engine.commit;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.Locale;
import java.util.concurrent.locks.LockSupport;

/**
 * Waiting of platform threads on a 32-bit word of off-heap memory, and waking all of them with one
 * system call.
 *
 * <p>Waking followers one by one is what costs in group commit: sixteen unparks take longer than a
 * small sync. Linux offers exactly the needed operation, the futex. Every wait is timed, so a lost
 * wake-up costs a tenth of a second and not a hang; elsewhere waiting falls back to short timed
 * parks. Virtual threads must not come here, they would pin their carrier.
 *
 * <p>The word itself is read and written by the callers, with acquire and release.
 */
final class WaitWord {
    private static final long FUTEX_WAIT_PRIVATE = 128;
    private static final long FUTEX_WAKE_PRIVATE = 129;
    private static final long WAIT_NANOS = 100_000_000L;
    private static final long FALLBACK_PARK_NANOS = 50_000L;

    private static final long FUTEX_NUMBER = futexNumber();
    private static final MethodHandle FUTEX = FUTEX_NUMBER < 0 ? null : link();
    private static final int TIMESPEC_BYTES = 16;
    private static final long STEP_NANOS = 16_000L;
    private static final int STEPS = 8;
    private static final MemorySegment TIMEOUT = timeouts(WAIT_NANOS, 1);
    private static final MemorySegment SHORT_TIMEOUTS = timeouts(STEP_NANOS, STEPS);

    private WaitWord() {}

    /**
     * Waits until the word at {@code address} is no longer {@code old}; may also return early, so
     * call it in a loop.
     */
    static void await(long address, int old) {
        if (FUTEX == null) {
            LockSupport.parkNanos(FALLBACK_PARK_NANOS);
            return;
        }
        futex(address, FUTEX_WAIT_PRIVATE, old, TIMEOUT.address());
    }

    /** Wakes every thread that waits on the word; the caller has changed it before. */
    static void wakeAll(long address) {
        if (FUTEX != null) {
            futex(address, FUTEX_WAKE_PRIVATE, Integer.MAX_VALUE, 0L);
        }
    }

    /**
     * As {@link #await(long, int)}, but for at most about so many nanoseconds: rounded up to a step
     * of a factor of two, since a timeout is a struct in memory and one for each step is kept.
     */
    static void await(long address, int old, long nanos) {
        if (FUTEX == null) {
            LockSupport.parkNanos(Math.min(nanos, FALLBACK_PARK_NANOS));
            return;
        }
        int step = 0;
        while (step < STEPS - 1 && STEP_NANOS << step < nanos) {
            step++;
        }
        long timeout = SHORT_TIMEOUTS.address() + (long) step * TIMESPEC_BYTES;
        futex(address, FUTEX_WAIT_PRIVATE, old, timeout);
    }

    /** Wakes one thread that waits on the word; the caller has changed it before. */
    static void wakeOne(long address) {
        if (FUTEX != null) {
            futex(address, FUTEX_WAKE_PRIVATE, 1, 0L);
        }
    }

    private static void futex(long address, long operation, long value, long timeoutAddress) {
        try {
            long changedWokenTimedOutOrInterrupted =
                    (long)
                            FUTEX.invokeExact(
                                    FUTEX_NUMBER, address, operation, value, timeoutAddress, 0L);
            // All of them mean "look again".
            assert changedWokenTimedOutOrInterrupted >= -1 : changedWokenTimedOutOrInterrupted;
        } catch (Throwable impossible) {
            throw new AssertionError("futex downcall", impossible);
        }
    }

    private static long futexNumber() {
        if (!System.getProperty("os.name").toLowerCase(Locale.ROOT).contains("linux")) {
            return -1;
        }
        return switch (System.getProperty("os.arch")) {
            case "amd64", "x86_64" -> 202;
            case "aarch64", "riscv64" -> 98;
            default -> -1;
        };
    }

    /**
     * In the shape of the file calls, six 64-bit words in and one out: a new shape costs
     * milliseconds in a fresh JVM. The kernel reads the low half of operation and value, and for
     * these operations no further argument.
     */
    private static MethodHandle link() {
        Linker linker = Linker.nativeLinker();
        SymbolLookup libc = linker.defaultLookup();
        return linker.downcallHandle(
                libc.findOrThrow("syscall"),
                FunctionDescriptor.of(
                        JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG,
                        JAVA_LONG));
    }

    /** Structs timespec, each twice as long as the one before, that live as long as the class. */
    private static MemorySegment timeouts(long firstNanos, int count) {
        MemorySegment timespecs = Arena.global().allocate((long) count * TIMESPEC_BYTES, 8);
        for (int i = 0; i < count; i++) {
            timespecs.set(JAVA_LONG, (long) i * TIMESPEC_BYTES, 0L);
            timespecs.set(JAVA_LONG, (long) i * TIMESPEC_BYTES + 8, firstNanos << i);
        }
        return timespecs;
    }
}
