package io.raftengine.ctl;

import static io.raftengine.ctl.RepairFixture.bytes;
import static io.raftengine.ctl.RepairFixture.content;
import static io.raftengine.ctl.RepairFixture.entries;
import static io.raftengine.ctl.RepairFixture.entry;
import static io.raftengine.ctl.RepairFixture.flip;
import static io.raftengine.ctl.RepairFixture.range;
import static io.raftengine.ctl.RepairFixture.texts;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftengine.allocator.MemoryBudget;
import io.raftengine.engine.EngineConfig;
import io.raftengine.engine.RaftEngine;
import io.raftengine.error.CorruptionException;
import io.raftengine.error.InvalidArgumentException;
import io.raftengine.error.LockedException;
import io.raftengine.error.MemoryLimitException;
import io.raftengine.error.OutOfSpaceException;
import io.raftengine.recovery.repair.Repair;
import io.raftengine.testing.forge.DirectoryImage;
import io.raftengine.testing.forge.ItemForge;
import io.raftengine.testing.forge.SegmentForge;
import io.raftengine.testing.fs.Fault;
import io.raftengine.testing.fs.FaultyFileSystem;
import io.raftengine.testing.fs.Operation;
import io.raftengine.testing.model.GroupState;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Repair, case by case: scenarios K6 to K10 and Q14, defect 17, and what can be said wrongly. */
class RepairScenariosTest {
    @TempDir Path temp;
    private RepairFixture fixture;

    @BeforeEach
    void prepare() {
        fixture = new RepairFixture(temp);
    }

    private Path write(SegmentForge segment) {
        return segment.writeTo(fixture.source);
    }

    private static SegmentForge segment(long seq) {
        return new SegmentForge(2, seq);
    }

    // ---- K6 and K7: a hole in each of ten groups -----------------------------------------------

    /** Ten groups of 100 entries, one segment per batch; of group r the batch of index r*r rots. */
    private void tenGroupsWithRot() {
        for (int i = 1; i <= 100; i++) {
            for (int group = 1; group <= 10; group++) {
                SegmentForge segment = segment((i - 1) * 10L + group);
                Path file = write(entries(segment, group, i, 1));
                if (i == group * group) {
                    flip(file, segment.position() - 3);
                }
            }
        }
    }

    @Test
    void k6AHoleIsNamedWithItsGroupAndTheLastIndexBeforeIt() {
        tenGroupsWithRot();
        assertThatThrownBy(() -> fixture.state(fixture.source, "tolerate-tail-corruption"))
                .isInstanceOf(CorruptionException.class);
        Map<String, String> before = bytes(fixture.source);
        List<String> undecided =
                fixture.plan().stream().filter(l -> l.contains("\"undecided\",")).toList();
        // Nothing joins the missing first entry of group 1; the last one of group 10 is a torn
        // tail.
        assertThat(undecided).hasSize(8);
        for (int group = 2; group <= 9; group++) {
            assertThat(undecided.get(group - 2))
                    .contains("\"group\":" + group + ",")
                    .contains("\"expected\":" + group * group + ",")
                    .contains("\"found\":" + (group * group + 1) + ",")
                    .contains("group " + group + ": drop-before " + (group * group + 1));
        }
        assertThat(bytes(fixture.source)).isEqualTo(before);
    }

    @Test
    void k7WithoutARuleNothingIsWrittenAndTheErrorOffersRules() {
        tenGroupsWithRot();
        assertThatThrownBy(() -> fixture.repair())
                .isInstanceOf(CorruptionException.class)
                .hasMessageContaining("entries of group 2, which no rule decides")
                .hasMessageContaining("expected an index up to 4, found 5")
                .hasMessageContaining("group 2: keep incoming")
                .hasMessageContaining("group 2: fill-hole");
        assertThat(fixture.target).doesNotExist();
    }

