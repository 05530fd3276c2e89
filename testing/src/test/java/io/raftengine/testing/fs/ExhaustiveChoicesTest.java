package io.raftengine.testing.fs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.LinkedHashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ExhaustiveChoicesTest {
    @Test
    void everySequenceOfAnswersIsGivenExactlyOnce() {
        ExhaustiveChoices choices = new ExhaustiveChoices();
        Set<String> seen = new LinkedHashSet<>();
        do {
            assertThat(
                            seen.add(
                                    ""
                                            + choices.pick(2)
                                            + choices.pick(1)
                                            + choices.prefix(2)
                                            + choices.lands(0, 1)))
                    .isTrue();
        } while (choices.advance());
        assertThat(seen).hasSize(2 * 3 * 2).startsWith("000false").endsWith("102true");
    }

    @Test
    void questionsMayDependOnEarlierAnswers() {
        ExhaustiveChoices choices = new ExhaustiveChoices();
        Set<String> seen = new LinkedHashSet<>();
        do {
            String answers = "" + choices.pick(3);
            if (answers.equals("1")) {
                answers += choices.pick(2);
            }
            seen.add(answers);
        } while (choices.advance());
        assertThat(seen).containsExactly("0", "10", "11", "2");
    }

    @Test
    void withoutQuestionsThereIsOneCrash() {
        assertThat(new ExhaustiveChoices().advance()).isFalse();
    }

    @Test
    void aDiskThatChangesDuringTheWalkIsNoticed() {
        ExhaustiveChoices choices = new ExhaustiveChoices();
        choices.pick(2);
        choices.advance();
        assertThatThrownBy(() -> choices.pick(3)).isInstanceOf(IllegalStateException.class);
    }
}
