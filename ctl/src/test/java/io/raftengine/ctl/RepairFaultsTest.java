package io.raftengine.ctl;

import static io.raftengine.ctl.RepairFixture.bytes;
import static io.raftengine.ctl.RepairFixture.content;
import static io.raftengine.ctl.RepairFixture.entries;
import static io.raftengine.ctl.RepairFixture.flip;
import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.error.RaftEngineException;
import io.raftengine.log.io.FileSystem;
import io.raftengine.testing.campaign.Seed;
import io.raftengine.testing.forge.ItemForge;
import io.raftengine.testing.forge.SegmentForge;
import io.raftengine.testing.fs.DirectoryCopy;
import io.raftengine.testing.fs.Fault;
import io.raftengine.testing.fs.FaultRule;
import io.raftengine.testing.fs.FaultyFileSystem;
import io.raftengine.testing.fs.SimulatedFileSystem;
import io.raftengine.testing.model.GroupState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every call to the file system fails, once or for good, while a directory is repaired. */
class RepairFaultsTest {
    private static final String[] RULES = {
        "group *: keep existing", "group 2: drop-before 3", "group 3: remove"
    };

    @TempDir Path temp;
    private int runs;

    /** Both queues, an atomic group, a damaged segment, an unreadable block, a torn tail. */
    private RepairFixture damaged() {
        RepairFixture fixture = new RepairFixture(temp.resolve("run-" + runs++));
        SegmentForge rewrite = new SegmentForge(2, 4);
        rewrite.batch(content(1, 1, 2), entries(new ItemForge().marker(9, 0), 0, 1, 1, 2));
        entries(rewrite, 2, 1, 4);
        rewrite.batch(content(1, 3, 2), entries(new ItemForge().marker(9, 2), 0, 1, 3, 2));
        rewrite.writeRewriteTo(fixture.source);
        SegmentForge one = new SegmentForge(2, 7);
        entries(one, 1, 5, 3);
        int block = one.position() + 20;
        entries(entries(entries(one, 1, 8, 1), 3, 1, 1), 1, 9, 2);
        flip(one.writeTo(fixture.source), block);
        SegmentForge two = new SegmentForge(2, 8);
        entries(two, 2, 5, 3);
        int broken = two.position() + 1;
        entries(entries(two, 2, 8, 3), 4, 1, 1);
        flip(two.writeTo(fixture.source), broken);
        SegmentForge three = entries(new SegmentForge(2, 9), 5, 1, 2);
        three.raw(new byte[300]).writeTo(fixture.source);
        return fixture;
    }

    @Test
    void theRepairItself() {
        RepairFixture fixture = damaged();
        Map<Long, GroupState> state = fixture.repair(RULES);
        assertThat(RepairFixture.range(state, 1)).isEqualTo("1..7");
        assertThat(RepairFixture.range(state, 2)).isEqualTo("3..7");
        assertThat(RepairFixture.range(state, 3)).isEqualTo("absent");
        assertThat(RepairFixture.range(state, 4)).isEqualTo("absent");
        assertThat(RepairFixture.range(state, 5)).isEqualTo("1..2");
    }

    @ParameterizedTest
    @CsvSource({"false,false", "true,false", "false,true", "true,true"})
    void everyCallMayFailAndNeitherSourceNorTargetShowsIt(boolean forGood, boolean noSpace)
            throws IOException {
        RepairFixture fixture = damaged();
        FileSystem plain = fixture.fs;
        Map<Long, GroupState> expected = fixture.repair(RULES);
        delete(fixture.target);
        Map<String, String> before = bytes(fixture.source);
        Path staging = fixture.target.resolveSibling("target.repairing");
        Fault fault = noSpace ? Fault.noSpace() : Fault.error();
        int failed = 0;
        for (long call = 0; ; call++) {
            FaultyFileSystem faulty = new FaultyFileSystem(plain);
            fixture.fs = faulty;
            FaultRule rule = forGood ? faulty.failFrom(call, fault) : faulty.failCall(call, fault);
            boolean done = repaired(fixture);
            fixture.fs = plain;
            String name = "call " + call;
            assertThat(bytes(fixture.source)).as(name).isEqualTo(before);
            assertThat(faulty.openHandles()).as(name + ": handles").isZero();
            assertThat(fixture.budget.reservedBytes()).as(name + ": memory").isZero();
            if (rule.fired() == 0) {
                assertThat(done).isTrue();
                break;
            }
            failed++;
            if (Files.exists(fixture.target)) {
                // Only complete and proven, when not even its name could be taken back.
                assertThat(fixture.state(fixture.target)).as(name).isEqualTo(expected);
                delete(fixture.target);
            } else {
                assertThat(done).as(name).isFalse();
            }
            if (!forGood && !done && Files.exists(staging)) {
                // The failed call was one that tidies up.
                assertThat(bytes(staging)).as(name).isEmpty();
            }
            // Whatever is left, the next repair succeeds.
            assertThat(fixture.repair(RULES)).as(name).isEqualTo(expected);
            assertThat(staging).as(name).doesNotExist();
            delete(fixture.target);
        }
        assertThat(failed).isGreaterThan(60);
    }

    @Test
    void aPowerCutAtAnyCallLeavesAWholeCopyOrNone() {
        RepairFixture fixture = damaged();
        long seed = Seed.orElse(77);
        SimulatedFileSystem disk = new SimulatedFileSystem(seed);
        disk.createDirectories(fixture.source.getParent());
        DirectoryCopy.copy(FileSystem.local(), fixture.source, disk, fixture.source);
        FaultyFileSystem watched = new FaultyFileSystem(disk);
        fixture.fs = watched;
        Map<Long, GroupState> expected = damaged().repair(RULES);
        int[] seen = new int[2];
        watched.on()
                .inject(
                        new Fault.Run(call -> {
                            for (int i = 0; i < 3; i++) {
                                String when = "before call " + call.index() + ", image " + i;
                                cut(fixture, disk, seed, when, expected, seen);
                            }
                        }));
        fixture.repair(RULES);
        watched.clearRules();
        assertThat(seen[0]).as("no copy").isGreaterThan(100);
        int whole = seen[1];
        for (int i = 0; i < 20; i++) {
            cut(fixture, disk, seed, "at the end, image " + i, expected, seen);
        }
        assertThat(seen[1]).as("a copy that was reported is there").isEqualTo(whole + 20);
    }

    /** What the moment is called is what distinguishes its image from those of the same seed. */
    private static void cut(
            RepairFixture fixture,
            SimulatedFileSystem disk,
            long seed,
            String when,
            Map<Long, GroupState> expected,
            int[] seen) {
        SimulatedFileSystem image = disk.crashImage(seed * 31 + when.hashCode());
        if (image.info(fixture.target) == null) {
            seen[0]++;
            return;
        }
        seen[1]++;
        FileSystem before = fixture.fs;
        fixture.fs = image;
        assertThat(fixture.state(fixture.target))
                .as("-Draftengine.seed=%d, %s", seed, when)
                .isEqualTo(expected);
        fixture.fs = before;
    }

    private static boolean repaired(RepairFixture fixture) {
        try {
            fixture.repair(RULES);
            return true;
        } catch (RaftEngineException typed) {
            return false;
        }
    }

    private static void delete(Path dir) throws IOException {
        if (Files.exists(dir)) {
            for (String file : bytes(dir).keySet()) {
                Files.delete(dir.resolve(file));
            }
            Files.delete(dir);
        }
    }
}