    @Test
    void k7WhatComesBehindTheHoleCanBeKept() {
        tenGroupsWithRot();
        Map<Long, GroupState> state = fixture.repair("group *: keep incoming");
        for (int group = 1; group <= 9; group++) {
            assertThat(range(state, group)).isEqualTo((group * group + 1) + "..100");
        }
        assertThat(range(state, 10)).isEqualTo("1..99");
    }

    @Test
    void k7WhatComesBeforeTheHoleCanBeKept() {
        tenGroupsWithRot();
        Map<Long, GroupState> state =
                fixture.repair("group *: keep existing", "group 5: drop-before 26");
        for (int group = 2; group <= 9; group++) {
            String expected = group == 5 ? "26..100" : "1.." + (group * group - 1);
            assertThat(range(state, group)).as("group " + group).isEqualTo(expected);
        }
    }

    @Test
    void aHoleCanBeFilledWithEmptyEntriesOrWithMessages() {
        tenGroupsWithRot();
        Map<Long, GroupState> state =
                fixture.repair(
                        "group *: fill-hole", "group 3: fill-hole eraftpb term 300 # as before");
        assertThat(range(state, 2)).isEqualTo("1..100");
        assertThat(texts(state, 2).get(3)).isEmpty();
        assertThat(texts(state, 2).get(4)).isEqualTo(entry(2, 5));
        // field 2 = 300, field 3 = 9
        assertThat(texts(state, 3).get(8).getBytes(StandardCharsets.ISO_8859_1))
                .isEqualTo("\u0010?\u0002\u0018\t".getBytes(StandardCharsets.ISO_8859_1));
    }

    // ---- K8 and K9 -----------------------------------------------------------------------------

    private void fiftyGroups() {
        SegmentForge first = segment(1);
        SegmentForge second = segment(2);
        for (int group = 1; group <= 50; group++) {
            first.batch(
                    content(group, 1, 5),
                    entries(new ItemForge(), 0, group, 1, 5).put(group, "key", "of " + group));
            entries(second, group, 6, 5);
        }
        write(first);
        write(second);
    }

    @Test
    void k8WithoutRulesSoundDataIsCopiedByteForByte() throws IOException {
        fiftyGroups();
        Map<Long, GroupState> expected = fixture.state(fixture.source);
        assertThat(fixture.repair("# nothing to be done", "")).isEqualTo(expected).hasSize(50);
        Map<String, String> source = bytes(fixture.source);
        Map<String, String> target = bytes(fixture.target);
        String sealed = SegmentForge.appendName(1);
        String last = SegmentForge.appendName(2);
        assertThat(target.get(sealed)).isEqualTo(source.get(sealed));
        // As after a clean close, a watermark says that all of it was synced.
        assertThat(target.get(last)).startsWith(source.get(last));
        assertThat(target.get(last))
                .hasSize(source.get(last).length() + SegmentForge.WATERMARK_BYTES);
        assertThat(fixture.result.batchesCopied()).isEqualTo(100);
        assertThat(fixture.result.batchesRecoded()).isZero();
    }

    @Test
    void k9BeginningsAndEndsAreDroppedAndKeysAndOtherGroupsStay() {
        fiftyGroups();
        Map<Long, GroupState> before = fixture.state(fixture.source);
        Map<Long, GroupState> state =
                fixture.repair(
                        "group 1: drop-before 11",
                        "group 25: drop-from 1",
                        "group 2: drop-from 6",
                        "group 26: drop-before 6",
                        "group 30: drop-before 4",
                        "group 30: drop-from 8",
                        "group 40: remove");
        assertThat(range(state, 1)).isEqualTo("none");
        assertThat(state.get(1L).kvs()).isEqualTo(before.get(1L).kvs());
        assertThat(range(state, 25)).isEqualTo("none");
        assertThat(state.get(25L).kvs()).isEqualTo(before.get(25L).kvs());
        assertThat(range(state, 2)).isEqualTo("1..5");
        assertThat(range(state, 26)).isEqualTo("6..10");
        assertThat(range(state, 30)).isEqualTo("4..7");
        assertThat(texts(state, 30)).first().isEqualTo(entry(30, 4));
        assertThat(range(state, 40)).isEqualTo("absent");
        for (long changed : new long[] {1, 2, 25, 26, 30, 40}) {
            before.remove(changed);
            state.remove(changed);
        }
        assertThat(state).isEqualTo(before).hasSize(44);
    }

