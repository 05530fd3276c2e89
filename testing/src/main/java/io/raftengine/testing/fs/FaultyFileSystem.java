package io.raftengine.testing.fs;

import io.raftengine.log.io.DirectoryEntry;
import io.raftengine.log.io.DirectoryHandle;
import io.raftengine.log.io.DirectoryLock;
import io.raftengine.log.io.FileHandle;
import io.raftengine.log.io.FileInfo;
import io.raftengine.log.io.FileSystem;
import io.raftengine.log.io.LockMode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * Wraps a file system and disturbs chosen calls. Without rules it changes nothing but the counters.
 *
 * <pre>
 *    var fs = new FaultyFileSystem(disk);
 *    FaultRule rule = fs.on(Operation.SYNC).onFiles(name -> name.endsWith(".raftlog"))
 *            .program(2, 1).inject(Fault.error());          // the third sync of a segment fails
 *    ...
 *    assertThat(rule.fired()).isEqualTo(1);
 *
 *    for (long i = 0; ; i++) {                              // every call fails once
 *        fs = new FaultyFileSystem(newDisk());
 *        FaultRule rule = fs.failCall(i, Fault.error());
 *        run(fs);
 *        if (rule.fired() == 0) break;
 *    }
 * </pre>
 *
 * <p>The first armed rule that hits a call decides. Safe for all threads; a pausing call holds
 * nobody else up.
 */
public final class FaultyFileSystem implements FileSystem {
    private final FileSystem inner;
    private final int byteShiftTransferMax;
    private final List<FaultRule> rules = new CopyOnWriteArrayList<>();
    private final AtomicLong calls = new AtomicLong();
    private final AtomicLongArray callsByOperation = new AtomicLongArray(Operation.values().length);
    private final AtomicLong openHandles = new AtomicLong();
    private final List<Call> trace = new ArrayList<>(); // guarded by itself
    private volatile boolean tracing;

    /**
     * Wraps a file system.
     *
     * @param inner what does the work
     */
    public FaultyFileSystem(FileSystem inner) {
        this(inner, 0);
    }

    private FaultyFileSystem(FileSystem inner, int byteShiftTransferMax) {
        this.inner = inner;
        this.byteShiftTransferMax = byteShiftTransferMax;
    }

    /**
     * Wraps a file system such that files hold other bytes than were written: 1 is added to each on
     * writing and subtracted on reading. What bypasses the file system, or trusts a transfer to be
     * whole, reads nonsense.
     *
     * @param inner what does the work
     * @param transferBytesMax how many bytes a call transfers at most; 1 is the hardest
     * @return the wrapped file system
     */
    public static FaultyFileSystem byteShift(FileSystem inner, int transferBytesMax) {
        if (transferBytesMax < 1) {
            throw new IllegalArgumentException("a transfer of " + transferBytesMax + " bytes");
        }
        return new FaultyFileSystem(inner, transferBytesMax);
    }

    // ---- rules --------------------------------------------------------------------------------

    /**
     * Begins a rule for some kinds of calls.
     *
     * @param operations which kinds; none means all
     * @return a rule that does nothing before {@link FaultRule#inject}
     */
    public FaultRule on(Operation... operations) {
        return new FaultRule(this, operations);
    }

    /**
     * Disturbs exactly one call.
     *
     * @param index its number among all calls of this file system, from 0
     * @param fault what happens to it
     * @return the armed rule
     */
    public FaultRule failCall(long index, Fault fault) {
        return on().where(call -> call.index() == index).inject(fault);
    }

    /**
     * Disturbs a call and all that follow it.
     *
     * @param index number of the first one among all calls of this file system, from 0
     * @param fault what happens to them
     * @return the armed rule
     */
    public FaultRule failFrom(long index, Fault fault) {
        return on().where(call -> call.index() >= index).inject(fault);
    }

    /** Disarms all rules. */
    public void clearRules() {
        rules.clear();
    }

    void arm(FaultRule rule) {
        rules.add(rule);
    }

    void disarm(FaultRule rule) {
        rules.remove(rule);
    }

    // ---- counters -----------------------------------------------------------------------------

    /**
     * How many calls there were.
     *
     * @return of all kinds; the index of the next one
     */
    public long calls() {
        return calls.get();
    }

    /**
     * How many calls there were of one kind.
     *
     * @param operation which
     * @return disturbed ones included
     */
    public long calls(Operation operation) {
        return callsByOperation.get(operation.ordinal());
    }

    /**
     * How many handles were opened and not closed. A test that ends with another number than it
     * began with has found a leak.
     *
     * @return how many
     */
    public long openHandles() {
        return openHandles.get();
    }

    /** From now on all calls are remembered, for {@link #trace}. */
    public void startTrace() {
        synchronized (trace) {
            trace.clear();
        }
        tracing = true;
    }

    /**
     * The calls since {@link #startTrace}, in the order they came in.
     *
     * @return a list of the caller's own
     */
    public List<Call> trace() {
        synchronized (trace) {
            return new ArrayList<>(trace);
        }
    }

