package io.raftengine.ctl;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.engine.EngineConfig;
import io.raftengine.error.CorruptionException;
import io.raftengine.recovery.DropCause;
import io.raftengine.recovery.DroppedRange;
import io.raftengine.recovery.repair.GroupChange;
import io.raftengine.recovery.repair.Repair;
import io.raftengine.recovery.repair.RepairPlan;
import io.raftengine.testing.campaign.Seed;
import io.raftengine.testing.model.EngineModel;
import io.raftengine.testing.model.GroupState;
import io.raftengine.testing.model.Operation;
import io.raftengine.testing.model.ScriptGenerator;
import io.raftengine.testing.model.ScriptJson;
import io.raftengine.testing.model.ScriptProfile;
import io.raftengine.tools.JsonTree;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Random directories, random damage, the default rule. The directory that comes out opens strictly
 * (the proof of each repair sees to that); a group that no damage touched has exactly the model's
 * state; of the others nothing is shown that was never written; and where the most tolerant mode
 * opens and reads the damaged directory itself, the repaired one shows the same.
 */
class RepairCampaignTest {
    private static final int SEEDS = 150 * Integer.getInteger("raftengine.scale", 1);

    private static final Pattern SEGMENTS = Pattern.compile("\\.(raftlog|rewrite)$");

    @TempDir Path temp;

    /** A damaged directory and what is known about it. */
    private final class Case {
        final String name;
        final SplittableRandom random;
        final RepairFixture fixture;
        final List<Map<Long, GroupState>> history = new ArrayList<>();
        final List<JsonTree> log = new ArrayList<>();

        Case(long seed, int number) {
            ScriptProfile[] profiles = ScriptProfile.values();
            ScriptProfile profile = profiles[number % profiles.length];
            name = "-Draftengine.seed=" + seed + " " + profile;
            random = new SplittableRandom(seed);
            fixture = new RepairFixture(temp.resolve("run-" + number));
            ScriptGenerator generator = new ScriptGenerator(profile, seed).reopens(5);
            if (number % 2 == 1) {
                generator.storageOperations(15);
            }
            List<Operation> script = generator.generate(20 + random.nextInt(60));
            EngineModel model = new EngineModel();
            history.add(Map.of());
            for (Operation operation : script) {
                model.run(operation);
                history.add(byGroup(model.state(true, false)));
            }
            Cli applied =
                    Cli.runWithInput(
                            ScriptJson.print(script),
                            "apply",
                            "--path",
                            fixture.source.toString(),
                            "--script",
                            "-",
                            "--set",
                            "target-file-size=" + (1 + random.nextInt(12)) + "KB",
                            "--set",
                            "purge-threshold=" + (number % 4 == 1 ? "16KB" : "1MB"),
                            "--set",
                            "batch-compression-threshold=" + random.nextInt(2) * 300);
            assertThat(applied.status()).as(name + applied.err()).isZero();
            for (String line : Cli.run("dump", "--path", fixture.source.toString()).lines()) {
                log.add(JsonTree.parse(line.getBytes(StandardCharsets.UTF_8)));
            }
        }

        private static Map<Long, GroupState> byGroup(List<GroupState> states) {
            Map<Long, GroupState> map = new TreeMap<>(Long::compareUnsigned);
            states.forEach(state -> map.put(state.group(), state));
            return map;
        }

        Map<Long, GroupState> last() {
            return history.get(history.size() - 1);
        }

        List<Path> segments() throws IOException {
            try (Stream<Path> files = Files.list(fixture.source)) {
                return files.filter(file -> file.toString().endsWith(".raftlog")).sorted().toList();
            }
        }

        /** Bytes anywhere change, or a file ends early. */
        void damage() throws IOException {
            List<Path> segments = segments();
            for (int i = random.nextInt(3); i >= 0; i--) {
                Path file = segments.get(random.nextInt(segments.size()));
                byte[] bytes = Files.readAllBytes(file);
                if (bytes.length < 71) {
                    continue;
                }
                boolean header = random.nextInt(5) == 0;
                int offset = header ? random.nextInt(69) : 69 + random.nextInt(bytes.length - 69);
                if (!header && random.nextInt(6) == 0) {
                    Files.write(file, Arrays.copyOf(bytes, offset));
                } else {
                    bytes[offset] ^= (byte) (1 << random.nextInt(8));
                    Files.write(file, bytes);
                }
            }
        }

