package io.raftengine.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Going on in a segment whose header names an alignment, which we read and never write (section 6
 * of the format).
 */
class AlignedSegmentTest {
    private static final String BATCH_AT_80 =
            "0000000000001c00" + "0000000000000010" + "01010301016b0176" + "b02948e8";
    private static final int END = 108;

    /** Zeros behind the last batch: none, less than the padding, all of it, and more. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 4, 5, 15, 16, 17, 300})
    void whatIsWrittenBehindAPaddedBatchIsFoundAgain(int zeros, @TempDir Path dir)
            throws Exception {
        Path segment = dir.resolve("0000000000000001.raftlog");
        Files.write(segment, segmentWith(zeros));
        for (int open = 1; open <= 3; open++) {
            try (RaftEngine engine = RaftEngine.open(EngineConfig.builder(dir).build())) {
                assertThat(engine.get(1, bytes("k"))).isEqualTo(bytes("v"));
                for (int key = 1; key < open; key++) {
                    assertThat(engine.get(1, bytes("key" + key))).isEqualTo(bytes("value" + key));
                }
                try (LogBatch batch = engine.newBatch()) {
                    batch.put(1, bytes("key" + open), bytes("value" + open));
                    engine.write(batch, Durability.SYNC);
                }
            }
        }
    }

    /** I3: the real engine refuses a sealed segment that does not end with a batch. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 4, 5, 300})
    void aSegmentThatIsSealedAsItWasFoundEndsWithItsLastBatch(int zeros, @TempDir Path dir)
            throws Exception {
        Path segment = dir.resolve("0000000000000001.raftlog");
        Files.write(segment, segmentWith(zeros));
        RaftEngine.open(EngineConfig.builder(dir).build()).close();
        assertThat(segment).hasSize(END);
    }

    private static byte[] segmentWith(int zeros) throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(bytes("RAFT-LOG-FILE-HEADER-9986AB3E47F320B394C8E84916EB0ED5"));
        out.write(HexFormat.of().parseHex("0000000000000002" + "0000000000000010"));
        out.write(new byte[11]);
        out.write(HexFormat.of().parseHex(BATCH_AT_80));
        out.write(new byte[zeros]);
        assertThat(out.size()).isEqualTo(END + zeros);
        return out.toByteArray();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
