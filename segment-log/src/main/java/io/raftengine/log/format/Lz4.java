package io.raftengine.log.format;

import io.raftengine.allocator.MemoryBudget;
import io.raftengine.error.UnsupportedFeatureException;
import java.nio.ByteBuffer;
import net.jpountz.lz4.LZ4Exception;
import net.jpountz.lz4.LZ4Factory;
import net.jpountz.lz4.LZ4JNIFastResetCompressor;
import net.jpountz.lz4.LZ4SafeDecompressor;

/**
 * LZ4 blocks by the native library, and only by it: its Java substitutes are several times slower
 * and allocate, so a silent fallback would be a slow engine that nobody can explain.
 *
 * <p>Compression keeps its state, about 16 KiB of native memory, which is charged to the budget.
 * One thread at a time; {@link #decompress} is for all threads. Nothing is allocated per call.
 */
public final class Lz4 implements AutoCloseable {
    /** Longest input of one block; longer content is stored as it is. */
    public static final int INPUT_BYTES_MAX = 2_113_929_216;

    /** Size of the compressor's state, which the library allocates on its own. */
    private static final int STATE_BYTES = 16_416;

    private final MemoryBudget budget;
    private LZ4JNIFastResetCompressor compressor;

    /**
     * A compressor; its state is allocated when it is first used.
     *
     * @param budget pays for the state
     */
    public Lz4(MemoryBudget budget) {
        this.budget = budget;
    }

    /** The library, loaded when the first block needs it. */
    private static final class Library {
        static final LZ4Factory FACTORY = load();
        static final LZ4SafeDecompressor DECOMPRESSOR = FACTORY.safeDecompressor();

        private static LZ4Factory load() {
            try {
                return LZ4Factory.nativeInstance();
            } catch (LinkageError | RuntimeException e) {
                throw new UnsupportedFeatureException(
                        "the native LZ4 library cannot be loaded on this platform: " + e, e);
            }
        }
    }

    /**
     * Compresses one block between direct buffers.
     *
     * @param source where the content is
     * @param from index of its first byte
     * @param length its length, 1 to {@link #INPUT_BYTES_MAX}
     * @param target where the block goes
     * @param at index of its first byte there
     * @param room how long it may become
     * @param acceleration 1 is the best and slowest; what the reference calls the compression level
     * @return length of the block, or 0 if it needs more room
     * @throws UnsupportedFeatureException the native library cannot be loaded
     * @throws io.raftengine.error.MemoryLimitException the budget has not enough left for the state
     */
    public int compress(
            ByteBuffer source,
            int from,
            int length,
            ByteBuffer target,
            int at,
            int room,
            int acceleration) {
        LZ4JNIFastResetCompressor c = compressor(acceleration);
        try {
            return c.compress(source, from, length, target, at, room);
        } catch (LZ4Exception e) {
            return 0;
        }
    }

    /**
     * Decompresses one block between direct buffers.
     *
     * @param source where the block is
     * @param from index of its first byte
     * @param length its length
     * @param target where the content goes
     * @param at index of its first byte there
     * @param room how long it may become
     * @return length of the content, or -1 if the block is no LZ4 or unfolds to more than {@code
     *     room}
     * @throws UnsupportedFeatureException the native library cannot be loaded
     */
    public static int decompress(
            ByteBuffer source, int from, int length, ByteBuffer target, int at, int room) {
        LZ4SafeDecompressor decompressor = decompressor();
        try {
            return decompressor.decompress(source, from, length, target, at, room);
        } catch (LZ4Exception e) {
            return -1;
        }
    }

    @Override
    public void close() {
        if (compressor != null) {
            compressor.close();
            compressor = null;
            budget.release(STATE_BYTES);
        }
    }

    private static LZ4SafeDecompressor decompressor() {
        try {
            return Library.DECOMPRESSOR;
        } catch (ExceptionInInitializerError e) {
            throw unavailable(e.getCause());
        } catch (NoClassDefFoundError e) {
            throw unavailable(e);
        }
    }

    private static LZ4Factory factory() {
        try {
            return Library.FACTORY;
        } catch (ExceptionInInitializerError e) {
            throw unavailable(e.getCause());
        } catch (NoClassDefFoundError e) {
            throw unavailable(e);
        }
    }

    private static RuntimeException unavailable(Throwable cause) {
        return cause instanceof UnsupportedFeatureException known
                ? known
                : new UnsupportedFeatureException(
                        "the native LZ4 library cannot be loaded on this platform", cause);
    }

    private LZ4JNIFastResetCompressor compressor(int acceleration) {
        if (compressor == null || compressor.getAcceleration() != acceleration) {
            LZ4Factory factory = factory();
            close();
            budget.reserve(STATE_BYTES);
            try {
                compressor = factory.fastResetCompressor(acceleration);
            } catch (RuntimeException | Error e) {
                budget.release(STATE_BYTES);
                throw e;
            }
        }
        return compressor;
    }
}
