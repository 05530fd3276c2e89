package io.raftengine.log.segment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftengine.allocator.MemoryBudget;
import io.raftengine.error.StorageException;
import io.raftengine.log.io.FileHandle;
import io.raftengine.log.io.FileSystem;
import io.raftengine.log.io.FileSystem.OpenMode;
import io.raftengine.log.io.ForwardingFileHandle;
import io.raftengine.log.io.ForwardingFileSystem;
import io.raftengine.log.io.Iovecs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Zeros reach the file whatever the way past the page cache is like. */
class ZeroFillerTest {
    private static final int EIO = 5;
    private static final int ENOTBLK = 15;
    private static final int EINVAL = 22;
    private static final int EOPNOTSUPP = 95;
    private static final int EMFILE = 24;
    private static final int CALL = Zeros.CALL_BYTES;
    private static final int BEGIN = 8192;

    /** Two calls, and a part of one that is no whole piece. */
    private static final int END = BEGIN + 2 * CALL + Zeros.PIECE_BYTES + 4096;

    @TempDir private Path dir;
    private final Ways fs = new Ways();
    private final Zeros zeros = new Zeros(MemoryBudget.unlimited());
    private PreparedFile file;

    /** Notes which way the bytes go. The way past the cache is as difficult as a test wants. */
    private static final class Ways extends ForwardingFileSystem {
        int openErrno;
        int writeErrno;
        int goodWrites;
        long shortWrite;
        final List<String> writes = new ArrayList<>();
        int open;

        Ways() {
            super(FileSystem.local());
        }

        @Override
        public FileHandle open(Path file, OpenMode mode) {
            boolean direct = mode == OpenMode.DIRECT;
            if (direct && openErrno != 0) {
                throw new StorageException(file.toString(), "open", openErrno, "as programmed");
            }
            FileHandle handle = super.open(file, direct ? OpenMode.WRITE : mode);
            open++;
            return new Way(handle, direct);
        }

        private final class Way extends ForwardingFileHandle {
            private final boolean direct;

            Way(FileHandle file, boolean direct) {
                super(file);
                this.direct = direct;
            }

            @Override
            public long write(long address, long length, long offset) {
                writes.add("cached " + length);
                return super.write(address, length, offset);
            }

            @Override
            public long writeVector(long iovecs, int count, long offset) {
                assertThat(direct).isTrue();
                for (int i = 0; i < count; i++) {
                    assertThat(Iovecs.base(iovecs, i) % 4096).as("address").isZero();
                    assertThat(Iovecs.length(iovecs, i) % 4096).as("length").isZero();
                }
                assertThat(offset % 4096).as("offset").isZero();
                if (writeErrno != 0 && goodWrites-- == 0) {
                    throw new StorageException(
                            path().toString(), "write", writeErrno, "as programmed");
                }
                long written =
                        shortWrite == 0
                                ? super.writeVector(iovecs, count, offset)
                                : super.write(Iovecs.base(iovecs, 0), shortWrite, offset);
                writes.add("direct " + written);
                return written;
            }

            @Override
            public void close() {
                open--;
                super.close();
            }
        }
    }

    @BeforeEach
    void aFileOfJunk() throws IOException {
        Path path = dir.resolve("prepared-1.tmp");
        byte[] junk = new byte[END + BEGIN];
        Arrays.fill(junk, (byte) 0x5a);
        Files.write(path, junk);
        file = new PreparedFile(path, fs.open(path, OpenMode.WRITE), null);
    }

    @AfterEach
    void everythingIsClosed() {
        file.handle.close();
        assertThat(fs.open).isZero();
        zeros.close();
    }

    private void fill() {
        try (ZeroFiller filler = new ZeroFiller(fs, file.handle, zeros)) {
            filler.write(BEGIN, END);
        }
    }

    private void assertFilled() throws IOException {
        byte[] expected = new byte[END + BEGIN];
        Arrays.fill(expected, 0, BEGIN, (byte) 0x5a);
        Arrays.fill(expected, END, END + BEGIN, (byte) 0x5a);
        assertThat(Files.readAllBytes(file.path)).isEqualTo(expected);
    }

    private static String cached(int bytes) {
        return "cached " + bytes;
    }

    @Test
    void zerosGoPastTheCache() throws IOException {
        fill();
        assertFilled();
        assertThat(fs.writes)
                .containsExactly(
                        "direct " + CALL, "direct " + CALL, "direct " + (Zeros.PIECE_BYTES + 4096));
    }

    @ParameterizedTest
    @ValueSource(ints = {EMFILE, EINVAL})
    void withoutAWayPastItTheyGoThroughTheCacheInSmallPieces(int errno) throws IOException {
        fs.openErrno = errno;
        fill();
        assertFilled();
        assertThat(fs.writes)
                .hasSize(10)
                .startsWith(cached(Zeros.PIECE_BYTES))
                .endsWith(cached(4096));
    }

    @ParameterizedTest
    @ValueSource(ints = {EINVAL, ENOTBLK, EOPNOTSUPP})
    void aDeviceWithOtherRulesGetsTheRestThroughTheCache(int errno) throws IOException {
        fs.writeErrno = errno;
        fs.goodWrites = 1;
        fill();
        assertFilled();
        assertThat(fs.writes)
                .startsWith("direct " + CALL, cached(Zeros.PIECE_BYTES))
                .endsWith(cached(4096))
                .hasSize(7);
    }

    /** What would come next is no whole page, which no way past the cache takes. */
    @Test
    void aWriteThatEndsWithinAPageIsRepeatedThroughTheCache() throws IOException {
        fs.shortWrite = 512;
        fill();
        assertFilled();
        assertThat(fs.writes).startsWith("direct 512", cached(Zeros.PIECE_BYTES)).hasSize(11);
    }

    @Test
    void aWriteThatIsShortByPagesIsContinued() throws IOException {
        fs.shortWrite = 4096;
        fill();
        assertFilled();
        assertThat(fs.writes).hasSize((END - BEGIN) / 4096).containsOnly("direct 4096");
    }

    @Test
    void aDiskErrorIsNoReasonForAnotherWay() {
        fs.writeErrno = EIO;
        assertThatThrownBy(this::fill)
                .isInstanceOfSatisfying(
                        StorageException.class, e -> assertThat(e.errno()).isEqualTo(EIO));
        assertThat(fs.writes).isEmpty();
    }
}