    // ---- K10 and other failures ----------------------------------------------------------------

    @Test
    void k10AWriteErrorLeavesTheSourceReadableAndNoTarget() {
        fiftyGroups();
        Map<Long, GroupState> expected = fixture.state(fixture.source);
        DirectoryImage before = DirectoryImage.of(fixture.source);
        FaultyFileSystem faulty = new FaultyFileSystem(fixture.fs);
        fixture.fs = faulty;
        faulty.on(Operation.WRITE).after(1).inject(Fault.noSpace());
        assertThatThrownBy(() -> fixture.repair("group 3: remove"))
                .isInstanceOf(OutOfSpaceException.class);
        faulty.clearRules();
        assertThat(fixture.target).doesNotExist();
        assertThat(temp.toFile().list()).containsExactly("source");
        assertThat(DirectoryImage.of(fixture.source)).isEqualTo(before);
        assertThat(fixture.state(fixture.source)).isEqualTo(expected);
        assertThat(fixture.repair("group 3: remove")).hasSize(49);
    }

    @Test
    void aTargetThatIsNotFreeOrLiesInTheSourceIsRefused() throws IOException {
        fiftyGroups();
        DirectoryImage before = DirectoryImage.of(temp);
        List<Path> bad =
                List.of(
                        fixture.source,
                        fixture.source.resolve("copy"),
                        temp.resolve("elsewhere/copy"),
                        temp.resolve("source/../source/copy"));
        for (Path target : bad) {
            try (Repair repair = open()) {
                assertThatThrownBy(() -> repair.checkTarget(target))
                        .isInstanceOf(InvalidArgumentException.class)
                        .hasMessageContaining("expected");
                assertThatThrownBy(() -> repair.write(target, (dir, plan) -> {}))
                        .isInstanceOf(InvalidArgumentException.class);
            }
        }
        assertThat(DirectoryImage.of(temp)).isEqualTo(before);
        Path used = Files.createDirectory(fixture.target);
        Files.writeString(used.resolve("notes"), "mine");
        assertThatThrownBy(() -> fixture.repair())
                .isInstanceOf(InvalidArgumentException.class)
                .hasMessageContaining("found notes");
        Files.delete(used.resolve("notes"));
        assertThat(fixture.repair()).hasSize(50); // an empty directory is free
    }

    @Test
    void aLinkIntoTheSourceIsSeenThrough() throws IOException {
        fiftyGroups();
        Path link = Files.createSymbolicLink(temp.resolve("link"), fixture.source);
        try (Repair repair = open()) {
            assertThatThrownBy(() -> repair.checkTarget(link.resolve("copy")))
                    .isInstanceOf(InvalidArgumentException.class)
                    .hasMessageContaining("lies within");
        }
    }

    private Repair open() {
        return Repair.open(
                fixture.fs,
                List.of(fixture.source),
                RepairFixture.rules(),
                Repair.Versions.V2,
                fixture.budget);
    }

    @Test
    void whatAnInterruptedRepairLeftIsTakenOverAndNothingElse() throws IOException {
        fiftyGroups();
        Path left = Files.createDirectory(temp.resolve("target.repairing"));
        Files.writeString(left.resolve("s0000000000000001.raftlog.tmp"), "half");
        Files.writeString(left.resolve("0000000000000009.raftlog"), "whole");
        Files.writeString(left.resolve("LOCK"), "");
        assertThat(fixture.repair()).hasSize(50);
        assertThat(left).doesNotExist();
        assertThat(fixture.target.resolve("0000000000000009.raftlog")).doesNotExist();
        Files.createDirectory(left);
        Files.writeString(left.resolve("thesis.txt"), "mine");
        try (Repair repair = open()) {
            assertThatThrownBy(() -> repair.checkTarget(fixture.target))
                    .isInstanceOf(InvalidArgumentException.class);
        }
        assertThat(left.resolve("thesis.txt")).exists();
    }