        /** Groups with an item in a range of bytes that is left out. */
        Set<Long> hit(RepairPlan plan) {
            Set<Long> hit = new HashSet<>();
            for (JsonTree item : log) {
                if (!item.has("group")) {
                    continue;
                }
                for (DroppedRange range : plan.report().dropped()) {
                    if (range.path().getFileName().toString().equals(item.text("file"))
                            && item.number("offset") >= range.fromBytes()
                            && !isHeaderOnly(range)) {
                        hit.add(Long.parseUnsignedLong(item.anyText("group")));
                    }
                }
            }
            return hit;
        }
    }

    @Test
    void randomDirectoriesWithRandomDamage() throws IOException {
        long base = Seed.orElse(4000);
        int damaged = 0;
        int refused = 0;
        int changedGroups = 0;
        long headers = 0;
        for (int i = 0; i < SEEDS; i++) {
            Case one = new Case(base + i, i);
            one.damage();
            Map<String, String> before = RepairFixture.bytes(one.fixture.source);
            Map<Long, GroupState> tolerant = tolerant(one);
            refused += tolerant == null ? 1 : 0;
            Set<Long> touched;
            List<String> planned;
            boolean savesMore;
            Map<Long, GroupState> state;
            try (Repair repair = open(one)) {
                RepairPlan plan = repair.plan();
                touched = one.hit(plan);
                damaged += touched.isEmpty() && plan.unreadableBlocks() == 0 ? 0 : 1;
                plan.changes().forEach((GroupChange change) -> touched.add(change.group()));
                planned = RepairFixture.text(plan);
                savesMore = plan.unreadableBlocks() != 0 || savedHeaders(plan) != 0;
                headers += savedHeaders(plan);
                RepairedDirectory proof =
                        new RepairedDirectory(one.fixture.fs, EngineConfig.UNLIMITED);
                repair.write(one.fixture.target, proof::check);
            }
            state = one.fixture.state(one.fixture.target);
            assertThat(RepairFixture.bytes(one.fixture.source)).as(one.name).isEqualTo(before);
            assertThat(one.fixture.plan("group *: keep existing"))
                    .as(one.name + ": what is planned is the same each time")
                    .isEqualTo(planned);
            if (tolerant != null && !savesMore) {
                // An engine drops all behind an unreadable block or header, a repair only that.
                assertThat(state).as(one.name).isEqualTo(tolerant);
            }
            changedGroups += touched.size();
            checkUntouched(one, state, touched);
            for (long group : touched) {
                checkWritten(one, state.get(group));
            }
            assertThat(one.fixture.budget.reservedBytes()).isZero();
        }
        assertThat(damaged).isGreaterThan(SEEDS / 2);
        assertThat(refused).as("that no mode opens and reads").isGreaterThan(SEEDS / 20);
        assertThat(changedGroups).isGreaterThan(SEEDS / 2);
        assertThat(headers).isGreaterThan(SEEDS / 20);
    }

    /** Headers that the batches behind them made up for. */
    private static long savedHeaders(RepairPlan plan) {
        return plan.report().dropped().stream().filter(RepairCampaignTest::isHeaderOnly).count();
    }

    private static boolean isHeaderOnly(DroppedRange range) {
        return range.cause() == DropCause.ROTTEN_HEADER && range.toBytes() == 69;
    }

    private static Repair open(Case one) {
        return Repair.open(
                one.fixture.fs,
                List.of(one.fixture.source),
                RepairFixture.rules("group *: keep existing"),
                Repair.Versions.V2,
                one.fixture.budget);
    }

    private static Map<Long, GroupState> tolerant(Case one) {
        try {
            return one.fixture.state(one.fixture.source, "tolerate-any-corruption");
        } catch (CorruptionException refused) {
            return null;
        }
    }

