package io.raftengine.testing.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;

class EngineModelTest {
    private static final Path FIXTURES = Path.of(System.getProperty("raftengine.fixtures", "none"));

    private final EngineModel model = new EngineModel();

    static boolean fixturesExist() {
        return Files.isDirectory(FIXTURES);
    }

    private EngineModel.Answer write(Item... items) {
        return model.write(List.of(items));
    }

    private static Item append(long group, long first, int count) {
        List<byte[]> data = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            data.add(new byte[] {(byte) i});
        }
        return new Item.Append(group, first, 1, data);
    }

    @Test
    void anAppendMayOverwriteButNeitherLeaveAHoleNorStartBelowTheFirst() {
        write(append(7, 5, 6));
        assertThat(write(append(7, 12, 1))).isInstanceOf(EngineModel.Refused.class);
        assertThat(write(append(7, 4, 9))).isInstanceOf(EngineModel.Refused.class);
        assertThat(write(append(7, 8, 1))).isInstanceOf(EngineModel.Done.class);
        assertThat(model.lastIndex(7)).isEqualTo(8);
        assertThat(model.firstIndex(7)).isEqualTo(5);
    }

    @Test
    void aRefusedBatchLeavesNothing() {
        write(append(1, 1, 3));
        assertThat(
                        write(
                                append(1, 4, 2),
                                new Item.Put(2, new byte[1], new byte[1]),
                                append(1, 9, 1)))
                .isInstanceOf(EngineModel.Refused.class);
        assertThat(model.lastIndex(1)).isEqualTo(3);
        assertThat(model.groups()).containsExactly(1L);
    }

    @Test
    void aBatchIsCheckedItemByItem() {
        write(append(1, 1, 3));
        assertThat(
                        write(
                                new Item.Clean(1),
                                append(1, 50, 2),
                                append(1, 52, 1),
                                new Item.Compact(1, 99),
                                append(1, 7, 1)))
                .isInstanceOf(EngineModel.Done.class);
        assertThat(model.firstIndex(1)).isEqualTo(7);
        assertThat(model.lastIndex(1)).isEqualTo(7);
    }

    @Test
    void compactToAnswersWhatWasReallyRemoved() {
        write(append(1, 3, 3));
        assertThat(model.compactTo(1, 2)).isZero();
        assertThat(model.compactTo(1, 4)).isEqualTo(1);
        assertThat(model.compactTo(1, 100)).isEqualTo(2);
        assertThat(model.compactTo(1, 200)).isZero();
        assertThat(model.compactTo(9, 1)).isZero();
    }

    @Test
    void indexesAndGroupsAreUnsigned() {
        write(append(-2, Long.MAX_VALUE, 3), append(Long.MAX_VALUE, 1, 1));
        assertThat(model.lastIndex(-2)).isEqualTo(Long.MIN_VALUE + 1);
        assertThat(model.groups()).containsExactly(Long.MAX_VALUE, -2L);
        assertThat(write(append(3, -2, 2))).isInstanceOf(EngineModel.Refused.class);
    }

    @Test
    void aDifferenceNamesGroupEntryAndKey() {
        write(append(1, 1, 2), new Item.Put(1, new byte[] {1}, new byte[] {2}));
        List<GroupState> before = model.state(true, false);
        write(append(1, 2, 1), new Item.Put(1, new byte[] {1}, new byte[] {3}));
        assertThat(StateDifference.between(before, model.state(true, false)))
                .contains("group 1 has entries of crc")
                .contains("entry 2 is")
                .contains("at key \"AQ==\" the value \"Aw==\", expected \"Ag==\"");
        assertThat(StateDifference.between(before, before)).isNull();
    }

    @Test
    @EnabledIf("fixturesExist")
    void everyRecordedScriptLeadsToItsRecordedState() throws IOException {
        int checked = 0;
        try (Stream<Path> names = Files.list(FIXTURES)) {
            for (Path fixture : names.sorted().toList()) {
                Path script = fixture.resolve("script.jsonl");
                Path expected = fixture.resolve("expected.jsonl");
                if (Files.exists(script) && Files.exists(expected)) {
                    checked++;
                    EngineModel fresh = new EngineModel();
                    ScriptJson.parse(Files.readString(script)).forEach(fresh::run);
                    List<String> lines =
                            fresh.state(true, false).stream().map(GroupState::toJson).toList();
                    assertThat(lines)
                            .as(fixture.toString())
                            .isEqualTo(Files.readAllLines(expected));
                }
            }
        }
        assertThat(checked).isGreaterThan(20);
    }
}
