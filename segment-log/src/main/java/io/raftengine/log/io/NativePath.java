package io.raftengine.log.io;

import io.raftengine.error.InvalidArgumentException;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.Path;

/** A path as the zero-terminated bytes that system calls want. */
final class NativePath {
    private NativePath() {}

    /** Returns the address of the C string, which lives as long as {@code arena}. */
    static long allocate(Arena arena, Path path) {
        byte[] bytes = bytes(path);
        MemorySegment text = arena.allocate(bytes.length + 1L);
        MemorySegment.copy(bytes, 0, text, ValueLayout.JAVA_BYTE, 0, bytes.length);
        return text.address();
    }

    static byte[] bytes(Path path) {
        if (!path.getFileSystem().equals(FileSystems.getDefault())) {
            throw new InvalidArgumentException(
                    "path "
                            + path
                            + " belongs to "
                            + path.getFileSystem()
                            + ", not to this machine");
        }
        String text = path.toString();
        if (text.isEmpty()) {
            return new byte[] {'.'};
        }
        byte[] ascii = new byte[text.length()];
        for (int i = 0; i < ascii.length; i++) {
            char c = text.charAt(i);
            if (c >= 0x80) {
                return bytesOfUri(path);
            }
            ascii[i] = (byte) c;
        }
        return ascii;
    }

    /**
     * The bytes the path was made of. Its text does not have them in a locale without UTF-8, where
     * a directory named in UTF-8 is all replacement characters; its URI has them, escaped one by
     * one.
     */
    private static byte[] bytesOfUri(Path path) {
        String escaped = path.toUri().getRawPath();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(escaped.length());
        byte[] text = escaped.getBytes(StandardCharsets.US_ASCII);
        for (int i = 0; i < text.length; i++) {
            if (text[i] == '%') {
                bytes.write(Integer.parseInt(escaped, i + 1, i + 3, 16));
                i += 2;
            } else {
                bytes.write(text[i]);
            }
        }
        return bytes.toByteArray();
    }
}