    @Test
    void aDirectoryThatAnEngineHasOpenIsNotRepaired() {
        EngineConfig config = EngineConfig.builder(fixture.source).build();
        try (RaftEngine engine = RaftEngine.open(config)) {
            assertThat(engine.isEmpty()).isTrue();
            assertThatThrownBy(() -> fixture.repair()).isInstanceOf(LockedException.class);
        }
    }

    @Test
    void aRuleForAGroupThatIsNotThereIsRefusedAndNothingIsWritten() {
        fiftyGroups();
        assertThatThrownBy(() -> fixture.repair("group 7: remove", "group 51: remove"))
                .isInstanceOf(InvalidArgumentException.class)
                .hasMessageContaining("rules line 2: \"group 51: remove\"")
                .hasMessageContaining("expected a group of the directory");
        assertThat(fixture.target).doesNotExist();
    }

    @Test
    void tooLittleMemoryIsSaidAndAllOfItIsGivenBack() {
        fiftyGroups();
        MemoryBudget small = new MemoryBudget(1 << 20);
        try (Repair repair =
                Repair.open(
                        fixture.fs,
                        List.of(fixture.source),
                        RepairFixture.rules(),
                        Repair.Versions.V2,
                        small)) {
            assertThatThrownBy(repair::plan).isInstanceOf(MemoryLimitException.class);
        }
        assertThat(small.reservedBytes()).isZero();
        fixture.repair();
        assertThat(fixture.budget.reservedBytes()).isZero();
    }

    // ---- Q14: the rewrite queue and atomic groups ----------------------------------------------

    /** Group 1 as an atomic group over three batches and two segments, with group 2 in between. */
    private void rewriteQueue() {
        SegmentForge one = segment(1);
        one.batch(content(1, 1, 2), entries(new ItemForge().marker(9, 0), 0, 1, 1, 2)); // begin
        entries(one, 2, 1, 3);
        one.batch(content(1, 3, 2), entries(new ItemForge().marker(9, 1), 0, 1, 3, 2));
        one.writeRewriteTo(fixture.source);
        SegmentForge two = segment(2);
        entries(two, 3, 1, 2);
        two.batch(
                content(1, 5, 2),
                entries(new ItemForge(), 0, 1, 5, 2).put(1, "k", "v").marker(9, 2)); // end
        two.batch(content(4, 1, 2), entries(new ItemForge().marker(10, 0), 0, 4, 1, 2));
        two.writeRewriteTo(fixture.source);
        write(entries(entries(segment(1), 1, 7, 2), 2, 4, 1));
    }

    @Test
    void q14AtomicGroupsStayWholeWhereNothingChangesInThem() {
        rewriteQueue();
        Map<Long, GroupState> expected = fixture.state(fixture.source);
        assertThat(range(expected, 1)).isEqualTo("1..8");
        assertThat(range(expected, 4)).as("never finished").isEqualTo("absent");
        assertThat(fixture.plan()).anyMatch(line -> line.contains("\"unfinished\""));
        assertThat(fixture.repair()).isEqualTo(expected);
    }

