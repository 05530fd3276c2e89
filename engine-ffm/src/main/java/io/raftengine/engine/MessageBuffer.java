package io.raftengine.engine;

import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.MessageLite;
import io.raftengine.error.InvalidArgumentException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A reusable array that protobuf messages are encoded into on their way off the heap. For one
 * thread.
 */
final class MessageBuffer {
    private static final int KEPT_BYTES_MAX = 1 << 20;

    private byte[] bytes = new byte[256];

    /**
     * Encodes a message and returns its length; the bytes are in {@link #bytes()} until the next
     * call.
     */
    int encode(MessageLite message) {
        int length = message.getSerializedSize();
        if (length > bytes.length || bytes.length > KEPT_BYTES_MAX) {
            bytes = new byte[Math.max(256, length)];
        }
        CodedOutputStream out = CodedOutputStream.newInstance(bytes, 0, length);
        try {
            message.writeTo(out);
            out.flush();
        } catch (IOException tooLong) {
            // An array cannot fail to be written; a message that lies about its size can.
            throw new InvalidArgumentException(
                    "message of class " + message.getClass().getName() + " changed while encoded",
                    tooLong);
        }
        return length;
    }

    byte[] bytes() {
        return bytes;
    }

    static byte[] copyOut(MemorySegment source, long offset, int length) {
        byte[] copy = new byte[length];
        MemorySegment.copy(source, ValueLayout.JAVA_BYTE, offset, copy, 0, length);
        return copy;
    }
}
