package io.raftengine.engine.memtable;

import java.util.Arrays;
import org.agrona.collections.IntArrayList;

/**
 * Which groups may have data in which old segments of the append queue, so that purge need not look
 * at all groups.
 *
 * <p>A group is in the list of a segment that is not newer than its oldest data; it gets there with
 * its first data, and is moved when purge has looked at it. That the bound is often too low costs a
 * look; that it is never too high is what matters, and follows from data only getting newer. The
 * lists are linked through the records: four bytes per segment here, nothing per group.
 *
 * <p>For the write token's holder. The groups of a list that was {@linkplain #take taken} are the
 * taker's until it lists them again.
 */
final class OldGroups {
    /** Groups of which nothing is known, as after recovery. */
    private int unknown;

    /** Further lists of such groups, as a purge that was broken off gives them back. */
    private final IntArrayList givenBack = new IntArrayList();

    private int[] heads = new int[16];
    private long base = -1;

    /** No list before this place: a purge that takes all of them passes each place once. */
    private int firstListed;

    /** Lists a group that is in no list; its oldest data is in the segment or in newer ones. */
    void add(int handle, long record, long segment) {
        int place = place(segment);
        GroupRecord.setListed(record, true);
        GroupRecord.setNext(record, heads[place]);
        heads[place] = handle;
        firstListed = Math.min(firstListed, place);
    }

    /** Lists a group that is in no list and has its oldest data anywhere. */
    void addUnknown(int handle, long record) {
        GroupRecord.setListed(record, true);
        GroupRecord.setNext(record, unknown);
        unknown = handle;
    }

    /** Gives back the rest of a list that was taken, however long it is. */
    void giveBack(int head) {
        if (head != 0) {
            givenBack.addInt(head);
        }
    }

    private int place(long segment) {
        if (base < 0) {
            base = segment;
        }
        if (segment < base) {
            int shift = Math.toIntExact(base - segment);
            int[] larger = new int[heads.length + shift];
            System.arraycopy(heads, 0, larger, shift, heads.length);
            heads = larger;
            base = segment;
            firstListed = 0;
        }
        long place = segment - base;
        if (place >= heads.length) {
            dropEmptyFront();
            place = segment - base;
            int length = Math.toIntExact(Math.max(place + 1, heads.length * 2L));
            if (place >= heads.length) {
                heads = Arrays.copyOf(heads, length);
            }
        }
        return (int) place;
    }

    /** Years of segments must not be years of array. */
    private void dropEmptyFront() {
        int empty = 0;
        while (empty < heads.length - 1 && heads[empty] == 0) {
            empty++;
        }
        System.arraycopy(heads, empty, heads, 0, heads.length - empty);
        Arrays.fill(heads, heads.length - empty, heads.length, 0);
        base += empty;
        firstListed = 0;
    }

    /**
     * Takes a list whose groups may have data in segments up to {@code watermark}.
     *
     * @return its first group, 0 if there is no such list any more
     */
    int take(long watermark) {
        if (unknown != 0) {
            int head = unknown;
            unknown = 0;
            return head;
        }
        if (!givenBack.isEmpty()) {
            return givenBack.removeAt(givenBack.size() - 1);
        }
        while (base >= 0 && firstListed < heads.length && base + firstListed <= watermark) {
            int head = heads[firstListed];
            if (head != 0) {
                heads[firstListed] = 0;
                return head;
            }
            firstListed++;
        }
        return 0;
    }
}