    private static void checkUntouched(Case one, Map<Long, GroupState> state, Set<Long> touched) {
        Set<Long> groups = new HashSet<>(one.last().keySet());
        groups.addAll(state.keySet());
        groups.removeAll(touched);
        for (long group : groups) {
            assertThat(state.get(group))
                    .as(one.name + ", group " + group + ", which no damage touched")
                    .isEqualTo(one.last().get(group));
        }
    }

    /** Every entry and value was written once, at that index or key of that group. */
    private static void checkWritten(Case one, GroupState found) {
        if (found == null) {
            return;
        }
        for (int i = 0; i < found.entries().size(); i++) {
            long index = found.first() + i;
            String entry = found.entries().get(i);
            assertThat(one.history.stream().map(then -> then.get(found.group())))
                    .as(one.name + ", group " + found.group() + ", entry " + index)
                    .anyMatch(then -> then != null && entry.equals(entryAt(then, index)));
        }
        for (GroupState.KeyValue pair : found.kvs()) {
            assertThat(one.history.stream().map(then -> then.get(found.group())))
                    .as(one.name + ", group " + found.group() + ", key " + pair.key())
                    .anyMatch(then -> then != null && then.kvs().contains(pair));
        }
    }

    private static String entryAt(GroupState state, long index) {
        long at = index - state.first();
        boolean none = state.first() == -1;
        return none || at < 0 || at >= state.entries().size()
                ? null
                : state.entries().get((int) at);
    }

    /**
     * Only entries rot: then nothing else is lost, and each group is what it was at some time, up
     * to some index.
     */
    @Test
    void unreadableEntriesLeaveEachGroupAsItOnceWasUpToSomeIndex() throws IOException {
        long base = Seed.orElse(7000);
        int lost = 0;
        for (int i = 0; i < SEEDS; i++) {
            Case one = new Case(base + i, SEEDS + i);
            rotEntries(one);
            Map<Long, GroupState> state = one.fixture.repair("group *: keep existing");
            List<String> plan = one.fixture.plan("group *: keep existing");
            lost += plan.stream().anyMatch(line -> line.contains("\"repair\":\"lost\"")) ? 1 : 0;
            boolean cut = plan.stream().anyMatch(line -> line.contains("\"damage\""));
            for (GroupState found : state.values()) {
                assertThat(one.history.stream().map(then -> then.get(found.group())))
                        .as(one.name + ", group " + found.group() + ", " + plan)
                        .anyMatch(then -> cut || then != null && isBeginning(found, then));
                if (!cut && one.last().containsKey(found.group())) {
                    assertThat(found.kvs())
                            .as(one.name + ", keys of group " + found.group())
                            .isEqualTo(one.last().get(found.group()).kvs());
                }
            }
        }
        assertThat(lost).isGreaterThan(SEEDS / 3);
    }

    /** The entries are those of that time, but may end earlier, and begin later. */
    private static boolean isBeginning(GroupState found, GroupState then) {
        for (int i = 0; i < found.entries().size(); i++) {
            if (!found.entries().get(i).equals(entryAt(then, found.first() + i))) {
                return false;
            }
        }
        return true;
    }

    private static void rotEntries(Case one) throws IOException {
        List<JsonTree> batches =
                one.log.stream()
                        .filter(item -> item.has("op") && item.text("op").equals("entries"))
                        .toList();
        for (int i = one.random.nextInt(3); i >= 0 && !batches.isEmpty(); i--) {
            JsonTree item = batches.get(one.random.nextInt(batches.size()));
            Path file = one.fixture.source.resolve(item.text("file"));
            byte[] bytes = Files.readAllBytes(file);
            int offset = (int) item.number("offset");
            int section = ByteBuffer.wrap(bytes).getInt(offset + 12);
            if (section > 20) {
                bytes[offset + 16 + one.random.nextInt(section - 16)] ^= 1;
                Files.write(file, bytes);
            }
        }
    }
}
