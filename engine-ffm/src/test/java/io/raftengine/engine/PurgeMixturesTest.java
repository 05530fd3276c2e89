package io.raftengine.engine;

import static io.raftengine.engine.Scene.clean;
import static io.raftengine.engine.Scene.compact;
import static io.raftengine.engine.Scene.delete;
import static io.raftengine.engine.Scene.entries;
import static io.raftengine.engine.Scene.put;
import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.engine.Ledger.Change;
import io.raftengine.engine.Scene.Between;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Short histories with every possible mixture of purges, interrupted purges and reopens between
 * their writes: what was removed never comes back (H3, H5, Q4; D13; defect 4). Segments hold one
 * batch each, so that every write is in the reach of every purge.
 */
@Timeout(300)
class PurgeMixturesTest {
    /** Every mixture of three; longer histories get each step in every place. */
    private static final int EXHAUSTIVE_UP_TO = 3;

    static Stream<Arguments> histories() {
        return Stream.of(
                Arguments.of(
                        "deleted", List.of(List.of(put(1, "k", "1")), List.of(delete(1, "k")))),
                Arguments.of(
                        "deleted and put again",
                        List.of(
                                List.of(put(1, "k", "1"), put(1, "other", "x")),
                                List.of(delete(1, "k")),
                                List.of(put(1, "k", "2")))),
                Arguments.of(
                        "put over, then deleted",
                        List.of(
                                List.of(put(1, "k", "1")),
                                List.of(put(1, "k", "2")),
                                List.of(delete(1, "k")))),
                Arguments.of(
                        "put, deleted, put and deleted",
                        List.of(
                                List.of(put(1, "k", "1")),
                                List.of(delete(1, "k"), put(1, "k", "2")),
                                List.of(delete(1, "k"), delete(1, "never there")))),
                Arguments.of(
                        "compacted twice",
                        List.of(
                                List.of(entries(1, 1, 11)),
                                List.of(compact(1, 4)),
                                List.of(compact(1, 8)))),
                Arguments.of(
                        "compacted whole, then another life below",
                        List.of(
                                List.of(entries(1, 20, 31)),
                                List.of(compact(1, 31)),
                                List.of(entries(1, 5, 11)))),
                Arguments.of(
                        "a tail overwritten and then compacted",
                        List.of(
                                List.of(entries(1, 1, 21)),
                                List.of(entries(1, 8, 11)),
                                List.of(compact(1, 11)))),
                Arguments.of(
                        "cleaned",
                        List.of(List.of(entries(1, 1, 11), put(1, "k", "1")), List.of(clean(1)))),
                Arguments.of(
                        "cleaned and born again",
                        List.of(
                                List.of(entries(1, 1, 11), put(1, "k", "1"), put(1, "l", "1")),
                                List.of(clean(1)),
                                List.of(entries(1, 3, 6), put(1, "k", "2")))),
                Arguments.of(
                        "deleted after the group was cleaned and born again",
                        List.of(
                                List.of(put(1, "k", "1"), entries(1, 1, 4)),
                                List.of(clean(1), put(1, "k", "2")),
                                List.of(delete(1, "k"), entries(1, 9, 11)))));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("histories")
    void nothingRemovedComesBackWhateverPurgesAndReopensHappenBetween(
            String name, List<List<Change>> history) {
        Between[] choices = Between.values();
        int places = Math.min(history.size(), EXHAUSTIVE_UP_TO);
        int mixtures = (int) Math.pow(choices.length, places);
        for (int mixture = 0; mixture < mixtures; mixture++) {
            List<Between> between = new ArrayList<>();
            for (int place = 0, rest = mixture; place < places; place++) {
                between.add(choices[rest % choices.length]);
                rest /= choices.length;
            }
            live(name + " " + between, history, between);
        }
    }

    private static void live(String life, List<List<Change>> history, List<Between> between) {
        try (Scene scene = new Scene(Scene.segmentsOf(1))) {
            for (int i = 0; i < history.size(); i++) {
                scene.write(history.get(i));
                scene.happens(between.get(i));
                scene.check(life + ", after step " + i);
            }
            scene.f.reopen();
            scene.check(life + ", reopened");
            scene.rewriteAppend();
            scene.check(life + ", rewritten in the end");
            scene.f.reopen();
            scene.check(life + ", rewritten and reopened");
            scene.rewriteRewrite();
            scene.checkAlsoReopened(life + ", squeezed in the end");
        }
    }

    /**
     * H3 as it stands there: appends and cleans in turn, 2 to 6 of them; after step k a full
     * rewrite, or one that stops after the removals, or after the copies.
     */
    @Test
    void appendsAndCleansInTurnEndAsTheLastOneSaysWhereverARewriteStopped() {
        List<List<Change>> turns =
                List.of(
                        List.of(entries(1, 1, 5), put(1, "last_index", "4")),
                        List.of(clean(1)),
                        List.of(entries(1, 2, 6), put(1, "last_index", "5")),
                        List.of(clean(1)),
                        List.of(entries(1, 3, 7), put(1, "last_index", "6")),
                        List.of(clean(1)));
        List<Between> stops =
                List.of(Between.REWRITE_APPEND, Between.REMOVALS_ONLY, Between.COPIES_ONLY);
        int lives = 0;
        for (int length = 2; length <= 6; length++) {
            for (int k = 0; k < length; k++) {
                for (Between stop : stops) {
                    List<Between> between = new ArrayList<>();
                    for (int i = 0; i < length; i++) {
                        between.add(i == k ? stop : Between.NOTHING);
                    }
                    live("length " + length + ": " + between, turns.subList(0, length), between);
                    lives++;
                }
            }
        }
        assertThat(lives).isEqualTo(60);
    }
}
