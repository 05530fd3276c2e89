package io.raftengine.ctl.check;

import io.raftengine.error.UnsupportedFeatureException;
import io.raftengine.log.format.ItemReader;
import io.raftengine.log.format.Varint;
import io.raftengine.log.segment.SegmentFile;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/**
 * Items of the batches of one atomic group, which count when its last batch is there. Packed, since
 * an item can be as short as three bytes and a group as long as its queue: none takes more here
 * than in the log.
 *
 * <pre>
 *   batch    0, number of its file, offset, whether its entries are good
 *   item     kind, group, for a compaction its index, for entries the first index and their number
 * </pre>
 *
 * <p>All of it varints. For one thread.
 */
final class HeldItems {
    private static final int BATCH = 0;
    private static final int RECORD_BYTES_MAX = 4 * Varint.BYTES_MAX;
    private static final int BYTES_MIN = 64;
    private static final int BYTES_MAX = Integer.MAX_VALUE - 8;

    private final List<SegmentFile> files = new ArrayList<>(1);
    private byte[] bytes = new byte[BYTES_MIN];
    private int end;

    /**
     * Adds a batch.
     *
     * @param file its segment
     * @param offset its offset
     * @param items its items, before the first one
     * @param good whether its entries are
     */
    void add(SegmentFile file, long offset, ItemReader items, boolean good) {
        if (files.isEmpty() || !files.getLast().equals(file)) {
            files.add(file);
        }
        begin(BATCH, files.size() - 1L);
        put(offset);
        put(good ? 1 : 0);
        while (items.next()) {
            add(items);
        }
    }

    private void add(ItemReader items) {
        switch (items.kind()) {
            case ItemReader.ENTRIES -> {
                if (items.count() > 0) {
                    begin(items.kind(), items.groupId());
                    put(items.firstIndex());
                    put(items.count());
                }
            }
            case ItemReader.COMPACT -> {
                begin(items.kind(), items.groupId());
                put(items.compactIndex());
            }
            case ItemReader.CLEAN -> begin(items.kind(), items.groupId());
            default -> {
                // Keys change no entries.
            }
        }
    }

    /** Begins a record, and makes room for all of it. */
    private void begin(int kind, long word) {
        if (bytes.length - end < RECORD_BYTES_MAX) {
            grow();
        }
        put(kind);
        put(word);
    }

    private void put(long word) {
        end = Varint.put(bytes, end, word);
    }

    private void grow() {
        if (bytes.length == BYTES_MAX) {
            throw new UnsupportedFeatureException(
                    files.getLast().path() + ": an atomic group of more than 2 GiB of items");
        }
        bytes = Arrays.copyOf(bytes, (int) Math.min(2L * bytes.length, BYTES_MAX));
    }

    /** Gives the items in the order they were added. */
    void forEach(Consumer<Span> taker) {
        Reader from = new Reader();
        SegmentFile file = null;
        long offset = 0;
        boolean good = false;
        while (from.at < end) {
            int kind = (int) from.next();
            if (kind == BATCH) {
                file = files.get((int) from.next());
                offset = from.next();
                good = from.next() == 1;
                continue;
            }
            long group = from.next();
            long first = kind == ItemReader.CLEAN ? 0 : from.next();
            long behind = kind == ItemReader.ENTRIES ? first + from.next() : first;
            taker.accept(new Span(file, offset, kind, group, first, behind, good));
        }
    }

    private final class Reader {
        private int at;

        long next() {
            long value = 0;
            int shift = 0;
            byte part;
            do {
                part = bytes[at++];
                value |= (part & 0x7fL) << shift;
                shift += 7;
            } while (part < 0);
            return value;
        }
    }
}
