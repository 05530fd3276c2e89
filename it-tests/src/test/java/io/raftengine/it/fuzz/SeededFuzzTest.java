package io.raftengine.it.fuzz;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import io.raftengine.testing.campaign.Seed;
import io.raftengine.testing.forge.ItemForge;
import io.raftengine.testing.forge.SegmentForge;
import io.raftengine.testing.model.GroupState;
import io.raftengine.testing.model.Item;
import io.raftengine.testing.model.Operation;
import io.raftengine.testing.model.ScriptJson;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Mutates sound inputs, seeded, and throws them at every target; findings stand in {@code
 * findings.txt} and are replayed for ever. {@code -Draftengine.scale=100} makes a campaign of it.
 */
class SeededFuzzTest {
    private static final HexFormat HEX = HexFormat.of();
    private static final long SEED = Seed.orElse(20_251_121);
    private static final int SCALE = Integer.getInteger("raftengine.scale", 1);

    @TempDir Path dir;

    @ParameterizedTest
    @MethodSource("targets")
    void anyBytesGiveAResultOrATypedError(String target) {
        Random random = new Random(SEED ^ target.hashCode());
        List<byte[]> seeds = seeds(target);
        boolean slow = target.equals("segment") || target.equals("directory");
        int runs = (slow ? 400 : 40_000) * SCALE;
        try (FuzzTargets targets = new FuzzTargets(dir)) {
            Predicate<byte[]> code = targets.all().get(target);
            for (int i = 0; i < runs; i++) {
                byte[] input = mutate(seeds.get(random.nextInt(seeds.size())), random);
                try {
                    code.test(input);
                } catch (Throwable untyped) {
                    fail(
                            "-Draftengine.seed=%d, run %d: %s %s"
                                    .formatted(SEED, i, target, HEX.formatHex(input)),
                            untyped);
                }
            }
        }
    }

    /** What is refused from the start gets its mutations no further than the first gate. */
    @ParameterizedTest
    @MethodSource("targets")
    void everyInputGivesAResultBeforeItIsMutated(String target) {
        try (FuzzTargets targets = new FuzzTargets(dir)) {
            assertThat(seeds(target)).allMatch(targets.all().get(target));
        }
    }

    static Set<String> targets() {
        try (FuzzTargets targets = new FuzzTargets(Path.of(""))) {
            return targets.all().keySet();
        }
    }

    @Test
    void findingsStayFixed() throws IOException {
        int replayed = 0;
        try (FuzzTargets targets = new FuzzTargets(dir);
                BufferedReader findings =
                        new BufferedReader(
                                new InputStreamReader(
                                        SeededFuzzTest.class.getResourceAsStream("findings.txt"),
                                        StandardCharsets.US_ASCII))) {
            Map<String, Predicate<byte[]>> code = targets.all();
            for (String line = findings.readLine(); line != null; line = findings.readLine()) {
                if (!line.isBlank() && !line.startsWith("#")) {
                    String[] parts = line.split(" ");
                    code.get(parts[0]).test(HEX.parseHex(parts[1]));
                    replayed++;
                }
            }
        }
        assertThat(replayed).isPositive();
    }

    // ------------------------------------------------------------------------------------------

    private static byte[] mutate(byte[] seed, Random random) {
        byte[] bytes = seed.clone();
        int mutations = 1 + random.nextInt(4);
        for (int i = 0; i < mutations; i++) {
            bytes = mutateOnce(bytes, random);
        }
        return bytes;
    }

    private static byte[] mutateOnce(byte[] bytes, Random random) {
        if (bytes.length == 0) {
            return new byte[] {(byte) random.nextInt()};
        }
        int at = random.nextInt(bytes.length);
        byte[] changed = bytes.clone();
        switch (random.nextInt(7)) {
            case 0 -> changed[at] ^= (byte) (1 << random.nextInt(8));
            case 1 -> changed[at] = (byte) random.nextInt();
            case 2 ->
                    changed[at] =
                            new byte[] {0, 1, 0x7f, (byte) 0x80, (byte) 0xff}[random.nextInt(5)];
            case 3 -> {
                return Arrays.copyOf(bytes, at);
            }
            case 4 -> {
                // A longest varint: what counts and lengths are made of.
                int n = Math.min(bytes.length - at, 1 + random.nextInt(10));
                Arrays.fill(changed, at, at + n, (byte) 0xff);
                changed[at + n - 1] = (byte) random.nextInt(128);
            }
            case 5 -> {
                int length = random.nextInt(Math.min(64, bytes.length - at) + 1);
                changed = Arrays.copyOf(bytes, bytes.length + length);
                System.arraycopy(bytes, at, changed, at + length, bytes.length - at);
            }
            default -> {
                int from = random.nextInt(bytes.length);
                int n = Math.min(bytes.length - Math.max(at, from), 1 + random.nextInt(16));
                System.arraycopy(bytes, from, changed, at, n);
            }
        }
        return changed;
    }

