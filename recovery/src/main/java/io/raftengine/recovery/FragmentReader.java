package io.raftengine.recovery;

import io.raftengine.allocator.MemoryBudget;
import io.raftengine.error.StorageException;
import io.raftengine.log.format.BatchScanner;
import io.raftengine.log.format.FormatVersion;
import io.raftengine.log.format.ItemReader;
import io.raftengine.log.io.FileHandle;
import io.raftengine.log.io.FileSystem;
import io.raftengine.log.segment.SegmentFile;
import java.util.List;

/**
 * Applies the batches of a completed atomic group, reading them a second time: what is kept of a
 * group while it is open are the places of its batches only. Used by one thread.
 *
 * <p>An engine writes the batches of a group one after the other. A file may have those of
 * thousands of groups take turns, and must not be read once for each of them (P9).
 */
final class FragmentReader implements AutoCloseable {
    private static final int WINDOW_BYTES = 64 << 10;

    private final FileSystem fs;
    private final List<SegmentFile> queue;
    private final FormatVersion[] versions;
    private final BatchScanner scanner;
    private FileHandle handle;
    private int open = -1;

    /**
     * A reader.
     *
     * @param versions what each segment was read as, which a damaged header need not say
     */
    FragmentReader(
            FileSystem fs, List<SegmentFile> queue, FormatVersion[] versions, MemoryBudget budget) {
        this.fs = fs;
        this.queue = queue;
        this.versions = versions;
        this.scanner = BatchScanner.scattered(budget, WINDOW_BYTES);
    }

    /**
     * Applies a group.
     *
     * @param group its batches, begin to end
     * @param partition receives their items, and the span of segments for every Raft group seen in
     *     them
     * @throws StorageException a batch that was whole a moment ago cannot be read again
     */
    void apply(FragmentList group, PartitionSink partition) {
        long first = queue.get(group.segment(0)).seq();
        long last = queue.get(group.segment(group.size() - 1)).seq();
        for (int i = 0; i < group.size(); i++) {
            applyBatch(group.segment(i), group.offset(i), partition, first, last);
        }
    }

    private void applyBatch(
            int segment, long offset, PartitionSink partition, long first, long last) {
        SegmentFile file = queue.get(segment);
        open(segment, file);
        scanner.seek(offset);
        if (scanner.next() != BatchScanner.BATCH) {
            throw new StorageException(
                    file.path().toString(),
                    "read of the batch at " + offset,
                    0,
                    "it was whole when it was read first");
        }
        ItemReader items = scanner.items();
        partition.apply(
                file.seq(),
                scanner.blockOffset(),
                scanner.blockBytes(),
                scanner.compressed(),
                items);
        items.rewind();
        span(items, partition, first, last);
    }

    private static void span(ItemReader items, PartitionSink partition, long first, long last) {
        long previous = 0;
        boolean any = false;
        while (items.next()) {
            long groupId = items.groupId();
            if (items.isInternalKey() || any && groupId == previous) {
                continue;
            }
            partition.atomicSpan(groupId, first, last);
            previous = groupId;
            any = true;
        }
    }

    private void open(int segment, SegmentFile file) {
        if (segment == open) {
            return;
        }
        closeFile();
        handle = fs.open(file.path(), FileSystem.OpenMode.READ);
        String name = file.path().toString();
        scanner.openWithoutHeader(handle, name, handle.size(), file.seq(), versions[segment]);
        open = segment;
    }

    private void closeFile() {
        open = -1;
        if (handle != null) {
            FileHandle closing = handle;
            handle = null;
            closing.close();
        }
    }

    @Override
    public void close() {
        try (scanner) {
            closeFile();
        }
    }
}
