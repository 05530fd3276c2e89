package io.raftengine.testing.model;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.TreeMap;

/** Says in a few lines how two states differ. Groups may come in any order. */
public final class StateDifference {
    private static final int LINES_MAX = 20;

    private final List<String> lines = new ArrayList<>();

    private StateDifference() {}

    /**
     * Compares two states. Entries are compared one by one where both sides show them, else by
     * their checksum.
     *
     * @param expected what should be
     * @param actual what is
     * @return the difference for people, or null if there is none
     */
    public static String between(List<GroupState> expected, List<GroupState> actual) {
        StateDifference difference = new StateDifference();
        TreeMap<Long, GroupState> found = byGroup(actual);
        byGroup(expected)
                .forEach((group, state) -> difference.compare(group, state, found.remove(group)));
        found.forEach((group, state) -> difference.say(group, "was not expected: " + head(state)));
        if (difference.lines.isEmpty()) {
            return null;
        }
        int more = difference.lines.size() - LINES_MAX;
        String shown =
                String.join(
                        "; ",
                        difference.lines.subList(0, Math.min(LINES_MAX, difference.lines.size())));
        return more > 0 ? shown + "; and " + more + " differences more" : shown;
    }

    private static TreeMap<Long, GroupState> byGroup(List<GroupState> states) {
        TreeMap<Long, GroupState> map = new TreeMap<>(Long::compareUnsigned);
        for (GroupState state : states) {
            if (map.put(state.group(), state) != null) {
                throw new IllegalArgumentException(
                        "group " + Long.toUnsignedString(state.group()) + " twice");
            }
        }
        return map;
    }

    private void compare(long group, GroupState expected, GroupState actual) {
        if (actual == null) {
            say(group, "is missing: " + head(expected));
            return;
        }
        if (expected.first() != actual.first() || expected.last() != actual.last()) {
            say(group, "has entries " + range(actual) + ", expected " + range(expected));
        } else if (!expected.entriesCrc32().equals(actual.entriesCrc32())) {
            say(
                    group,
                    "has entries of crc "
                            + actual.entriesCrc32()
                            + ", expected "
                            + expected.entriesCrc32()
                            + firstOtherEntry(expected, actual));
        }
        compareKeys(group, expected.kvs(), actual.kvs());
    }

    private static String firstOtherEntry(GroupState expected, GroupState actual) {
        if (expected.entries() == null || actual.entries() == null) {
            return "";
        }
        for (int i = 0; i < expected.entries().size(); i++) {
            String entry = actual.entries().get(i);
            if (!expected.entries().get(i).equals(entry)) {
                return ": entry "
                        + Long.toUnsignedString(expected.first() + i)
                        + " is "
                        + shorten(entry)
                        + ", expected "
                        + shorten(expected.entries().get(i));
            }
        }
        return "";
    }

    private void compareKeys(
            long group, List<GroupState.KeyValue> expected, List<GroupState.KeyValue> actual) {
        TreeMap<String, String> found = new TreeMap<>(Comparator.naturalOrder());
        actual.forEach(kv -> found.put(kv.key(), kv.value()));
        for (GroupState.KeyValue kv : expected) {
            String value = found.remove(kv.key());
            if (value == null) {
                say(group, "has no key " + shorten(kv.key()));
            } else if (!Objects.equals(value, kv.value())) {
                say(
                        group,
                        "has at key "
                                + shorten(kv.key())
                                + " the value "
                                + shorten(value)
                                + ", expected "
                                + shorten(kv.value()));
            }
        }
        found.keySet().forEach(key -> say(group, "has a key too many: " + shorten(key)));
    }

    private void say(long group, String what) {
        lines.add("group " + Long.toUnsignedString(group) + " " + what);
    }

    private static String head(GroupState state) {
        return "entries " + range(state) + ", " + state.kvs().size() + " keys";
    }

    private static String range(GroupState state) {
        return state.first() == -1
                ? "none"
                : Long.toUnsignedString(state.first()) + ".." + Long.toUnsignedString(state.last());
    }

    private static String shorten(String base64) {
        return base64.length() <= 40
                ? "\"" + base64 + "\""
                : "\"" + base64.substring(0, 32) + "...\" (" + base64.length() + " characters)";
    }
}