    @Test
    void q14RulesChangeTheRewriteQueueAndAtomicGroupsStayWhole() {
        rewriteQueue();
        Map<Long, GroupState> state =
                fixture.repair("group 1: drop-from 6", "group 2: remove", "group 3: drop-before 2");
        assertThat(range(state, 1)).isEqualTo("1..5");
        assertThat(texts(state, 1)).element(4).isEqualTo(entry(1, 5));
        assertThat(state.get(1L).kvs()).hasSize(1);
        assertThat(range(state, 2)).isEqualTo("absent");
        assertThat(range(state, 3)).isEqualTo("2..2");
        // The marked batches are still marked: without its end none of the group counts.
        Path end = fixture.target.resolve(SegmentForge.rewriteName(2));
        Map<String, String> files = bytes(fixture.target);
        assertThat(files.get(SegmentForge.rewriteName(2))).contains("__\u0001\u0001\u0002");
        String name = SegmentForge.rewriteName(2);
        flip(end, files.get(name).indexOf("__\u0001\u0001\u0002"));
        assertThat(range(fixture.state(fixture.target, "tolerate-any-corruption"), 1))
                .isEqualTo("absent");
    }

    @Test
    void whatTheAppendQueueLeftBehindDoesNotComeBackWhenItsEndIsDropped() {
        entries(segment(1), 1, 1, 28).writeRewriteTo(fixture.source);
        write(entries(segment(1), 1, 35, 2)); // behind a compaction that is not in the log
        assertThat(range(fixture.state(fixture.source), 1)).isEqualTo("35..36");
        assertThat(range(fixture.repair("group 1: drop-from 30", "group 1: keep existing"), 1))
                .as("named: the rule bridges the hole, and the end is dropped")
                .isEqualTo("1..28");
        RepairFixture second = new RepairFixture(temp.resolve("second"));
        entries(segment(1), 1, 1, 28).writeRewriteTo(second.source);
        entries(segment(1), 1, 35, 2).writeTo(second.source);
        assertThat(second.repair("group 1: drop-from 30")).isEmpty();
    }

    @Test
    void q14AHoleInTheRewriteQueueIsReplaysBusinessUnlessItsGroupIsNamed() {
        SegmentForge one = entries(entries(segment(1), 1, 1, 3), 2, 1, 3);
        entries(entries(one, 1, 10, 3), 2, 10, 3);
        one.writeRewriteTo(fixture.source);
        write(segment(1));
        Map<Long, GroupState> state =
                fixture.repair("group 2: keep existing", "group *: keep existing");
        assertThat(range(state, 1)).as("compacted once, says every replay").isEqualTo("10..12");
        assertThat(range(state, 2)).isEqualTo("1..3");
    }

    // ---- damage and rules ----------------------------------------------------------------------

    @Test
    void anUnreadableBlockLosesItsEntriesAndKeepsItsKeys() {
        SegmentForge one = segment(1);
        entries(one, 1, 1, 3);
        int damaged = one.position() + 20;
        one.batch(
                content(1, 4, 2),
                entries(new ItemForge(), 0, 1, 4, 2).put(1, "vote", "yes").put(5, "k", "v"));
        entries(entries(one, 1, 6, 2), 2, 1, 1);
        flip(write(one), damaged);
        write(segment(2));
        assertThat(fixture.plan()).anyMatch(line -> line.contains("\"unreadable_blocks\":1"));
        Map<Long, GroupState> state = fixture.repair("group *: keep existing");
        assertThat(range(state, 1)).isEqualTo("1..3");
        assertThat(state.get(1L).kvs()).hasSize(1);
        assertThat(state.get(5L).kvs()).hasSize(1);
        assertThat(range(state, 2)).isEqualTo("1..1");
    }

    /** D8: there are enough stored bytes for the most that a block can claim. */
    @Test
    void aBlockThatClaimsAllThereCanBeIsOneUnreadableBlock() {
        SegmentForge segment = new SegmentForge(2, 1).batchOfTheLargestClaim(7, 1);
        entries(segment, 8, 1, 2);
        segment.writeTo(fixture.source);
        assertThat(fixture.plan()).anyMatch(line -> line.contains("\"unreadable_blocks\":1"));
        assertThat(range(fixture.repair("group *: keep existing"), 8)).isEqualTo("1..2");
    }

