package io.raftengine.testing.fs;

import io.raftengine.error.OutOfSpaceException;
import io.raftengine.error.RaftEngineException;
import io.raftengine.error.StorageException;
import java.util.function.Consumer;

/**
 * What happens to a call instead of, before or after its effect. Immutable; any number of rules may
 * share one.
 */
public sealed interface Fault {
    /** Error number of a broken disk. */
    int EIO = 5;

    /** Error number of a full disk. */
    int ENOSPC = 28;

    /**
     * Nothing is done and an error is reported. A close is done all the same, as systems do.
     *
     * @param errno the error number; {@link #ENOSPC} becomes an {@link OutOfSpaceException}
     */
    record Error(int errno) implements Fault {}

    /**
     * The call is done and an error is reported nevertheless: bytes of a failed write are in the
     * file.
     *
     * @param errno the error number
     */
    record ErrorAfter(int errno) implements Fault {}

    /**
     * A read or write transfers only the first bytes, as far as there are any, and reports an
     * error.
     *
     * @param bytes how many are transferred
     * @param errno the error number
     */
    record ErrorAfterBytes(int bytes, int errno) implements Fault {}

    /**
     * A read or write transfers at most so many bytes. Other calls are not touched.
     *
     * @param bytes how many; 0 makes a write return 0, and a read pretend the end of the file
     */
    record ShortTransfer(int bytes) implements Fault {}

    /** Nothing is done and success is reported: a delete that is skipped, a sync that lies. */
    record Skip() implements Fault {}

    /**
     * A call that answers with a number ({@link Operation#SIZE}, {@link Operation#AVAILABLE_BYTES})
     * answers with this.
     *
     * @param value the answer
     */
    record Answer(long value) implements Fault {}

    /**
     * One bit of what a read delivers is wrong; the file is not touched.
     *
     * @param position which byte of the transfer, from 0; none if the transfer is shorter
     * @param bit 0 to 7
     */
    record FlipBit(int position, int bit) implements Fault {}

    /**
     * The call waits, then goes on as if nothing had happened.
     *
     * @param point where
     */
    record Pause(PausePoint point) implements Fault {}

    /**
     * Something is run in the calling thread before the call, which then goes on. May throw, use
     * other file systems, take a {@link SimulatedFileSystem#crashImage}.
     *
     * @param action what
     */
    record Run(Consumer<Call> action) implements Fault {}

    /**
     * A broken disk: {@link Error} with {@link #EIO}.
     *
     * @return the fault
     */
    static Fault error() {
        return new Error(EIO);
    }

    /**
     * A full disk: {@link Error} with {@link #ENOSPC}.
     *
     * @return the fault
     */
    static Fault noSpace() {
        return new Error(ENOSPC);
    }

    /** The exception of a call that failed. */
    static RaftEngineException exception(Call call, int errno) {
        String operation =
                call.operation()
                        + " at "
                        + call.offset()
                        + ", length "
                        + call.length()
                        + ", call "
                        + call.index();
        return errno == ENOSPC
                ? new OutOfSpaceException(
                        call.path().toString(), operation + ": ordered by the test (errno 28)")
                : new StorageException(
                        call.path().toString(), operation, errno, "ordered by the test");
    }
}
