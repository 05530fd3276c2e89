package io.raftengine.it.interop;

import static io.raftengine.testing.model.ScriptProfile.BIG;
import static io.raftengine.testing.model.ScriptProfile.CHURN;
import static io.raftengine.testing.model.ScriptProfile.GC;
import static io.raftengine.testing.model.ScriptProfile.SMALL;
import static io.raftengine.testing.model.ScriptProfile.WIDE;

import io.raftengine.testing.model.Operation;
import io.raftengine.testing.model.ScriptGenerator;
import io.raftengine.testing.model.ScriptJson;
import io.raftengine.testing.model.ScriptProfile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/**
 * Makes the golden set anew: directories that the real engine writes from our scripts, each with
 * the state that the model and the real engine agree on. A deliberate act, with a property that
 * says where to; the README beside the set has the command.
 */
@EnabledIfSystemProperty(named = "raftengine.writeGolden", matches = ".+")
class GoldenMaker {
    /** One directory. Each reopen of the script goes on with the next settings. */
    private record Golden(
            String name,
            ScriptProfile profile,
            int operations,
            int storagePercent,
            boolean killed,
            List<String> settings) {}

    private static final String V1 = " format-version=1 enable-log-recycle=false";

    private static final List<Golden> SET =
            List.of(
                    new Golden("v2", SMALL, 60, 0, false, List.of("target-file-size=4KiB")),
                    new Golden("v1", SMALL, 60, 0, false, List.of("target-file-size=4KiB" + V1)),
                    new Golden(
                            "v1-and-v2",
                            SMALL,
                            90,
                            0,
                            false,
                            List.of("target-file-size=2KiB" + V1, "target-file-size=2KiB")),
                    new Golden(
                            "lz4",
                            BIG,
                            7,
                            0,
                            false,
                            List.of("target-file-size=64KiB batch-compression-threshold=1KiB")),
                    new Golden(
                            "lz4-everything",
                            SMALL,
                            40,
                            0,
                            false,
                            List.of("target-file-size=2KiB batch-compression-threshold=1")),
                    new Golden("many-groups", WIDE, 12, 0, false, List.of("target-file-size=8KiB")),
                    new Golden(
                            "groups-that-come-and-go",
                            CHURN,
                            120,
                            0,
                            true,
                            List.of("target-file-size=4KiB")),
                    new Golden("killed", SMALL, 70, 0, true, List.of("target-file-size=8KiB")),
                    new Golden(
                            "killed-v1", SMALL, 70, 0, true, List.of("target-file-size=8KiB" + V1)),
                    new Golden(
                            "purged",
                            GC,
                            60,
                            25,
                            false,
                            List.of("target-file-size=4KiB purge-threshold=16KiB")),
                    new Golden(
                            "purged-and-killed",
                            GC,
                            60,
                            25,
                            true,
                            List.of("target-file-size=4KiB purge-threshold=16KiB")),
                    new Golden(
                            "recycled",
                            GC,
                            70,
                            30,
                            true,
                            List.of("target-file-size=2KiB purge-threshold=6KiB")),
                    new Golden(
                            "prefilled",
                            SMALL,
                            60,
                            10,
                            true,
                            List.of(
                                    "target-file-size=4KiB purge-threshold=16KiB"
                                            + " prefill-for-recycle=true prefill-limit=8KiB")));

    @TempDir Path temp;

    @Test
    void makeTheSet() throws IOException {
        Path target = Path.of(System.getProperty("raftengine.writeGolden"));
        StringBuilder index = new StringBuilder();
        try (ServedEngine reference =
                ServedEngine.reference(ReferenceBinary.find(), temp.resolve("stderr"))) {
            for (Golden golden : SET) {
                index.append(make(golden, target.resolve(golden.name), reference)).append('\n');
            }
        }
        Files.writeString(target.resolve("index.txt"), index);
    }

    /** Tries seed after seed until the real engine forgets nothing. */
    private String make(Golden golden, Path root, ServedEngine reference) throws IOException {
        for (long seed = 1; ; seed++) {
            Files.createDirectories(root);
            String state = write(golden, seed, root.resolve("data"), reference);
            if (state != null) {
                Files.deleteIfExists(root.resolve("data/LOCK"));
                Files.writeString(root.resolve("expected.jsonl"), state);
                return "%s: profile %s, seed %d, %d operations, %d %% of them about storage, %s; %s"
                        .formatted(
                                golden.name,
                                golden.profile,
                                seed,
                                golden.operations,
                                golden.storagePercent,
                                golden.killed ? "killed" : "closed",
                                String.join("; then ", golden.settings));
            }
            TwoEngines.delete(root);
        }
    }

    private String write(Golden golden, long seed, Path data, ServedEngine reference) {
        List<Operation> script =
                new ScriptGenerator(golden.profile, seed)
                        .reopens(golden.settings.size() > 1 ? 8 : 2)
                        .storageOperations(golden.storagePercent)
                        .generate(golden.operations);
        Judge judge = new Judge();
        int phase = 0;
        reference.open(data, settings(golden, phase));
        for (Operation operation : script) {
            if (operation instanceof Operation.Reopen) {
                reference.shut();
                reference.open(data, settings(golden, ++phase));
                continue;
            }
            judge.run(operation);
            Contender.Outcome outcome = reference.run(operation);
            if (outcome.failed()) {
                if (golden.storagePercent == 0) {
                    throw new AssertionError(ScriptJson.print(operation) + ": " + outcome);
                }
                reference.abandon();
                return null;
            }
        }
        if (golden.killed) {
            reference.abandon();
        } else {
            reference.shut();
        }
        String state = reference.export(data, Settings.PLAIN);
        return state.equals(judge.state()) ? judge.lines() : null;
    }

    private static Settings settings(Golden golden, int phase) {
        Map<String, String> keys = new LinkedHashMap<>();
        for (String pair : golden.settings.get(phase % golden.settings.size()).split(" ")) {
            int equals = pair.indexOf('=');
            keys.put(pair.substring(0, equals), pair.substring(equals + 1));
        }
        keys.putIfAbsent("purge-threshold", "1MiB");
        return new Settings(keys, Map.of());
    }
}
