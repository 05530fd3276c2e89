package io.raftengine.engine.memtable;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.allocator.MemoryBudget;
import io.raftengine.allocator.SlabArena;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The list keeps its order, and each extension has one owner, wherever groups are taken out. */
class RewrittenGroupsTest {
    private final MemoryBudget budget = MemoryBudget.unlimited();
    private final SlabArena arena = SlabArena.open(budget, "test", 1 << 24);
    private final Blocks blocks = new Blocks(arena);
    private final RecordPool pool = new RecordPool(blocks, GroupRecord.BYTES);
    private final RewrittenGroups groups = new RewrittenGroups(blocks);

    @AfterEach
    void everythingIsGivenBack() {
        while (groups.first() != 0) {
            groups.remove(groups.first(), 0);
        }
        pool.close();
        blocks.close();
        arena.close();
        budget.assertAllReleased();
    }

    private void add(int... handles) {
        for (int handle : handles) {
            groups.add(handle, blocks.at(handle));
        }
    }

    private void remove(int handle) {
        int before = 0;
        int place = groups.first();
        while (groups.group(place) != handle) {
            before = place;
            place = groups.next(place);
        }
        groups.remove(place, before);
        assertThat(GroupRecord.extension(blocks.at(handle))).isZero();
    }

    private void assertListed(Integer... handles) {
        List<Integer> found = new ArrayList<>();
        for (int place = groups.first(); place != 0; place = groups.next(place)) {
            found.add(groups.group(place));
            assertThat(GroupRecord.extension(blocks.at(groups.group(place)))).isEqualTo(place);
        }
        assertThat(found).containsExactly(handles);
    }

    @Test
    void groupsAreTakenOutAtTheFrontInTheMiddleAndAtTheEnd() {
        int a = pool.allocate(1);
        int b = pool.allocate(2);
        int c = pool.allocate(3);
        int d = pool.allocate(4);
        add(a, b, c, d);
        assertListed(d, c, b, a);
        remove(c);
        assertListed(d, b, a);
        remove(a);
        assertListed(d, b);
        remove(d);
        assertListed(b);
        add(a);
        assertListed(a, b);
    }

    @Test
    void aGroupIsListedOnceHoweverOftenItIsAdded() {
        int a = pool.allocate(1);
        int b = pool.allocate(2);
        add(a, b, a, b, b);
        assertListed(b, a);
    }
}
