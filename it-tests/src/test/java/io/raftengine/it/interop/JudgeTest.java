package io.raftengine.it.interop;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.testing.model.Item;
import io.raftengine.testing.model.Operation;
import java.util.List;
import org.junit.jupiter.api.Test;

class JudgeTest {
    private static final String TAIL =
            "{\"group\":7,\"first\":9,\"last\":9,\"entries_crc32\":\"00000001\",\"kvs\":[%s]}";
    private static final String NONE =
            "{\"group\":7,\"first\":null,\"last\":null,\"entries_crc32\":\"00000000\",\"kvs\":[%s]}";
    private static final String KEY = "{\"key\":\"aw==\",\"value\":\"dg==\"}";
    private static final String OTHER = "{\"key\":\"aw==\",\"value\":\"dw==\"}";

    private static String state(String group, String keys) {
        return "[" + group.formatted(keys) + "]";
    }

    @Test
    void aTailThatCameBackExcusesEntriesAndNoKeys() {
        Judge judge = new Judge();
        judge.run(
                new Operation.Write(
                        true, List.of(new Item.Append(7, 1, 1, List.of(new byte[] {1})))));
        String key = state(NONE, KEY);
        assertThat(judge.differOnlyInTailsThatCameBack(key, state(TAIL, KEY))).isFalse();

        judge.run(new Operation.CompactTo(7, 2));

        assertThat(judge.differOnlyInTailsThatCameBack(key, state(TAIL, KEY))).isTrue();
        assertThat(judge.differOnlyInTailsThatCameBack("[]", state(TAIL, ""))).isTrue();
        assertThat(judge.differOnlyInTailsThatCameBack(key, state(TAIL, OTHER))).isFalse();
        assertThat(judge.differOnlyInTailsThatCameBack(key, state(TAIL, ""))).isFalse();
        assertThat(judge.differOnlyInTailsThatCameBack("[]", state(TAIL, KEY))).isFalse();
    }
}
