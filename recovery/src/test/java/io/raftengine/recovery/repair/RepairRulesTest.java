package io.raftengine.recovery.repair;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftengine.error.InvalidArgumentException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The language of the rules, and what rules may stand beside each other. */
class RepairRulesTest {
    private static RepairRules rules(String... lines) {
        return RepairRules.builder().addLines("rules.txt", List.of(lines)).build();
    }

    @Test
    void everyRuleIsUnderstoodWithCommentsAndAnySpace() {
        RepairRules rules =
                rules(
                        "# what the night shift decided",
                        "",
                        "group 1: remove   # test cluster",
                        "  group   2 :  drop-before   18446744073709551614 ",
                        "group 3: drop-from 1",
                        "group 4: fill-hole",
                        "group 5: fill-hole eraftpb term 18446744073709551615",
                        "group 6: keep existing",
                        "group 7: keep incoming on hole",
                        "group 8: keep existing on overlap",
                        "group 18446744073709551615: keep incoming");
        assertThat(rules.of(1).remove()).isTrue();
        assertThat(rules.of(2).dropBefore()).isEqualTo(-2L);
        assertThat(rules.of(3).dropFrom()).isEqualTo(1);
        assertThat(rules.of(4).hole()).isEqualTo(HolePolicy.FILL);
        assertThat(rules.of(4).fill()).isEqualTo(FillEntry.ZERO_LENGTH);
        assertThat(rules.of(5).fill()).isEqualTo(FillEntry.eraftpb(-1L));
        assertThat(rules.of(6).hole()).isEqualTo(HolePolicy.KEEP_EXISTING);
        assertThat(rules.of(7).hole()).isEqualTo(HolePolicy.KEEP_INCOMING);
        assertThat(rules.of(8).hole()).isNull();
        assertThat(rules.of(8).keepExistingOnOverlap()).isTrue();
        assertThat(rules.of(-1).hole()).isEqualTo(HolePolicy.KEEP_INCOMING);
        assertThat(rules.of(9)).isEqualTo(GroupRules.NONE);
        assertThat(rules.groups()).containsExactly(1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L, -1L);
    }

    @Test
    void defaultsFillWhatAGroupsOwnRulesLeaveOpen() {
        RepairRules rules =
                rules(
                        "group *: keep existing",
                        "group 1: drop-before 5",
                        "group 2: keep incoming",
                        "group *: keep existing on overlap");
        assertThat(rules.of(1).dropBefore()).isEqualTo(5);
        assertThat(rules.of(1).hole()).isEqualTo(HolePolicy.KEEP_EXISTING);
        assertThat(rules.namesHoleOf(1)).isFalse();
        assertThat(rules.of(2).hole()).isEqualTo(HolePolicy.KEEP_INCOMING);
        assertThat(rules.of(2).keepExistingOnOverlap()).isTrue();
        assertThat(rules.namesHoleOf(2)).isTrue();
        assertThat(rules.of(77).hole()).isEqualTo(HolePolicy.KEEP_EXISTING);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "keep existing; expected \"group <id or *>",
                "grup 7: remove; before the colon, found grup 7",
                "group: remove; before the colon, found group",
                "group 7 8: remove; before the colon, found group 7 8",
                "group seven: remove; expected a group id or *, found seven",
                "group -7: remove; expected a group id or *, found -7",
                "group +7: remove; expected a group id or *, found +7",
                "group 18446744073709551616: remove; below 2^64, found 18446744073709551616",
                "group 7:; expected an action, found the end of the rule",
                "group 7: delete; expected remove, drop-before, drop-from, fill-hole or keep",
                "group 7: remove it; expected the end of the rule, found it",
                "group 7: drop-before; expected an index, found the end of the rule",
                "group 7: drop-before ten; expected an index, found ten",
                "group 7: drop-before 0; expected an index from 1 to 2^64-2, found 0",
                "group 7: drop-from 18446744073709551615; expected an index from 1 to 2^64-2",
                "group 7: fill-hole protobuf; expected eraftpb, found protobuf",
                "group 7: fill-hole eraftpb; expected term, found the end of the rule",
                "group 7: fill-hole eraftpb term x; expected a term, found x",
                "group 7: keep; expected existing or incoming, found the end of the rule",
                "group 7: keep all; expected existing or incoming, found all",
                "group 7: keep existing on monday; expected hole or overlap, found monday",
                "group *: remove; expected one group's id",
                "group *: drop-before 5; expected one group's id",
            })
    void anErrorNamesTheLineAndWhatWasExpected(String line, String message) {
        assertThatThrownBy(() -> rules("group 1: remove", line.strip()))
                .isInstanceOf(InvalidArgumentException.class)
                .hasMessageStartingWith("rules.txt line 2: \"" + line.strip() + "\"")
                .hasMessageContaining(message.strip());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "group 7: keep existing; group 7: keep incoming",
                "group 7: keep existing; group 7: fill-hole",
                "group 7: fill-hole; group 7: fill-hole eraftpb term 1",
                "group 7: remove; group 7: keep existing",
                "group 7: drop-before 5; group 7: remove",
                "group 7: drop-before 5; group 7: drop-before 6",
                "group 7: drop-before 5; group 7: drop-from 5",
                "group 7: drop-from 5; group 7: drop-before 9",
                "group 7: keep existing on overlap; group 7: keep incoming on overlap",
                "group *: keep existing; group *: keep incoming",
            })
    void rulesThatContradictEachOtherAreRefusedNamingBoth(String first, String second) {
        RepairRules.Builder builder =
                RepairRules.builder().addLines("rules.txt", List.of(first.strip()));
        assertThatThrownBy(() -> builder.add("--rule 1", second.strip()))
                .isInstanceOf(InvalidArgumentException.class)
                .hasMessageStartingWith("--rule 1: \"" + second.strip() + "\" contradicts")
                .hasMessageContaining(first.strip())
                .hasMessageContaining("rules.txt line 1");
    }

    @Test
    void theSameRuleTwiceIsNoContradiction() {
        assertThat(rules("group 7: drop-before 5", "group 7: drop-before 5").of(7).dropBefore())
                .isEqualTo(5);
    }
}