    private static List<byte[]> seeds(String target) {
        List<byte[]> sections = sections();
        return switch (target) {
            case "header" ->
                    List.of(
                            SegmentForge.header(1, 0),
                            SegmentForge.header(2, 0),
                            SegmentForge.header(2, 16));
            case "name" ->
                    texts(
                            "0000000000000001.raftlog",
                            "+000000000000001.rewrite",
                            "0000000000000009x.raftlog.reserved",
                            "prepared-12.tmp");
            case "items" -> sections;
            case "block" ->
                    List.of(
                            HEX.parseHex("01460000007f10011801224078010027507878787878"),
                            HEX.parseHex("000102030405060708"));
            case "segment", "directory" -> segments(sections);
            case "script" -> scripts();
            case "line" ->
                    texts(
                            ScriptJson.print(
                                    new Operation.Write(
                                            true,
                                            List.of(
                                                    new Item.Append(1, 1, 2, List.of(new byte[3])),
                                                    new Item.Append(-1, 7, 0, List.of())))));
            case "size" ->
                    texts(
                            "128MB",
                            "1.5 GiB",
                            "8192",
                            "0",
                            "-1",
                            "true",
                            "2",
                            "0.6",
                            "tolerate-tail-corruption");
            default -> throw new IllegalArgumentException(target);
        };
    }

    /** Each operation by itself, because one that is damaged ends the script; and some together. */
    private static List<byte[]> scripts() {
        byte[] key = {1};
        List<Operation> all =
                List.of(
                        new Operation.Write(
                                true,
                                List.of(
                                        new Item.Append(1, 1, 2, List.of(key, new byte[0])),
                                        new Item.Put(-1, key, new byte[] {0, -1}),
                                        new Item.Delete(1, key))),
                        new Operation.Write(
                                false, List.of(new Item.Compact(1, 2), new Item.Clean(3))),
                        new Operation.CompactTo(-1, 5),
                        new Operation.RewriteAppend(3),
                        new Operation.Rotate(true),
                        new Operation.Expect(
                                List.of(
                                        new GroupState(
                                                1,
                                                1,
                                                1,
                                                "00c0ffee",
                                                List.of("AA=="),
                                                List.of(new GroupState.KeyValue("AQ==", ""))))),
                        new Operation.Reopen());
        List<String> scripts = new ArrayList<>(all.stream().map(ScriptJson::print).toList());
        scripts.add(ScriptJson.print(all));
        return texts(scripts.toArray(String[]::new));
    }

    private static List<byte[]> texts(String... texts) {
        return Arrays.stream(texts).map(t -> t.getBytes(StandardCharsets.UTF_8)).toList();
    }

    private static List<byte[]> sections() {
        return List.of(
                new ItemForge().entries(1, 1, 3, 6, 9).bytes(),
                new ItemForge().entries(1, 2, 10).entries(2, 1, 12).put(1, "key", "value").bytes(),
                new ItemForge().clean(1).compact(2, 300).delete(1, new byte[] {1}).bytes(),
                new ItemForge().marker(5, 0).put(3, "k", "v").bytes(),
                new ItemForge().put(3, "k", "v").marker(5, 2).bytes(),
                new ItemForge().put(7, "k".repeat(100), "v".repeat(120)).bytes());
    }

    /** In the language of the directory target: kind, content, section, again and again. */
    private static List<byte[]> segments(List<byte[]> sections) {
        List<byte[]> all = new ArrayList<>();
        for (int variant = 0; variant < 8; variant++) {
            ItemForge script = new ItemForge();
            for (int file = 0; file < 4; file++) {
                ItemForge part = new ItemForge().raw(variant & 1);
                for (int i = 0; i < 6; i++) {
                    byte[] section = sections.get((variant + i + file) % sections.size());
                    part.raw(i == 3 ? 1 : 4).raw(12).raw(section.length);
                    part.raw(new byte[12]).raw(section);
                }
                script.raw(part.bytes());
            }
            all.add(Arrays.copyOfRange(script.bytes(), 1, script.bytes().length));
        }
        return all;
    }
}
