package io.raftengine.recovery.repair;

import io.raftengine.error.InvalidArgumentException;

/**
 * Reads one rule.
 *
 * <pre>
 *    rule   := "group" ( id | "*" ) ":" action          "*" takes only the actions marked +
 *    action := "remove"
 *            | "drop-before" index
 *            | "drop-from" index
 *            | "fill-hole" [ "eraftpb" "term" term ]   +
 *            | "keep" ( "existing" | "incoming" ) [ "on" ( "hole" | "overlap" ) ]   +
 * </pre>
 *
 * A {@code #} begins a comment; numbers are unsigned and decimal.
 */
final class RuleParser {
    static final String RULE =
            "\"group <id or *>: <remove | drop-before N | drop-from N | fill-hole [eraftpb term N]"
                    + " | keep existing | keep incoming>\"";

    private final String origin;
    private final String text;
    private String[] words;
    private int at;

    private RuleParser(String origin, String text) {
        this.origin = origin;
        this.text = text;
    }

    /**
     * Reads a line.
     *
     * @param origin where it stands, for errors
     * @param line the line
     * @return the rule; null if there is none in it
     * @throws InvalidArgumentException no rule
     */
    static RuleLine parse(String origin, String line) {
        int comment = line.indexOf('#');
        String text = (comment < 0 ? line : line.substring(0, comment)).strip();
        return text.isEmpty() ? null : new RuleParser(origin, text).parse();
    }

    private RuleLine parse() {
        int colon = text.indexOf(':');
        if (colon < 0) {
            throw expected(RULE, text);
        }
        String[] subject = text.substring(0, colon).strip().split("\\s+", -1);
        if (subject.length != 2 || !subject[0].equals("group")) {
            throw expected("\"group <id>\" or \"group *\" before the colon", subjectText(colon));
        }
        boolean all = subject[1].equals("*");
        long group = all ? 0 : number(subject[1], "a group id or *");
        words = text.substring(colon + 1).strip().split("\\s+", -1);
        return action(group, all);
    }

    private String subjectText(int colon) {
        return text.substring(0, colon).strip();
    }

    private RuleLine action(long group, boolean all) {
        String action = word("an action");
        RuleLine rule =
                switch (action) {
                    case "remove" -> rule(group, all, RuleLine.Kind.REMOVE, 0, null);
                    case "drop-before" ->
                            rule(group, all, RuleLine.Kind.DROP_BEFORE, index(), null);
                    case "drop-from" -> rule(group, all, RuleLine.Kind.DROP_FROM, index(), null);
                    case "fill-hole" -> rule(group, all, RuleLine.Kind.FILL_HOLE, 0, fill());
                    case "keep" -> rule(group, all, keep(), 0, null);
                    default ->
                            throw expected(
                                    "remove, drop-before, drop-from, fill-hole or keep", action);
                };
        if (at < words.length) {
            throw expected("the end of the rule", words[at]);
        }
        return rule;
    }

    private RuleLine rule(long group, boolean all, RuleLine.Kind kind, long index, FillEntry fill) {
        boolean ofOneGroup =
                kind.aspect != RuleLine.Aspect.HOLE && kind.aspect != RuleLine.Aspect.OVERLAP;
        if (all && ofOneGroup) {
            throw expected("one group's id, since indexes and removals are no default", "*");
        }
        return new RuleLine(origin, text, group, all, kind, index, fill);
    }

    private long index() {
        long index = number(word("an index"), "an index");
        if (index == 0 || index == -1L) {
            throw expected("an index from 1 to 2^64-2", Long.toUnsignedString(index));
        }
        return index;
    }

    private FillEntry fill() {
        if (at == words.length) {
            return FillEntry.ZERO_LENGTH;
        }
        keyword("eraftpb");
        keyword("term");
        return FillEntry.eraftpb(number(word("a term"), "a term"));
    }

    private RuleLine.Kind keep() {
        String which = word("existing or incoming");
        boolean existing = which.equals("existing");
        if (!existing && !which.equals("incoming")) {
            throw expected("existing or incoming", which);
        }
        if (at == words.length) {
            return existing ? RuleLine.Kind.KEEP_EXISTING : RuleLine.Kind.KEEP_INCOMING;
        }
        keyword("on");
        String where = word("hole or overlap");
        return switch (where) {
            case "hole" -> existing ? RuleLine.Kind.KEEP_EXISTING : RuleLine.Kind.KEEP_INCOMING;
            case "overlap" ->
                    existing
                            ? RuleLine.Kind.KEEP_EXISTING_ON_OVERLAP
                            : RuleLine.Kind.KEEP_INCOMING_ON_OVERLAP;
            default -> throw expected("hole or overlap", where);
        };
    }

    private void keyword(String keyword) {
        String found = word(keyword);
        if (!found.equals(keyword)) {
            throw expected(keyword, found);
        }
    }

    private String word(String what) {
        if (at == words.length || words[at].isEmpty()) {
            throw expected(what, "the end of the rule");
        }
        return words[at++];
    }

    private long number(String digits, String what) {
        if (!digits.isEmpty() && digits.chars().allMatch(c -> c >= '0' && c <= '9')) {
            try {
                return Long.parseUnsignedLong(digits);
            } catch (NumberFormatException tooLarge) {
                throw expected(what + " below 2^64", digits);
            }
        }
        throw expected(what, digits);
    }

    private InvalidArgumentException expected(String what, String found) {
        return new InvalidArgumentException(
                origin + ": \"" + text + "\": expected " + what + ", found " + found);
    }
}
