package io.raftengine.ctl;

import com.fasterxml.jackson.core.JsonGenerator;
import io.raftengine.error.RaftEngineException;
import io.raftengine.tools.ErrorClass;
import java.io.IOException;

/**
 * Why an operation failed, as scripts report it.
 *
 * @param errorClass one of the words of {@link ErrorClass}
 * @param message one line for people
 */
record OperationFailure(String errorClass, String message) {
    /** The failure behind an exception; one that is no answer to an operation is thrown on. */
    static OperationFailure of(RuntimeException thrown) {
        return switch (thrown) {
            case RaftEngineException error ->
                    new OperationFailure(ErrorClass.of(error), text(error));
            case MismatchException error -> new OperationFailure(ErrorClass.MISMATCH, text(error));
            default -> throw thrown;
        };
    }

    private static String text(RuntimeException error) {
        return String.valueOf(error.getMessage()).replaceAll("\\s*\\R\\s*", "; ");
    }

    void writeFields(JsonGenerator json) throws IOException {
        json.writeStringField("error", errorClass);
        json.writeStringField("message", message);
    }
}
