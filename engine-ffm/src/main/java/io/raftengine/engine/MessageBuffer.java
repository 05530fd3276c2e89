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
    private static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
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

    /**
     * Copies from a caller's native segment, whose own bounds and liveness are checked by the copy.
     */
    static void copyIn(MemorySegment source, long offset, long address, int length) {
        MemorySegment.copy(source, offset, ALL, address, length);
    }

    static byte[] copyOut(MemorySegment source, long offset, int length) {
        byte[] copy = new byte[length];
        MemorySegment.copy(source, ValueLayout.JAVA_BYTE, offset, copy, 0, length);
        return copy;
    }
}
