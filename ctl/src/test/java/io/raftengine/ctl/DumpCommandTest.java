package io.raftengine.ctl;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.log.io.FileSystem;
import io.raftengine.testing.forge.ItemForge;
import io.raftengine.testing.forge.SegmentForge;
import io.raftengine.testing.fs.Fault;
import io.raftengine.testing.fs.FaultyFileSystem;
import io.raftengine.testing.fs.Operation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

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