    @Test
    void unreadableEntriesThatWereReplacedOrCompactedNeverMattered() {
        SegmentForge one = segment(1);
        int damaged = one.position() + 20;
        one.batch(
                content(1, 1, 3),
                entries(entries(new ItemForge(), 0, 1, 1, 3), 0, 2, 1, 0).put(3, "k", "v"));
        entries(one, 1, 4, 3);
        one.batch(new ItemForge().compact(1, 4));
        flip(write(one), damaged);
        write(segment(2));
        Map<Long, GroupState> state = fixture.repair();
        assertThat(range(state, 1)).isEqualTo("4..6");
        assertThat(state.get(3L).kvs()).hasSize(1);
        assertThat(fixture.plan()).noneMatch(line -> line.contains("\"lost\""));
    }

    @Test
    void unreadableEntriesAtTheBeginningOrEndAreNoHole() {
        SegmentForge one = segment(1);
        int first = one.position() + 20;
        entries(entries(one, 1, 1, 3), 1, 4, 3);
        int last = one.position() + 20;
        entries(entries(one, 1, 7, 3), 2, 1, 1);
        Path file = write(one);
        flip(file, first);
        flip(file, last);
        write(segment(2));
        assertThat(fixture.plan())
                .anyMatch(line -> line.contains("\"lost\",\"group\":1,\"entries\":6"));
        assertThat(range(fixture.repair(), 1)).isEqualTo("4..6");
    }

    @Test
    void unreadableEntriesCanBeReplacedByEmptyOnes() {
        SegmentForge one = entries(segment(1), 1, 1, 3);
        int damaged = one.position() + 20;
        entries(entries(one, 1, 4, 3), 1, 7, 3);
        flip(write(one), damaged);
        write(segment(2));
        Map<Long, GroupState> state = fixture.repair("group 1: fill-hole");
        assertThat(range(state, 1)).isEqualTo("1..9");
        assertThat(texts(state, 1).subList(2, 7))
                .containsExactly(entry(1, 3), "", "", "", entry(1, 7));
    }

    @Test
    void whatUnreadableEntriesHadOverwrittenDoesNotComeBack() {
        SegmentForge one = segment(1);
        entries(one, 1, 1, 10);
        int damaged = one.position() + 20;
        entries(one, 1, 5, 4);
        entries(entries(one, 2, 1, 1), 1, 9, 1);
        flip(write(one), damaged);
        write(entries(segment(2), 1, 10, 1));
        Map<Long, GroupState> state = fixture.repair("group *: keep existing");
        assertThat(range(state, 1)).isEqualTo("1..4");
        assertThat(texts(state, 1)).element(3).isEqualTo(entry(1, 4));
        assertThat(range(state, 2)).isEqualTo("1..1");
    }

    @Test
    void anOverwriteBelowTheFirstEntryReplacesAllUnlessARuleKeepsWhatIsThere() {
        SegmentForge one = segment(1);
        entries(entries(one, 1, 5, 3), 2, 5, 3);
        entries(entries(one, 1, 1, 2), 2, 1, 2);
        write(one);
        Map<Long, GroupState> state = fixture.repair("group 2: keep existing on overlap");
        assertThat(range(state, 1)).isEqualTo("1..2");
        assertThat(range(state, 2)).isEqualTo("5..7");
    }

    @Test
    void aHoleThatWasCompactedOrOverwrittenLaterNeedsNoRule() {
        SegmentForge one = segment(1);
        entries(one, 1, 1, 10);
        entries(one, 1, 21, 10); // 11..20 are missing
        one.batch(new ItemForge().compact(1, 15));
        entries(entries(one, 1, 31, 1), 2, 1, 10);
        entries(one, 2, 21, 10);
        one.batch(new ItemForge().compact(2, 25));
        entries(entries(one, 3, 1, 10), 3, 21, 10);
        entries(one, 3, 11, 2);
        write(one);
        // Of group 2 what was missing is compacted, of group 3 it is overwritten: both are whole.
        // Group 1 begins with what is missing, and so begins behind it.
        assertThat(fixture.plan())
                .hasSize(2)
                .element(0)
                .asString()
                .contains("\"lost\",\"group\":1,\"entries\":6,\"first\":15,\"last\":20");
        Map<Long, GroupState> state = fixture.repair();
        assertThat(range(state, 1)).isEqualTo("21..31");
        assertThat(range(state, 2)).isEqualTo("25..30");
        assertThat(range(state, 3)).isEqualTo("1..12");
        assertThat(texts(state, 3)).element(11).isEqualTo(entry(3, 12));
    }

