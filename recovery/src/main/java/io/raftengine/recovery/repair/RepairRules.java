package io.raftengine.recovery.repair;

import io.raftengine.error.InvalidArgumentException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a person decided about a damaged directory. Immutable.
 *
 * <p>Rules of a named group hold in both queues, at every hole. The default rules ({@code group *})
 * decide only where no engine could go on: at a hole behind entries of the append queue. Everywhere
 * else replay has a rule of its own, which sound directories rely on. Of one group's rules and the
 * default ones, the group's win, each aspect by itself: what goes, its beginning, its end, holes,
 * overlaps.
 */
public final class RepairRules {
    /** The rules that decide every hole without looking at it: what joins is kept. */
    public static final String DEFAULT_RULE = "group *: keep existing";

    private final Map<Long, Map<RuleLine.Aspect, RuleLine>> named = new LinkedHashMap<>();
    private final Map<RuleLine.Aspect, RuleLine> defaults = new EnumMap<>(RuleLine.Aspect.class);
    private final Map<Long, GroupRules> resolved = new HashMap<>();
    private GroupRules resolvedDefaults = GroupRules.NONE;

    private RepairRules() {}

    /**
     * No rule: whatever replay cannot decide is undecided.
     *
     * @return the empty set
     */
    public static RepairRules none() {
        return new RepairRules();
    }

    /**
     * Collects rules from a file and from elsewhere.
     *
     * @return an empty builder
     */
    public static Builder builder() {
        return new Builder();
    }

    GroupRules of(long group) {
        return resolved.getOrDefault(group, resolvedDefaults);
    }

    /** Whether a hole of this group is decided by a rule of its own, not by the default. */
    boolean namesHoleOf(long group) {
        Map<RuleLine.Aspect, RuleLine> rules = named.get(group);
        return rules != null && rules.containsKey(RuleLine.Aspect.HOLE);
    }

    /** The groups that rules name, in the order of the rules. */
    List<Long> groups() {
        return List.copyOf(named.keySet());
    }

    /** The first rule of a group, for an error about it. */
    RuleLine firstRuleOf(long group) {
        return named.get(group).values().iterator().next();
    }

    private GroupRules resolve(Map<RuleLine.Aspect, RuleLine> rules) {
        RuleLine hole = aspect(rules, RuleLine.Aspect.HOLE);
        RuleLine overlap = aspect(rules, RuleLine.Aspect.OVERLAP);
        RuleLine before = rules.get(RuleLine.Aspect.BEGINNING);
        RuleLine from = rules.get(RuleLine.Aspect.END);
        return new GroupRules(
                rules.containsKey(RuleLine.Aspect.WHOLE),
                before == null ? 0 : before.index(),
                from == null ? GroupRules.NO_DROP_FROM : from.index(),
                hole == null ? null : policy(hole.kind()),
                hole == null ? null : hole.fill(),
                overlap != null && overlap.kind() == RuleLine.Kind.KEEP_EXISTING_ON_OVERLAP);
    }

    private RuleLine aspect(Map<RuleLine.Aspect, RuleLine> rules, RuleLine.Aspect aspect) {
        return rules.getOrDefault(aspect, defaults.get(aspect));
    }

    private static HolePolicy policy(RuleLine.Kind kind) {
        return switch (kind) {
            case KEEP_EXISTING -> HolePolicy.KEEP_EXISTING;
            case KEEP_INCOMING -> HolePolicy.KEEP_INCOMING;
            case FILL_HOLE -> HolePolicy.FILL;
            default -> throw new AssertionError(kind);
        };
    }

    /** Collects rules; every error names the line that made it. Not thread-safe. */
    public static final class Builder {
        private final RepairRules rules = new RepairRules();

        private Builder() {}

        /**
         * Adds the rules of a file.
         *
         * @param name what errors call the file
         * @param lines its lines
         * @return this
         * @throws InvalidArgumentException a line that is no rule, or contradicts one before it
         */
        public Builder addLines(String name, List<String> lines) {
            for (int i = 0; i < lines.size(); i++) {
                add(name + " line " + (i + 1), lines.get(i));
            }
            return this;
        }

        /**
         * Adds one rule.
         *
         * @param origin what errors call its place
         * @param line the rule; nothing is added if it is blank or a comment
         * @return this
         * @throws InvalidArgumentException no rule, or one that contradicts one before it
         */
        public Builder add(String origin, String line) {
            RuleLine rule = RuleParser.parse(origin, line);
            if (rule != null) {
                Map<RuleLine.Aspect, RuleLine> of =
                        rule.all()
                                ? rules.defaults
                                : rules.named.computeIfAbsent(
                                        rule.group(),
                                        group -> new EnumMap<>(RuleLine.Aspect.class));
                check(rule, of);
                of.putIfAbsent(rule.kind().aspect, rule);
            }
            return this;
        }

        private static void check(RuleLine rule, Map<RuleLine.Aspect, RuleLine> others) {
            for (RuleLine other : new ArrayList<>(others.values())) {
                boolean sameAspect = other.kind().aspect == rule.kind().aspect;
                boolean removal =
                        (other.kind() == RuleLine.Kind.REMOVE)
                                != (rule.kind() == RuleLine.Kind.REMOVE);
                if (removal || sameAspect && !other.sameAs(rule)) {
                    throw contradiction(rule, other);
                }
            }
            RuleLine before = with(rule, others, RuleLine.Aspect.BEGINNING);
            RuleLine from = with(rule, others, RuleLine.Aspect.END);
            if (before != null
                    && from != null
                    && Long.compareUnsigned(before.index(), from.index()) >= 0) {
                throw contradiction(rule, before == rule ? from : before);
            }
        }

        private static RuleLine with(
                RuleLine rule, Map<RuleLine.Aspect, RuleLine> others, RuleLine.Aspect aspect) {
            return rule.kind().aspect == aspect ? rule : others.get(aspect);
        }

        private static InvalidArgumentException contradiction(RuleLine rule, RuleLine other) {
            return new InvalidArgumentException(
                    rule.origin()
                            + ": \""
                            + rule.text()
                            + "\" contradicts \""
                            + other.text()
                            + "\" ("
                            + other.origin()
                            + "): expected one of the two");
        }

        /**
         * The rules.
         *
         * @return what was added; the builder is not to be used again
         */
        public RepairRules build() {
            rules.resolvedDefaults = rules.resolve(Map.of());
            for (Map.Entry<Long, Map<RuleLine.Aspect, RuleLine>> group : rules.named.entrySet()) {
                rules.resolved.put(group.getKey(), rules.resolve(group.getValue()));
            }
            return rules;
        }
    }
}
