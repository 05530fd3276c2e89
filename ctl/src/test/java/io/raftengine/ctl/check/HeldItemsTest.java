package io.raftengine.ctl.check;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.log.format.ItemReader;
import io.raftengine.log.format.QueueKind;
import io.raftengine.log.segment.SegmentFile;
import io.raftengine.testing.campaign.Seed;
import io.raftengine.testing.forge.ItemForge;
import io.raftengine.testing.forge.SegmentForge;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Items that wait come back as they were, whatever their numbers. */
class HeldItemsTest {
    private static SegmentFile file(long seq) {
        Path path = Path.of(SegmentForge.rewriteName(seq));
        return new SegmentFile(QueueKind.REWRITE, seq, path, false, 1000, 1);
    }

    /** Numbers of every length, among them the largest unsigned one. */
    private static long number(SplittableRandom random) {
        return random.nextLong() >>> random.nextInt(64);
    }

    private static ItemReader reader(ItemForge items) {
        byte[] section = items.bytes();
        ItemReader reader = new ItemReader();
        reader.open(section, 0, section.length, 0, -1);
        return reader;
    }

    @Test
    void whatIsHeldComesBackInOrder() {
        long base = Seed.orElse(1);
        for (long seed = base; seed < base + 100; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            HeldItems held = new HeldItems();
            List<Span> expected = new ArrayList<>();
            SegmentFile file = file(1);
            for (int batch = 0; batch < 20; batch++) {
                file = random.nextInt(4) == 0 ? file(2 + batch) : file;
                add(random, file, held, expected);
            }
            List<Span> found = new ArrayList<>();
            held.forEach(found::add);
            assertThat(found).as("-Draftengine.seed=" + seed).isEqualTo(expected);
        }
    }

    private static void add(
            SplittableRandom random, SegmentFile file, HeldItems held, List<Span> expected) {
        long offset = number(random) >>> 1;
        boolean good = random.nextBoolean();
        ItemForge items = new ItemForge();
        for (int i = random.nextInt(8), tail = 0; i > 0; i--, tail += 3) {
            long group = number(random);
            long index = number(random) >>> 1;
            switch (random.nextInt(5)) {
                case 0 -> {
                    items.clean(group);
                    expected.add(new Span(file, offset, ItemReader.CLEAN, group, 0, 0, good));
                }
                case 1 -> {
                    items.compact(group, index);
                    expected.add(
                            new Span(file, offset, ItemReader.COMPACT, group, index, index, good));
                }
                case 2 -> {
                    items.entries(group, index, tail + 1, tail + 2, tail + 3);
                    expected.add(
                            new Span(
                                    file,
                                    offset,
                                    ItemReader.ENTRIES,
                                    group,
                                    index,
                                    index + 3,
                                    good));
                }
                case 3 -> items.entries(group, 0); // no entries at all
                default -> items.put(group, "key", "value");
            }
        }
        held.add(file, offset, reader(items), good);
    }
}