    @Test
    void aHoleTooLargeToFillIsRefused() {
        SegmentForge one = segment(1);
        entries(entries(one, 1, 1, 1), 1, 1L << 40, 1);
        write(one);
        assertThatThrownBy(() -> fixture.plan("group 1: fill-hole"))
                .isInstanceOf(InvalidArgumentException.class)
                .hasMessageContaining("a hole of 1099511627774 indexes from 2 on");
        assertThat(range(fixture.repair("group 1: keep incoming"), 1))
                .isEqualTo("1099511627776..1099511627776");
    }

    @Test
    void v1SegmentsBecomeV2OrStayAsTheyAre() {
        entries(entries(new SegmentForge(1, 3), 1, 1, 2), 2, 1, 2).writeTo(fixture.source);
        entries(new SegmentForge(2, 4), 1, 3, 2).writeTo(fixture.source);
        Map<Long, GroupState> expected = fixture.state(fixture.source);
        Map<String, String> source = bytes(fixture.source);
        assertThat(fixture.repair()).isEqualTo(expected);
        String v1 = SegmentForge.appendName(3);
        assertThat(bytes(fixture.target).get(v1)).isNotEqualTo(source.get(v1)).contains("\u0002");
        fixture.versions = Repair.Versions.AS_THEY_WERE;
        RepairFixture again = new RepairFixture(temp.resolve("again"));
        again.versions = Repair.Versions.AS_THEY_WERE;
        entries(entries(new SegmentForge(1, 3), 1, 1, 2), 2, 1, 2).writeTo(again.source);
        entries(new SegmentForge(2, 4), 1, 3, 2).writeTo(again.source);
        assertThat(again.repair()).isEqualTo(expected);
        assertThat(bytes(again.target).get(v1)).isEqualTo(source.get(v1));
    }

    @Test
    void aBatchLargerThanEveryBufferIsCopiedAndChanged() {
        int bytes = 3 << 20;
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        content.writeBytes(new byte[bytes]);
        content.writeBytes("small".getBytes(StandardCharsets.UTF_8));
        SegmentForge one = segment(1);
        one.batch(
                content.toByteArray(),
                new ItemForge().entries(1, 1, bytes).entries(2, 1, bytes + 5L));
        entries(one, 3, 1, 1);
        write(one);
        Map<Long, GroupState> expected = fixture.state(fixture.source);
        assertThat(fixture.repair("group 3: remove")).containsAllEntriesOf(without(expected, 3));
        RepairFixture second = new RepairFixture(temp.resolve("second"));
        one.writeTo(second.source);
        assertThat(texts(second.repair("group 1: remove"), 2)).containsExactly("small");
    }

    private static Map<Long, GroupState> without(Map<Long, GroupState> state, long group) {
        state.remove(group);
        return state;
    }

    @Test
    void aProofThatFailsLeavesNothing() {
        fiftyGroups();
        List<Path> seen = new ArrayList<>();
        try (Repair repair = open()) {
            assertThatThrownBy(() ->
                            repair.write(
                                    fixture.target,
                                    (dir, plan) -> {
                                        seen.add(dir);
                                        throw new CorruptionException("", -1, "", "", "");
                                    }))
                    .isInstanceOf(CorruptionException.class);
        }
        assertThat(seen).hasSize(1);
        assertThat(temp.toFile().list()).containsExactly("source");
    }

    @Test
    void anEmptyDirectoryBecomesAnEmptyDirectory() {
        assertThat(fixture.repair()).isEmpty();
        assertThat(fixture.target).isDirectory();
    }
}
