package io.raftengine.log.io;

import io.raftengine.error.OutOfSpaceException;
import io.raftengine.error.RaftEngineException;
import io.raftengine.error.StorageException;
import java.nio.file.Path;

/** Error numbers of the system as exceptions. */
final class Failures {
    private Failures() {}

    /**
     * The exception for a failed call.
     *
     * @param file what was worked on
     * @param operation the call, with its offset and length
     * @param negativeErrno the call's result, the negated error number
     */
    static RaftEngineException of(Path file, String operation, long negativeErrno) {
        int errno = (int) -negativeErrno;
        String text = LinuxCalls.text(errno);
        if (errno == LinuxCalls.ENOSPC || errno == LinuxCalls.EDQUOT) {
            return new OutOfSpaceException(
                    file.toString(), operation + ": " + text + " (errno " + errno + ")");
        }
        return new StorageException(file.toString(), operation, errno, text);
    }
}
