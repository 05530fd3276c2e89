package io.raftengine.log.segment;

import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Consumer;
import java.util.function.IntFunction;

/**
 * The segments of a queue by number: contiguous from {@code first} to {@code active}. Lookup is one
 * array access without a lock, for any thread; changes come from the writer (at the upper end) and
 * the purger (at the lower).
 *
 * <p>A ring: segment {@code n} lives in slot {@code n mod length}. A slot may hold another segment,
 * or none, when a stale number is asked for, so what is found is compared with what was asked. A
 * reader that still holds a ring which was replaced by a larger one finds the same segments in it,
 * except those added since.
 */
final class SegmentTable {
    // Written under `this`; a test may put a heap in front that runs out.
    private IntFunction<AtomicReferenceArray<SegmentReader>> rings = AtomicReferenceArray::new;
    // Replaced under `this`; read by all.
    private volatile AtomicReferenceArray<SegmentReader> ring = new AtomicReferenceArray<>(64);
    // Written under `this`.
    private volatile long first;
    // Written under `this`.
    private volatile long active;

    /** Begins with one segment. */
    SegmentTable(SegmentReader only) {
        first = only.seq();
        active = only.seq();
        ring.set(slot(only.seq(), ring.length()), only);
    }

    private static int slot(long seq, int length) {
        return (int) (seq & (length - 1));
    }

    long first() {
        return first;
    }

    long active() {
        return active;
    }

    int count() {
        return Math.toIntExact(active - first + 1);
    }

    /** The segment with that number, or null; it may be purged already. */
    SegmentReader find(long seq) {
        AtomicReferenceArray<SegmentReader> r = ring;
        SegmentReader found = r.get(slot(seq, r.length()));
        return found != null && found.seq() == seq ? found : null;
    }

    /** Makes sure that one {@link #add} needs no memory; what was purged meanwhile only helps. */
    synchronized void makeRoom() {
        if (count() == ring.length()) {
            grow();
        }
    }

    /** Publishes a new active segment. */
    synchronized void add(SegmentReader segment) {
        assert segment.seq() == active + 1 : segment + " after " + active;
        makeRoom();
        ring.set(slot(segment.seq(), ring.length()), segment);
        active = segment.seq();
    }

    /** Publishes another object for the active segment, which nobody has read from yet. */
    synchronized void replaceActive(SegmentReader segment) {
        assert segment.seq() == active : segment + " instead of " + active;
        ring.set(slot(active, ring.length()), segment);
    }

    /** Where larger rings come from. */
    synchronized void ringsFrom(IntFunction<AtomicReferenceArray<SegmentReader>> source) {
        rings = source;
    }

    private void grow() {
        AtomicReferenceArray<SegmentReader> old = ring;
        AtomicReferenceArray<SegmentReader> larger = rings.apply(old.length() * 2);
        for (long seq = first; seq <= active; seq++) {
            larger.set(slot(seq, larger.length()), old.get(slot(seq, old.length())));
        }
        ring = larger;
    }

    /** Takes out and returns the oldest segment, which must not be the active one. */
    synchronized SegmentReader removeFirst() {
        assert first < active : "the active segment cannot be removed";
        int slot = slot(first, ring.length());
        SegmentReader removed = ring.get(slot);
        ring.set(slot, null);
        first++;
        return removed;
    }

    synchronized void forEach(Consumer<SegmentReader> action) {
        for (long seq = first; seq <= active; seq++) {
            action.accept(ring.get(slot(seq, ring.length())));
        }
    }
}
