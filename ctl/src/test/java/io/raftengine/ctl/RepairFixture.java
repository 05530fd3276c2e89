package io.raftengine.ctl;

import com.fasterxml.jackson.core.JsonGenerator;
import io.raftengine.allocator.MemoryBudget;
import io.raftengine.engine.EngineConfig;
import io.raftengine.engine.RaftEngine;
import io.raftengine.log.io.FileSystem;
import io.raftengine.recovery.repair.Repair;
import io.raftengine.recovery.repair.RepairPlan;
import io.raftengine.recovery.repair.RepairResult;
import io.raftengine.recovery.repair.RepairRules;
import io.raftengine.testing.forge.ItemForge;
import io.raftengine.testing.forge.SegmentForge;
import io.raftengine.testing.fs.UnsyncedFileSystem;
import io.raftengine.testing.model.GroupState;
import io.raftengine.tools.JsonLines;
import io.raftengine.tools.StateWriter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** A damaged directory and what becomes of it. */
final class RepairFixture {
    final Path source;
    final Path target;
    final MemoryBudget budget = MemoryBudget.unlimited();

    /** Nobody cuts the power here, and some tests write a thousand files. */
    FileSystem fs = UnsyncedFileSystem.over(FileSystem.local());

    Repair.Versions versions = Repair.Versions.V2;
    RepairResult result;

    RepairFixture(Path temp) {
        source = temp.resolve("source");
        target = temp.resolve("target");
        try {
            Files.createDirectories(source);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    // ---- making --------------------------------------------------------------------------------

    /** Content of entries of some group: each says its group and index. */
    static byte[] content(long group, long first, int count) {
        StringBuilder text = new StringBuilder();
        for (long index = first; index < first + count; index++) {
            text.append(entry(group, index));
        }
        return text.toString().getBytes(StandardCharsets.UTF_8);
    }

    static String entry(long group, long index) {
        return "<" + Long.toUnsignedString(group) + ":" + Long.toUnsignedString(index) + ">";
    }

    /** An item for {@link #content}, behind so many bytes of the batch. */
    static ItemForge entries(ItemForge items, int before, long group, long first, int count) {
        long[] tails = new long[count];
        int tail = before;
        for (int i = 0; i < count; i++) {
            tail += entry(group, first + i).length();
            tails[i] = tail;
        }
        return items.entries(group, first, tails);
    }

    /** A batch of one group's entries. */
    static SegmentForge entries(SegmentForge segment, long group, long first, int count) {
        return segment.batch(
                content(group, first, count), entries(new ItemForge(), 0, group, first, count));
    }

    /** Changes one byte of a file. */
    static void flip(Path file, long offset) {
        try {
            byte[] bytes = Files.readAllBytes(file);
            bytes[(int) offset] ^= 0x40;
            Files.write(file, bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    // ---- repairing -----------------------------------------------------------------------------

    static RepairRules rules(String... lines) {
        return RepairRules.builder().addLines("rules", List.of(lines)).build();
    }

    /** What would be done, as the command prints it. */
    List<String> plan(String... rules) {
        try (Repair repair = open(rules)) {
            return text(repair.plan());
        }
    }

    private Repair open(String... rules) {
        return Repair.open(fs, List.of(source), rules(rules), versions, budget);
    }

    static List<String> text(RepairPlan plan) {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        try (JsonGenerator json = JsonLines.generator(text)) {
            new RepairReport(json).plan(plan);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return text.toString(StandardCharsets.UTF_8).lines().toList();
    }

    /** Repairs, proves, and shows the state by group. */
    Map<Long, GroupState> repair(String... rules) {
        try (Repair repair = open(rules)) {
            RepairedDirectory proof = new RepairedDirectory(fs, EngineConfig.UNLIMITED);
            result = repair.write(target, proof::check);
        }
        return state(target);
    }

    // ---- looking -------------------------------------------------------------------------------

    Map<Long, GroupState> state(Path dir) {
        return state(dir, "absolute-consistency");
    }

    Map<Long, GroupState> state(Path dir, String mode) {
        Map<Long, GroupState> groups = new TreeMap<>(Long::compareUnsigned);
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        EngineConfig config = EngineConfig.builder(dir).set("recovery-mode", mode).build();
        try (RaftEngine engine = RaftEngine.openReadOnly(config, fs);
                JsonGenerator json = JsonLines.generator(text)) {
            new StateWriter(engine, true, false).writeLines(json);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        text.toString(StandardCharsets.UTF_8)
                .lines()
                .map(GroupState::parse)
                .forEach(state -> groups.put(state.group(), state));
        return groups;
    }

    /** "first..last", or "none"; "absent" if there is no such group. */
    static String range(Map<Long, GroupState> state, long group) {
        GroupState found = state.get(group);
        if (found == null) {
            return "absent";
        }
        return found.first() == -1
                ? "none"
                : Long.toUnsignedString(found.first()) + ".." + Long.toUnsignedString(found.last());
    }

    /** Texts of the entries of a group. */
    static List<String> texts(Map<Long, GroupState> state, long group) {
        return state.get(group).entries().stream()
                .map(entry -> new String(Base64.getDecoder().decode(entry), StandardCharsets.UTF_8))
                .toList();
    }

    /** All files, byte for byte. */
    static Map<String, String> bytes(Path dir) {
        Map<String, String> bytes = new TreeMap<>();
        try (Stream<Path> all = Files.walk(dir)) {
            for (Path file : all.filter(Files::isRegularFile).toList()) {
                bytes.put(
                        dir.relativize(file).toString(),
                        new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes;
    }
}