    // ---- the file system ----------------------------------------------------------------------

    @Override
    public FileHandle open(Path file, OpenMode mode) {
        boolean creates = mode == OpenMode.CREATE && inner.info(file) == null;
        Call call = enter(creates ? Operation.CREATE : Operation.OPEN, file, 0, 0);
        Fault fault = faultFor(call);
        failBefore(call, fault);
        FileHandle handle = inner.open(file, mode);
        if (fault instanceof Fault.ErrorAfter after) {
            handle.close();
            throw Fault.exception(call, after.errno());
        }
        openHandles.getAndIncrement();
        return new FaultyHandle(this, handle, byteShiftTransferMax);
    }

    @Override
    public void createDirectory(Path dir) {
        run(enter(Operation.CREATE_DIRECTORY, dir, 0, 0), () -> inner.createDirectory(dir));
    }

    @Override
    public List<DirectoryEntry> list(Path dir) {
        return answer(enter(Operation.LIST, dir, 0, 0), () -> inner.list(dir));
    }

    @Override
    public FileInfo info(Path path) {
        return answer(enter(Operation.INFO, path, 0, 0), () -> inner.info(path));
    }

    @Override
    public void delete(Path file) {
        run(enter(Operation.DELETE, file, 0, 0), () -> inner.delete(file));
    }

    @Override
    public void rename(Path source, Path target) {
        run(enter(Operation.RENAME, source, 0, 0), () -> inner.rename(source, target));
    }

    @Override
    public boolean cloneFile(Path source, Path target) {
        return answer(enter(Operation.CLONE, source, 0, 0), () -> inner.cloneFile(source, target));
    }

    @Override
    public boolean link(Path existing, Path link) {
        return answer(enter(Operation.LINK, existing, 0, 0), () -> inner.link(existing, link));
    }

    @Override
    public void deleteDirectory(Path dir) {
        run(enter(Operation.DELETE_DIRECTORY, dir, 0, 0), () -> inner.deleteDirectory(dir));
    }

    @Override
    public DirectoryHandle openDirectory(Path dir) {
        Call call = enter(Operation.OPEN_DIRECTORY, dir, 0, 0);
        Fault fault = faultFor(call);
        failBefore(call, fault);
        DirectoryHandle handle = inner.openDirectory(dir);
        if (fault instanceof Fault.ErrorAfter after) {
            handle.close();
            throw Fault.exception(call, after.errno());
        }
        openHandles.getAndIncrement();
        return new FaultyDirectoryHandle(this, handle);
    }

    @Override
    public long availableBytes(Path dir) {
        return number(enter(Operation.AVAILABLE_BYTES, dir, 0, 0), () -> inner.availableBytes(dir));
    }

    @Override
    public DirectoryLock lock(Path dir, LockMode mode) {
        Call call = enter(Operation.LOCK, dir, 0, 0);
        Fault fault = faultFor(call);
        failBefore(call, fault);
        DirectoryLock lock = inner.lock(dir, mode);
        if (fault instanceof Fault.ErrorAfter after) {
            lock.close();
            throw Fault.exception(call, after.errno());
        }
        return lock;
    }

    // ---- for handles --------------------------------------------------------------------------

    Call enter(Operation operation, Path path, long offset, long length) {
        Call call = new Call(calls.getAndIncrement(), operation, path, offset, length);
        callsByOperation.getAndIncrement(operation.ordinal());
        if (tracing) {
            synchronized (trace) {
                trace.add(call);
            }
        }
        return call;
    }

    /**
     * The fault of the first rule that hits; pauses and actions have taken place when it returns.
     */
    Fault faultFor(Call call) {
        for (FaultRule rule : rules) {
            Fault fault = rule.hit(call);
            switch (fault) {
                case null -> {}
                case Fault.Pause pause -> pause.point().pause();
                case Fault.Run run -> run.action().accept(call);
                default -> {
                    return fault;
                }
            }
        }
        return null;
    }

    static void failBefore(Call call, Fault fault) {
        if (fault instanceof Fault.Error error) {
            throw Fault.exception(call, error.errno());
        }
    }

    static void failAfter(Call call, Fault fault) {
        if (fault instanceof Fault.ErrorAfter error) {
            throw Fault.exception(call, error.errno());
        }
    }

    void run(Call call, Runnable work) {
        Fault fault = faultFor(call);
        failBefore(call, fault);
        if (!(fault instanceof Fault.Skip)) {
            work.run();
        }
        failAfter(call, fault);
    }

    <T> T answer(Call call, Supplier<T> work) {
        Fault fault = faultFor(call);
        failBefore(call, fault);
        T answer = work.get();
        failAfter(call, fault);
        return answer;
    }

    long number(Call call, LongSupplier work) {
        Fault fault = faultFor(call);
        failBefore(call, fault);
        long number = work.getAsLong();
        failAfter(call, fault);
        return fault instanceof Fault.Answer answer ? answer.value() : number;
    }

    void handleClosed() {
        openHandles.getAndDecrement();
    }
}
