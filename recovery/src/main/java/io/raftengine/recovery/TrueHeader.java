package io.raftengine.recovery;

import io.raftengine.allocator.MemoryBudget;
import io.raftengine.error.CorruptionException;
import io.raftengine.log.format.BatchScanner;
import io.raftengine.log.format.BreakKind;
import io.raftengine.log.format.FormatVersion;
import io.raftengine.log.format.SegmentHeader;
import io.raftengine.log.io.FileHandle;
import io.raftengine.log.segment.SegmentFile;

/**
 * The header of a segment, as it is or, where it is damaged, as its batches say that it was. For
 * those who save what can be saved, and for those who say what that would be: an open believes no
 * damaged header, but keeps the bytes behind it aside (D5).
 *
 * <p>Where the first batch is whole under one version, the header said that version; and where
 * there are zeros in front of it, the batches say what alignment it said, if one can be proven.
 *
 * @param said what stands there; null if it cannot be read
 * @param header what should stand there; null if nothing says it
 * @param damage what is wrong with the one that stands there; null if nothing is
 */
public record TrueHeader(SegmentHeader said, SegmentHeader header, CorruptionException damage) {

    /**
     * Finds the header of a segment.
     *
     * @param scanner to read with; stands in front of the first batch afterwards, unless no header
     *     is found
     * @param handle the segment, open
     * @param file its name
     * @param fileBytes its length
     * @param budget pays for the memory to look with
     * @return the header
     * @throws io.raftengine.error.StorageException the file cannot be read
     */
    public static TrueHeader find(
            BatchScanner scanner,
            FileHandle handle,
            SegmentFile file,
            long fileBytes,
            MemoryBudget budget) {
        return new Search(scanner, handle, file, fileBytes).find(budget);
    }

    private record Search(
            BatchScanner scanner, FileHandle handle, SegmentFile file, long fileBytes) {

        TrueHeader find(MemoryBudget budget) {
            SegmentHeader said;
            CorruptionException unreadable = null;
            try {
                said = scanner.open(handle, name(), fileBytes, file.seq());
            } catch (CorruptionException e) {
                said = null;
                unreadable = e;
            }
            if (said != null && fits(said)) {
                openAs(said);
                return new TrueHeader(said, said, null);
            }
            SegmentHeader kept = keptByBatches(budget);
            if (kept == null || kept.equals(said)) {
                if (said != null) {
                    openAs(said);
                }
                return new TrueHeader(said, said, unreadable);
            }
            openAs(kept);
            return new TrueHeader(said, kept, said == null ? unreadable : wrong(said, kept));
        }

        private String name() {
            return file.path().toString();
        }

        private void openAs(SegmentHeader header) {
            scanner.openWithoutHeader(
                    handle, name(), fileBytes, file.seq(), header.version(), header.alignment());
        }

        /**
         * Whether the first batch begins right behind the header. A wrong alignment that it does
         * not keep would take the next damaged batch for padding, and hide it.
         */
        private boolean fits(SegmentHeader said) {
            long first = scanner.position();
            return nextIsWhole()
                    && scanner.batchOffset() == first
                    && (said.alignment() == 0
                            || Long.remainderUnsigned(first, said.alignment()) == 0);
        }

        private boolean nextIsWhole() {
            return scanner.next() == BatchScanner.BATCH
                    || scanner.breakKind() == BreakKind.BAD_ITEMS;
        }

        /** The header under which the batches verify; null if there is none. */
        private SegmentHeader keptByBatches(MemoryBudget budget) {
            for (FormatVersion version : FormatVersion.values()) {
                SegmentHeader unaligned = new SegmentHeader(version, 0);
                openAs(unaligned);
                if (nextIsWhole()) {
                    return unaligned;
                }
            }
            long alignment = new AlignmentSearch(scanner, handle, file, fileBytes).find(budget);
            return alignment == 0 ? null : new SegmentHeader(FormatVersion.V2, alignment);
        }

        private CorruptionException wrong(SegmentHeader said, SegmentHeader kept) {
            boolean wrongVersion = said.version() != kept.version();
            return new CorruptionException(
                    name(),
                    0,
                    wrongVersion ? "segment format version" : "segment alignment",
                    wrongVersion
                            ? kept.version().number() + ", as its batches have it"
                            : "one they keep",
                    wrongVersion
                            ? Integer.toString(said.version().number())
                            : Long.toUnsignedString(said.alignment()));
        }
    }
}
