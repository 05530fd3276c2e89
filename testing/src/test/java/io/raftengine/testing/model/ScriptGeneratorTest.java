package io.raftengine.testing.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ScriptGeneratorTest {
    private static String script(ScriptProfile profile, long seed) {
        return ScriptJson.print(
                new ScriptGenerator(profile, seed).storageOperations(5).generate(100));
    }

    @ParameterizedTest
    @EnumSource
    void theSameSeedMakesTheSameScriptAndAnotherOneAnother(ScriptProfile profile) {
        assertThat(script(profile, 1))
                .isEqualTo(script(profile, 1))
                .isNotEqualTo(script(profile, 2));
    }

    @ParameterizedTest
    @EnumSource
    void whatIsPrintedReadsBackAsTheSame(ScriptProfile profile) {
        String script = script(profile, 3);
        assertThat(ScriptJson.print(ScriptJson.parse(script))).isEqualTo(script);
    }

    @ParameterizedTest
    @EnumSource
    void everyWriteIsLegal(ScriptProfile profile) {
        EngineModel model = new EngineModel();
        ScriptGenerator generator = new ScriptGenerator(profile, 4);
        for (Operation operation : generator.generate(300)) {
            assertThat(model.run(operation)).isInstanceOf(EngineModel.Done.class);
        }
        assertThat(model.state(true, true)).isEqualTo(generator.model().state(true, true));
        assertThat(model.groups()).isNotEmpty();
    }

    @Test
    void illegalWritesAreThereIfAskedFor() {
        EngineModel model = new EngineModel();
        long refused =
                new ScriptGenerator(ScriptProfile.SMALL, 5)
                        .illegalWrites(30).generate(300).stream()
                                .filter(op -> model.run(op) instanceof EngineModel.Refused)
                                .count();
        assertThat(refused).isBetween(30L, 150L);
    }

    @Test
    void shrinkingKeepsOnlyWhatTheFailureNeeds() {
        List<Operation> script =
                new ArrayList<>(new ScriptGenerator(ScriptProfile.SMALL, 6).generate(80));
        script.add(40, new Operation.Write(true, List.of(new Item.Clean(99), new Item.Clean(98))));
        List<Operation> shortest =
                new ScriptShrinker(ScriptGeneratorTest::cleansGroup99, 10_000).shrink(script);
        assertThat(ScriptJson.print(shortest))
                .isEqualTo(
                        "{\"op\":\"write\",\"sync\":true,\"items\":[{\"group\":99,\"clean\":true}]}\n");
    }

    private static boolean cleansGroup99(List<Operation> script) {
        return script.stream()
                .anyMatch(op ->
                        op instanceof Operation.Write write
                                && write.items().contains(new Item.Clean(99)));
    }
}
