package io.raftengine.ctl;

import com.fasterxml.jackson.core.JsonGenerator;
import io.raftengine.engine.RaftEngine;
import io.raftengine.error.InvalidArgumentException;
import io.raftengine.tools.JsonLines;
import io.raftengine.tools.JsonTree;
import io.raftengine.tools.StateWriter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;

/**
 * The state an {@code expect} demands. Both sides are brought into the one spelling of the export,
 * so that comparing texts compares states. Groups that show no entries are compared by the checksum
 * over them.
 */
final class ExpectedState {
    private static final Set<String> FIELDS =
            Set.of("group", "first", "last", "entries_crc32", "entries", "kvs");
    private static final int SHOWN_MAX = 300;

    private final TreeMap<Long, JsonTree> groups = new TreeMap<>(Long::compareUnsigned);
    private boolean emptyGroups;

    private ExpectedState() {}

    static ExpectedState of(List<JsonTree> states) {
        ExpectedState expected = new ExpectedState();
        for (JsonTree state : states) {
            state.only(FIELDS);
            long group = state.number("group");
            if (expected.groups.put(group, state) != null) {
                throw new InvalidArgumentException(
                        "state: group " + Long.toUnsignedString(group) + " is named twice");
            }
            expected.emptyGroups |= !state.has("first") && state.objects("kvs").isEmpty();
        }
        return expected;
    }

    /** Throws {@link MismatchException} with the first difference. */
    void compare(RaftEngine engine) {
        TreeMap<Long, JsonTree> missing = new TreeMap<>(groups);
        for (long group : StateWriter.sortedGroups(engine)) {
            JsonTree state = missing.remove(group);
            boolean entries = state != null && state.has("entries");
            String actual = render(engine, group, entries);
            if (actual.isEmpty()) {
                // Holds nothing, and nobody asked for groups that hold nothing.
                continue;
            }
            if (state == null) {
                throw new MismatchException(
                        "found " + shorten(actual) + ", expected no such group");
            }
            String wanted = render(state);
            if (!wanted.equals(actual)) {
                throw new MismatchException(
                        "expected " + shorten(wanted) + ", found " + shorten(actual));
            }
        }
        if (!missing.isEmpty()) {
            throw new MismatchException(
                    "expected "
                            + shorten(render(missing.firstEntry().getValue()))
                            + ", found no such group");
        }
    }

    private String render(RaftEngine engine, long group, boolean entries) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (JsonGenerator json = JsonLines.generator(out)) {
            new StateWriter(engine, entries, emptyGroups).writeGroup(json, group);
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
        return out.toString(StandardCharsets.UTF_8);
    }

    private static String render(JsonTree state) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (JsonGenerator json = JsonLines.generator(out)) {
            json.writeStartObject();
            JsonLines.unsignedField(json, "group", state.number("group"));
            for (String name : List.of("first", "last")) {
                if (state.has(name)) {
                    JsonLines.unsignedField(json, name, state.number(name));
                } else {
                    json.writeNullField(name);
                }
            }
            json.writeStringField("entries_crc32", state.text("entries_crc32"));
            if (state.has("entries")) {
                json.writeArrayFieldStart("entries");
                for (byte[] entry : state.bytesList("entries")) {
                    json.writeBinary(entry);
                }
                json.writeEndArray();
            }
            json.writeArrayFieldStart("kvs");
            for (JsonTree kv : state.objects("kvs")) {
                json.writeStartObject();
                json.writeStringField("key", kv.text("key"));
                json.writeStringField("value", kv.text("value"));
                json.writeEndObject();
            }
            json.writeEndArray();
            json.writeEndObject();
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
        return out.toString(StandardCharsets.UTF_8);
    }

    private static String shorten(String json) {
        return json.length() <= SHOWN_MAX
                ? json
                : json.substring(0, SHOWN_MAX) + "... (" + json.length() + " characters)";
    }
}
