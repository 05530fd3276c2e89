package io.raftengine.ctl;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.engine.Durability;
import io.raftengine.engine.EngineConfig;
import io.raftengine.engine.LogBatch;
import io.raftengine.engine.RaftEngine;
import io.raftengine.log.io.FileSystem;
import io.raftengine.testing.forge.ItemForge;
import io.raftengine.testing.forge.SegmentForge;
import io.raftengine.testing.fs.Fault;
import io.raftengine.testing.fs.FaultyFileSystem;
import io.raftengine.testing.fs.Operation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is printed of whole and of damaged directories (H15, D5, D25). */
class DumpCommandTest {
    @TempDir Path dir;

    private void segments(int count) {
        for (int seq = 1; seq <= count; seq++) {
            new SegmentForge(2, seq).batch(new ItemForge().compact(7, seq)).writeTo(dir);
        }
    }

    private static String line(int seq) {
        return "{\"file\":\""
                + SegmentForge.appendName(seq)
                + "\",\"offset\":69,\"group\":7,\"op\":\"compact\",\"index\":"
                + seq
                + "}";
    }

    @ParameterizedTest
    @EnumSource(names = {"OPEN", "READ"})
    void aSegmentThatCannotBeReadIsALineAndTheNextOneGoesOn(Operation refused) {
        segments(3);
        FaultyFileSystem fs = new FaultyFileSystem(FileSystem.local());
        fs.on(refused)
                .onFiles(name -> name.equals(SegmentForge.appendName(2)))
                .inject(Fault.error());

        Cli cli = Cli.run(new DumpCommand(fs), "--path", dir.toString());

        assertThat(cli.lines()).hasSize(3).startsWith(line(1)).endsWith(line(3));
        assertThat(cli.lines().get(1))
                .startsWith("{\"file\":\"0000000000000002.raftlog\",\"offset\":0,\"error\":\"");
        assertThat(cli.status()).isEqualTo(1);
        assertThat(cli.err()).isEmpty();
    }

    /** H15: what an engine has written, in batches of none, one and two, is there item by item. */
    @Test
    void everythingAnEngineWroteIsDumpedInOrder() {
        Path data = dir.resolve("data");
        List<String> written = new ArrayList<>();
        try (RaftEngine engine = RaftEngine.open(EngineConfig.builder(data).build());
                LogBatch batch = engine.newBatch()) {
            engine.write(batch, Durability.SYNC);
            for (int i = 0; i < 2; i++) {
                int first = 1 + 4 * i;
                addFive(batch, first, written);
                engine.write(batch, i == 0 ? Durability.SYNC : Durability.BUFFERED);
            }
        }

        Cli dump = Cli.run("dump", "--path", data.toString(), "--raft-groups", "7,8");

        assertThat(dump.status()).isZero();
        assertThat(dump.err()).isEmpty();
        assertThat(dump.lines()).hasSize(10);
        assertThat(dump.lines().stream().map(line -> line.replaceFirst(".*(?=\"group\")", "{")))
                .isEqualTo(written);
        // Without a choice there is nothing else but what the engine noted for itself.
        assertThat(Cli.run("dump", "--path", data.toString()).lines())
                .filteredOn(line -> !line.contains("\"group\":0,"))
                .isEqualTo(dump.lines());

        Path rewrite = data.resolve(SegmentForge.rewriteName(1));
        Cli nothing = Cli.run("dump", "--path", rewrite.toString());
        assertThat(nothing).isEqualTo(new Cli(0, "", ""));
    }

    private static void addFive(LogBatch batch, int first, List<String> written) {
        byte[] key = {'k'};
        batch.addEntries(7, first, List.of(new byte[300], new byte[0], new byte[9000]));
        written.add("{\"group\":7,\"op\":\"entries\",\"first\":" + first + ",\"count\":3}");
        batch.put(8, key, new byte[] {'v'});
        written.add("{\"group\":8,\"op\":\"put\",\"key\":\"aw==\",\"value\":\"dg==\"}");
        batch.delete(8, key);
        written.add("{\"group\":8,\"op\":\"delete\",\"key\":\"aw==\"}");
        batch.addEntry(7, first + 3, new byte[] {1});
        written.add("{\"group\":7,\"op\":\"entries\",\"first\":" + (first + 3) + ",\"count\":1}");
        batch.compactTo(7, first + 2);
        written.add("{\"group\":7,\"op\":\"compact\",\"index\":" + (first + 2) + "}");
    }

    /** H15. */
    @ParameterizedTest
    @ValueSource(strings = {"missing", "missing/0000000000000001.raftlog", "LOCK"})
    void whatIsNoDirectoryOrSegmentIsAnError(String name) throws IOException {
        Files.createFile(dir.resolve("LOCK"));
        Cli cli = Cli.run("dump", "--path", dir.resolve(name).toString());
        assertThat(cli.status()).isEqualTo(1);
        assertThat(cli.out()).isEmpty();
        assertThat(cli.err().lines()).singleElement().asString().contains(name);
        assertThat(dir.resolve("missing")).doesNotExist();
    }

    /** D5: what a kill leaves of a header. To a check it is no damage either. */
    @Test
    void aLastSegmentWhoseHeaderWasBegunIsTornToDumpAndCheck() throws IOException {
        segments(1);
        byte[] header = Arrays.copyOf(SegmentForge.header(2, 0), 20);
        Files.write(dir.resolve(SegmentForge.appendName(2)), header);

        Cli dump = Cli.run("dump", "--path", dir.toString());
        Cli check = Cli.run("check", "--path", dir.toString());

        String tail = "{\"file\":\"0000000000000002.raftlog\",\"end\":0,\"tail\":\"torn\"}";
        assertThat(dump.lines()).isEqualTo(List.of(line(1), tail));
        assertThat(dump.status()).isZero();
        assertThat(check.lines()).contains(tail);
        assertThat(check.status()).isZero();
    }
}
