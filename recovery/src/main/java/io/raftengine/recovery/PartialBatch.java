package io.raftengine.recovery;

import io.raftengine.allocator.MemoryBudget;
import io.raftengine.error.CorruptionException;
import io.raftengine.log.format.BatchHeader;
import io.raftengine.log.format.FileSource;
import io.raftengine.log.format.ItemReader;
import io.raftengine.log.io.FileHandle;
import java.util.zip.CRC32;

/**
 * Tells the beginning of one batch that the physical end of a file cuts off (D2, c) from other
 * damage, in segments whose checksums are not signed, where the bytes behind may not be looked
 * through. Stateless.
 *
 * <p>A changed length field looks the same at first sight: the batch seems to reach beyond the end.
 * But then its entries and items are complete in front of the end, and disagree with the length.
 */
public final class PartialBatch {
    /** Entries content, its checksum, items and theirs, at the limits of D9. */
    private static final long BLOCK_BYTES_MAX = (1L << 31) + 8;

    private static final long SECTION_BYTES_MAX = (1L << 30) + BatchHeader.CRC_BYTES;
    private static final int BOUNCE_BYTES = 64 << 10;

    private PartialBatch() {}

    /**
     * Whether everything from an offset to the end of the file is the beginning of one batch.
     *
     * @param file the segment
     * @param name its name, for errors
     * @param fileBytes its length
     * @param offset where the batch would begin, below {@code fileBytes}
     * @param budget pays for the memory to read through
     * @return true if nothing speaks against it
     * @throws io.raftengine.error.StorageException the file cannot be read
     */
    public static boolean endsAt(
            FileHandle file, String name, long fileBytes, long offset, MemoryBudget budget) {
        try (FileSource source = new FileSource(budget, BOUNCE_BYTES)) {
            source.open(file, fileBytes);
            return check(source, name, fileBytes, offset);
        }
    }

    private static boolean check(FileSource source, String name, long fileBytes, long offset) {
        long left = fileBytes - offset;
        if (left < BatchHeader.BYTES) {
            return true; // a torn header: too little to say anything against it
        }
        byte[] bytes = new byte[BatchHeader.BYTES];
        source.read(offset, bytes, 0, bytes.length);
        BatchHeader header;
        try {
            header = BatchHeader.decode(bytes, 0, bytes.length, name, offset);
        } catch (CorruptionException e) {
            return false;
        }
        long sectionBytes = header.totalBytes() - header.itemOffset();
        if (header.totalBytes() <= left
                || header.itemOffset() > BLOCK_BYTES_MAX
                || sectionBytes > SECTION_BYTES_MAX) {
            return false;
        }
        return blockAgrees(source, header, offset, left)
                && itemsAgree(source, header, offset, fileBytes);
    }

    /** An entries block that is there as a whole must be good. */
    private static boolean blockAgrees(
            FileSource source, BatchHeader header, long offset, long left) {
        long blockBytes = header.itemOffset() - BatchHeader.BYTES;
        if (blockBytes == 0 || header.itemOffset() > left) {
            return true;
        }
        if (blockBytes <= BatchHeader.CRC_BYTES) {
            return false;
        }
        CRC32 crc = new CRC32();
        long start = offset + BatchHeader.BYTES;
        source.digest(crc, start, blockBytes - BatchHeader.CRC_BYTES);
        byte[] stored = new byte[BatchHeader.CRC_BYTES];
        source.read(start + blockBytes - BatchHeader.CRC_BYTES, stored, 0, stored.length);
        int expected = 0;
        for (int i = stored.length - 1; i >= 0; i--) {
            expected = expected << 8 | stored[i] & 0xff;
        }
        return (int) crc.getValue() == expected;
    }

    /** Items that are there as a whole must end where the header says. */
    private static boolean itemsAgree(
            FileSource source, BatchHeader header, long offset, long fileBytes) {
        long start = offset + header.itemOffset();
        if (start >= fileBytes) {
            return true;
        }
        ItemReader items = new ItemReader();
        try {
            items.open(source, start, fileBytes, -1);
            while (items.next()) {
                // only the position behind the last one matters
            }
        } catch (CorruptionException e) {
            return true; // the items end behind the file
        }
        return items.position() + BatchHeader.CRC_BYTES == offset + header.totalBytes();
    }
}
