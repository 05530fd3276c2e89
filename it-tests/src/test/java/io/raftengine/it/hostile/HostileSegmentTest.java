package io.raftengine.it.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.engine.EngineConfig;
import io.raftengine.engine.RaftEngine;
import io.raftengine.recovery.RecoveryMode;
import io.raftengine.testing.forge.CollidingGroups;
import io.raftengine.testing.forge.ItemForge;
import io.raftengine.testing.forge.SegmentForge;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Segments whose checksums are right and whose content is meant to hurt (D8, P5, P9). Each must
 * give the outcome that stands beside it, at the end of the log and with another segment behind it,
 * in the modes absolute, tail and any, with the effort that {@link HostileOpening} allows.
 */
@Timeout(value = 300, unit = TimeUnit.SECONDS) // ends what hangs; effort is measured otherwise
class HostileSegmentTest {
    private static final long HUGE = Long.MIN_VALUE;
    private static final byte[] TEN = "0123456789".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] NONE = {};
    private static final String OPENS = "opens";
    private static final String CORRUPT = "CorruptionException";
    private static final String LIMIT = "MemoryLimitException";

    @TempDir Path dir;

    /**
     * @param absolute what an open in this mode gives where the segment is the last, as the two
     *     after it
     * @param sealed what both stricter modes give where another segment follows; there the tolerant
     *     one makes no difference
     */
    record Case(
            String name,
            Function<SegmentForge, SegmentForge> content,
            boolean rewrite,
            long indexBytes,
            String absolute,
            String tail,
            String any,
            String sealed) {
        String outcome(RecoveryMode mode) {
            return switch (mode) {
                case ABSOLUTE_CONSISTENCY -> absolute;
                case TOLERATE_TAIL_CORRUPTION -> tail;
                case TOLERATE_ANY_CORRUPTION -> any;
            };
        }

        String sealedOutcome(RecoveryMode mode) {
            return mode == RecoveryMode.TOLERATE_ANY_CORRUPTION ? any : sealed;
        }

        Case inRewriteQueue() {
            return new Case(
                    name + ", rewrite", content, true, indexBytes, absolute, tail, any, sealed);
        }

        Case index(long bytes) {
            return new Case(name, content, rewrite, bytes, absolute, tail, any, sealed);
        }

        @Override
        public String toString() {
            return name;
        }
    }

    private static Case all(
            String name, String outcome, Function<SegmentForge, SegmentForge> content) {
        return new Case(name, content, false, 0, outcome, outcome, outcome, outcome);
    }

    /** Strange, and nothing is wrong with it. */
    private static Case sound(String name, byte[] content, ItemForge items) {
        return all(name, OPENS, s -> s.batch(content, items));
    }

    /** As a crash leaves the end of the log; in front of another segment it is damage. */
    private static Case torn(String name, Function<SegmentForge, SegmentForge> content) {
        return new Case(name, content, false, 0, OPENS, OPENS, OPENS, CORRUPT);
    }

    /** As {@link #torn}, but nothing that a crash leaves: the strict mode refuses it at the end. */
    private static Case strict(String name, Function<SegmentForge, SegmentForge> content) {
        return new Case(name, content, false, 0, CORRUPT, OPENS, OPENS, CORRUPT);
    }

    /** Refused by all modes but the one that tolerates any damage. */
    private static Case rot(String name, Function<SegmentForge, SegmentForge> content) {
        return new Case(name, content, false, 0, CORRUPT, CORRUPT, OPENS, CORRUPT);
    }

    /** Checksum right, items wrong: damage that no crash leaves. */
    private static Case wrongItems(String name, byte[] content, ItemForge items) {
        return rot(name, s -> s.batch(content, items));
    }

    private static ItemForge forge() {
        return new ItemForge();
    }

    static Stream<Case> counts() {
        return Stream.of(
                wrongItems("item count 2^63", NONE, forge().clean(1).claimItems(HUGE)),
                wrongItems("item count 2^64-1", NONE, forge().clean(1).claimItems(-1)),
                wrongItems("item count 2^31", NONE, forge().clean(1).claimItems(1L << 31)),
                wrongItems("one item too many", NONE, forge().clean(1).claimItems(2)),
                wrongItems(
                        "item count at limit of room",
                        NONE,
                        forge().claimItems(2).raw(new byte[6])),
                wrongItems("entry count 2^63", TEN, forge().entriesClaiming(HUGE, 1, 1, 10)),
                wrongItems(
                        "entry count 2^32+1",
                        TEN,
                        forge().entriesClaiming((1L << 32) + 1, 1, 1, 10)),
                wrongItems(
                        "entry count 2^31-1",
                        TEN,
                        forge().entriesClaiming((1L << 31) - 1, 1, 1, 10)),
                wrongItems("one entry too many", TEN, forge().entriesClaiming(2, 1, 1, 10)),
                wrongItems("key length 2^63", NONE, forge().putClaiming(1, HUGE, TEN, 1, TEN)),
                wrongItems(
                        "key length 2^31-1",
                        NONE,
                        forge().putClaiming(1, Integer.MAX_VALUE, TEN, 1, TEN)),
                wrongItems(
                        "key length 2^32+1",
                        NONE,
                        forge().putClaiming(1, (1L << 32) + 1, TEN, 1, TEN)),
                wrongItems("value length 2^64-1", NONE, forge().putClaiming(1, 10, TEN, -1, TEN)),
                wrongItems(
                        "value length 2^31", NONE, forge().putClaiming(1, 10, TEN, 1L << 31, TEN)),
                wrongItems(
                        "value one byte too long", NONE, forge().putClaiming(1, 10, TEN, 11, TEN)));
    }

    static Stream<Case> tails() {
        return Stream.of(
                wrongItems("tails decrease", TEN, forge().entries(1, 1, 7, 6, 10)),
                wrongItems(
                        "tails decrease over items",
                        TEN,
                        forge().entries(1, 1, 7).entries(2, 1, 6)),
                wrongItems("tail beyond content", TEN, forge().entries(1, 1, 11)),
                wrongItems("tail 2^31", TEN, forge().entries(1, 1, 1L << 31)),
                wrongItems("tail 2^63", TEN, forge().entries(1, 1, HUGE)),
                wrongItems("tail without content", NONE, forge().entries(1, 1, 1)),
                wrongItems("first index overflows", TEN, forge().entries(1, -2, 5, 10)),
                wrongItems("first index 2^64-1", TEN, forge().entries(1, -1, 10)),
                sound("last index 2^64-2", TEN, forge().entries(1, -3, 5, 10)),
                sound("entries of no length", NONE, forge().entries(1, 1, 0, 0, 0)),
                sound("content nobody owns", TEN, forge().entries(1, 1, 3)),
                sound("no items", NONE, forge()),
                sound("bytes behind the items", NONE, forge().clean(1).raw(9).raw(9)));
    }

    static Stream<Case> oddItems() {
        byte[] overlong = new byte[11];
        Arrays.fill(overlong, (byte) 0x80);
        byte[] tooLarge = new byte[10];
        Arrays.fill(tooLarge, (byte) 0xff);
        tooLarge[9] = 2;
        return Stream.of(
                wrongItems("varint of 11 bytes", NONE, forge().raw(overlong).claimItems(1)),
                wrongItems(
                        "varint above 64 bits",
                        NONE,
                        forge().raw(tooLarge).raw(2).raw(1).claimItems(1)),
                sound(
                        "group id with leading zeros",
                        NONE,
                        forge().raw(0x81).raw(0x80).raw(0).raw(2).raw(1).claimItems(1)),
                wrongItems("item type 0", NONE, forge().begin(1, 0).raw(1)),
                wrongItems("item type 4", NONE, forge().begin(1, 4).raw(1)),
                wrongItems("item type 255", NONE, forge().begin(1, 255).raw(1)),
                wrongItems("command 3", NONE, forge().begin(1, 2).raw(3)),
                wrongItems("operation 0", NONE, forge().begin(1, 3).raw(0).raw(0)),
                wrongItems("section ends in an item", NONE, forge().begin(1, 2)),
                sound(
                        "internal key, strange values",
                        NONE,
                        forge().put(1, ItemForge.INTERNAL_KEY, NONE)
                                .put(1, ItemForge.INTERNAL_KEY, TEN)
                                .put(1, ItemForge.INTERNAL_KEY, new byte[] {9})
                                .delete(1, ItemForge.INTERNAL_KEY)),
                all("marker 9, rewrite", CORRUPT, s -> s.batch(forge().marker(1, 9)))
                        .inRewriteQueue(),
                all(
                        "a hole in a group",
                        CORRUPT,
                        s -> s.batch(TEN, forge().entries(1, 1, 1, 2).entries(1, 9, 10))),
                sound(
                        "an append below the first",
                        TEN,
                        forge().entries(1, 5, 1, 2).entries(1, 2, 10)));
    }

    static Stream<Case> batches() {
        byte[] section = forge().clean(1).bytes();
        return Stream.of(
                torn("length near 2^56", s -> s.claiming((1L << 55) - 1, 0, 16, NONE, section)),
                torn("length 2^56-1", s -> s.claiming(-1L >>> 8, 0, 16, NONE, section)),
                torn("length 0", s -> s.claiming(0, 0, 16, NONE, section)),
                torn("length 16", s -> s.claiming(16, 0, 16, NONE, section)),
                torn("length 20, no section", s -> s.claiming(20, 0, 16, NONE, NONE)),
                torn("item offset 0", s -> s.claiming(24, 0, 0, NONE, section)),
                torn("item offset 15", s -> s.claiming(24, 0, 15, NONE, section)),
                torn("item offset behind", s -> s.claiming(24, 0, 25, NONE, section)),
                torn("item offset 2^63", s -> s.claiming(24, 0, HUGE, NONE, section)),
                torn("item offset 2^64-1", s -> s.claiming(24, 0, -1, NONE, section)),
                torn("compression type 2", s -> s.claiming(24, 2, 16, NONE, section)),
                torn("compression type 255", s -> s.claiming(24, 255, 16, NONE, section)),
                torn(
                        "entries block of 4 bytes",
                        s ->
                                s.claiming(
                                        28,
                                        0,
                                        20,
                                        NONE,
                                        ByteBuffer.allocate(8).putInt(0).put(section).array())),
                torn("trailing garbage", s -> s.batch(forge().clean(1)).raw(TEN)),
                all("100,000 groups in a batch", OPENS, s -> s.batch(manyGroups()))
                        .index(24L << 20),
                all("100,000 groups, no room", LIMIT, s -> s.batch(manyGroups())),
                all("200 groups of one hash", OPENS, s -> s.batch(collidingGroups())),
                all("a million entries", OPENS, s -> s.batch(millionEntries())).index(16L << 20),
                all("a million empty entries items", OPENS, s -> s.batch(millionEmpty())));
    }

    private static ItemForge manyGroups() {
        ItemForge items = forge();
        for (int i = 0; i < 100_000; i++) {
            items.compact(i, 1);
        }
        return items;
    }

    private static ItemForge collidingGroups() {
        ItemForge items = forge();
        for (long id : CollidingGroups.ids(CollidingGroups.CUSTOMARY_SEED, 200)) {
            items.compact(id, 1).put(id, "k", "v");
        }
        return items;
    }

    private static ItemForge millionEntries() {
        return forge().entries(1, 1, new long[1_000_000]);
    }

    private static ItemForge millionEmpty() {
        ItemForge items = forge();
        for (int i = 0; i < 1_000_000; i++) {
            items.entries(i & 7, 0);
        }
        return items;
    }

    static Stream<Case> compressed() {
        byte[] garbage = new byte[64];
        Arrays.fill(garbage, (byte) 0xa7);
        // A literal of nothing, then a match of very many bytes from one byte back.
        byte[] bomb = new byte[8000];
        Arrays.fill(bomb, (byte) 0xff);
        bomb[0] = 0x1f;
        bomb[1] = 'x';
        bomb[2] = 1;
        bomb[3] = 0;
        bomb[7999] = 0;
        return Stream.of(
                strict(
                        "LZ4 of 2 GiB from 7 bytes",
                        s ->
                                s.lz4Batch(
                                        Integer.MAX_VALUE,
                                        new byte[7],
                                        forge().entries(1, 1, Integer.MAX_VALUE))),
                strict(
                        "LZ4 of negative length",
                        s -> s.lz4Batch(-1, garbage, forge().entries(1, 1, 10))),
                strict("LZ4 without block", s -> s.lz4Batch(10, NONE, forge().entries(1, 1, 10))),
                all(
                        "LZ4 garbage",
                        OPENS,
                        s -> s.lz4Batch(100, garbage, forge().entries(1, 1, 100))),
                all(
                        "LZ4 bomb of 2 MB",
                        OPENS,
                        s -> s.lz4Batch(2_000_000, bomb, forge().entries(1, 1, 2_000_000))),
                all(
                        "LZ4 of a shorter content",
                        OPENS,
                        s -> s.lz4Batch(1000, bomb, forge().entries(1, 1, 1000))),
                all(
                        "LZ4 tails beyond content",
                        OPENS,
                        s -> s.lz4Batch(1000, bomb, forge().entries(1, 1, 1 << 30))),
                strict(
                        "a thousand LZ4 bombs",
                        s -> {
                            for (int i = 0; i < 1000; i++) {
                                s.lz4Batch(
                                        Integer.MAX_VALUE,
                                        new byte[9],
                                        forge().entries(1, 1 + i, Integer.MAX_VALUE));
                            }
                            return s;
                        }));
    }

    static Stream<Case> markers() {
        return Stream.of(
                all("100,000 begins of one group", OPENS, s -> begins(s, 1)).inRewriteQueue(),
                all("100,000 begins of as many groups", CORRUPT, s -> begins(s, 0))
                        .inRewriteQueue(),
                all("100,000 begins in the append queue", OPENS, s -> begins(s, 0)),
                all("100,000 middles of one group", OPENS, s -> marks(s, 1)).inRewriteQueue(),
                all("100,000 ends", OPENS, s -> marks(s, 2)).inRewriteQueue(),
                all("2,000 groups that take turns", OPENS, s -> takingTurns(s, 2_000, 15))
                        .inRewriteQueue(),
                all(
                                "100,000 markers in one batch",
                                OPENS,
                                s -> {
                                    ItemForge items = forge();
                                    for (int i = 0; i < 100_000; i++) {
                                        items.marker(i, i % 3);
                                    }
                                    return s.batch(items);
                                })
                        .inRewriteQueue());
    }

    private static SegmentForge begins(SegmentForge s, int sameId) {
        for (int i = 0; i < 100_000; i++) {
            s.batch(forge().marker(sameId == 1 ? 7 : i, 0).put(i & 15, "k", "v"));
        }
        return s;
    }

    /** Whoever collects one group goes through the whole file for it. */
    private static SegmentForge takingTurns(SegmentForge s, int groups, int rounds) {
        for (int round = 0; round < rounds; round++) {
            int type = round == 0 ? 0 : round == rounds - 1 ? 2 : 1;
            for (int i = 0; i < groups; i++) {
                s.batch(forge().marker(i, type).put(i & 15, "k", "v"));
            }
        }
        return s;
    }

    private static SegmentForge marks(SegmentForge s, int type) {
        for (int i = 0; i < 100_000; i++) {
            s.batch(forge().marker(7, type).put(i & 15, "k", "v"));
        }
        return s;
    }

    static Stream<Case> watermarks() {
        return Stream.of(
                all(
                        "watermark of itself",
                        OPENS,
                        s -> s.batch(forge().clean(1)).watermark(s.position())),
                all("watermark beyond its place", OPENS, s -> s.watermark(1L << 40)),
                all("watermark -1", OPENS, s -> s.watermark(-1)),
                all("watermark of another place", OPENS, s -> s.watermark(100, 5)),
                // A torn tail stays one whatever absurd records stand behind it; D1 wants a true
                // one.
                strict(
                        "torn tail, then absurd watermark",
                        s ->
                                s.raw(new byte[40])
                                        .watermark(1L << 40)
                                        .watermark(s.position() + 99, s.position() + 77)),
                torn(
                        "torn tail, then watermark below it",
                        s -> s.batch(forge().clean(1)).raw(new byte[40]).watermark(80)),
                rot(
                        "rot under a watermark",
                        s -> s.batch(forge().clean(1)).raw(new byte[40]).watermark(s.position())),
                strict(
                        "rot under a watermark in an entry",
                        s ->
                                s.batch(forge().clean(1))
                                        .raw(new byte[3])
                                        .batch(watermarkOf(1), forge().entries(1, 1, 46))));
    }

    /** A watermark that somebody appended as an entry: true for the place it was copied from. */
    private static byte[] watermarkOf(long seq) {
        byte[] file = new SegmentForge(2, seq).batch(forge().clean(1)).watermark(90).bytes();
        return Arrays.copyOfRange(file, file.length - SegmentForge.WATERMARK_BYTES, file.length);
    }

    static Stream<Case> cases() {
        return Stream.of(
                        counts(),
                        tails(),
                        oddItems(),
                        batches(),
                        compressed(),
                        markers(),
                        watermarks())
                .flatMap(cases -> cases);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void asTheLastSegment(Case c) {
        for (RecoveryMode mode : RecoveryMode.values()) {
            Path sub = directory(mode.name());
            write(sub, c, 1);
            assertThat(new HostileOpening(sub, mode, c.indexBytes).outcome())
                    .as("%s, %s", c, mode)
                    .isEqualTo(c.outcome(mode));
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void asASealedSegment(Case c) {
        for (RecoveryMode mode : RecoveryMode.values()) {
            Path sub = directory(mode.name());
            write(sub, c, 1);
            Case next = all("next", OPENS, s -> s.batch(forge().clean(3)));
            write(sub, c.rewrite ? next.inRewriteQueue() : next, 2);
            assertThat(new HostileOpening(sub, mode, c.indexBytes).outcome())
                    .as("%s, %s", c, mode)
                    .isEqualTo(c.sealedOutcome(mode));
        }
    }

    /** Without a limit nothing but the table's own measure keeps it small. */
    @Test
    void groupIdsChosenToCollideTakeNoMoreMemoryThanOthers() {
        write(dir, all("groups", OPENS, s -> s.batch(collidingGroups())), 1);
        for (RecoveryMode mode : RecoveryMode.values()) {
            EngineConfig config = EngineConfig.builder(dir).recoveryMode(mode).build();
            try (RaftEngine engine = RaftEngine.open(config)) {
                assertThat(engine.statistics().groups()).isEqualTo(200);
                assertThat(engine.statistics().memoryPeakBytes())
                        .isLessThan(HostileOpening.IDLE_BYTES + HostileOpening.GUARD_BYTES);
            }
        }
    }

    private Path directory(String name) {
        try {
            return Files.createDirectory(dir.resolve(name));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void write(Path to, Case c, long seq) {
        SegmentForge segment = c.content.apply(new SegmentForge(2, seq));
        if (c.rewrite) {
            segment.writeRewriteTo(to);
        } else {
            segment.writeTo(to);
        }
    }
}
