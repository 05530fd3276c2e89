package io.raftengine.log.format;

import io.raftengine.allocator.Mapping;
import io.raftengine.allocator.Memory;
import io.raftengine.allocator.MemoryBudget;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Properties;

/** Bytes in tests: hex, the worked examples, and the way into and out of off-heap memory. */
final class TestBytes {
    private static final Properties EXAMPLES = load();

    private TestBytes() {}

    static byte[] example(String name) {
        String hex = EXAMPLES.getProperty(name);
        if (hex == null) {
            throw new IllegalArgumentException(name);
        }
        return hex(hex);
    }

    static byte[] hex(String hex) {
        return HexFormat.of().parseHex(hex.replace(" ", ""));
    }

    static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }

    static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    static byte[] concat(byte[]... parts) {
        int length = 0;
        for (byte[] part : parts) {
            length += part.length;
        }
        byte[] all = new byte[length];
        int at = 0;
        for (byte[] part : parts) {
            System.arraycopy(part, 0, all, at, part.length);
            at += part.length;
        }
        return all;
    }

    /** The finished batch, signed. */
    static byte[] encoded(BatchEncoder batch, int signature) {
        int length = (int) batch.encoded().bytes();
        try (Mapping m = Mapping.map(MemoryBudget.unlimited(), Math.max(1, length), "test")) {
            batch.encoded().copyTo(m.address());
            if (length > 0) {
                EncodedBatch.sign(m.address(), length, signature);
            }
            return copy(m.address(), length);
        }
    }

    static byte[] copy(long address, int length) {
        byte[] bytes = new byte[length];
        if (length > 0) {
            Memory.copyToArray(address, bytes, 0, length);
        }
        return bytes;
    }

    private static Properties load() {
        Properties properties = new Properties();
        try (InputStream in = TestBytes.class.getResourceAsStream("worked-examples.properties")) {
            properties.load(in);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return properties;
    }
}
