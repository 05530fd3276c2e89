package io.raftengine.log.format;

import io.raftengine.error.CorruptionException;
import io.raftengine.error.MemoryLimitException;
import java.util.zip.CRC32;

/**
 * Walks the items of one batch: the one decoder of item sections, for live apply, recovery and
 * tools alike.
 *
 * <pre>
 *    section := varint item count | item * item count            (its checksum is not part of it)
 *    item    := varint group id | u8 type | body
 *    type 1  ENTRIES   varint count | [varint first index, only if count &gt; 0] | count * varint tail
 *    type 2  COMMAND   u8 1 CLEAN | u8 2 COMPACT, varint index
 *    type 3  KV        u8 1 PUT, varint key length, key, varint value length, value | u8 2 DELETE, varint key length, key
 * </pre>
 *
 * <p>A <em>tail</em> is where an entry ends in the batch's entries content; tails run on over all
 * items of the batch, so an entry starts at the tail before it. Usage: {@link #next} until it
 * returns false; for {@link #ENTRIES} call {@link #nextTail} up to {@link #count} times (what is
 * left out is checked by the next {@link #next}).
 *
 * <p>Bytes are read in place where the section is in an array as a whole, else through a window, so
 * a section of any size needs no more than the window. Everything a hostile section claims is
 * compared with what is left of it before it is believed. After an exception the reader must be
 * opened again.
 *
 * <p>One thread at a time. Nothing is allocated while reading, except for keys that are longer than
 * any before them in a section that is larger than the window.
 *
 * <p>Small methods and plain arithmetic on purpose: the first seconds of a recovery run in the
 * interpreter and in C1.
 */
public final class ItemReader extends SectionInput {
    /** Kind of an item: entries of a group, {@link #count} of them from {@link #firstIndex} on. */
    public static final int ENTRIES = 1;

    /** Kind of an item: everything of the group is gone. */
    public static final int CLEAN = 2;

    /** Kind of an item: entries below {@link #compactIndex} are gone. */
    public static final int COMPACT = 3;

    /** Kind of an item: a key gets a value. */
    public static final int PUT = 4;

    /** Kind of an item: a key is gone. */
    public static final int DELETE = 5;

    /** Window that fits the sections of nearly all batches. */
    public static final int WINDOW_BYTES_DEFAULT = 64 << 10;

    /** Smallest window that can be asked for. */
    public static final int WINDOW_BYTES_MIN = 512;

    static final int TYPE_ENTRIES = 1;
    static final int TYPE_COMMAND = 2;
    static final int TYPE_KV = 3;
    static final int COMMAND_CLEAN = 1;
    static final int COMMAND_COMPACT = 2;
    static final int OP_PUT = 1;
    static final int OP_DELETE = 2;

    /** Smallest item: group id, type, and a command or a count of zero. */
    private static final int ITEM_BYTES_MIN = 3;

    private static final int KEY_SCRATCH_KEPT = 1 << 20;

    /** Key and value together, so that what keeps both has a positive {@code int} length. */
    static final int KEY_VALUE_BYTES_MAX = Integer.MAX_VALUE - 4096;

    private final MemorySource memory = new MemorySource();

    // The batch.
    private long firstItem;
    private int itemCount;
    private int itemsLeft;
    private int tail; // of the last entry seen, over all items
    private int tailMax;

    // The item.
    private int kind;
    private long groupId;
    private long firstIndex; // or the compact index
    private int count;
    private int tailsLeft;
    private int entryStart;
    private byte[] key;
    private int keyOffset;
    private int keyLength;
    private int valueLength;
    private long valuePosition;
    private int valueFirstByte;

    private byte[] keyScratch = new byte[0];

    /** A reader with the default window. */
    public ItemReader() {
        this(WINDOW_BYTES_DEFAULT);
    }

    /**
     * A reader with a window of its own.
     *
     * @param windowBytes its size, at least {@link #WINDOW_BYTES_MIN}
     */
    public ItemReader(int windowBytes) {
        this(new byte[Math.max(windowBytes, WINDOW_BYTES_MIN)]);
    }

    /** A reader that shares its owner's window. */
    ItemReader(byte[] window) {
        super(window);
    }

    /**
     * Opens a section that is in an array as a whole. The array is read in place and must not
     * change meanwhile.
     *
     * @param bytes the array
     * @param from index of the section's first byte
     * @param to index behind its last byte, which is the first of its checksum
     * @param position of the first byte in its file, for errors
     * @param contentBytes length of the batch's uncompressed entries content, or -1 if it is not
     *     known
     * @throws CorruptionException a bad item count
     */
    public void open(byte[] bytes, int from, int to, long position, long contentBytes) {
        openArray(bytes, from, to, position);
        begin(contentBytes);
    }

    /**
     * Opens a section anywhere.
     *
     * @param from where the bytes come from
     * @param position of the section's first byte in the source
     * @param endExclusive position behind its last byte, which is the first of its checksum
     * @param contentBytes length of the batch's uncompressed entries content, or -1 if it is not
     *     known
     * @throws CorruptionException a bad item count
     * @throws io.raftengine.error.StorageException the source cannot be read
     */
    public void open(ByteSource from, long position, long endExclusive, long contentBytes) {
        openWindow(from, position, endExclusive);
        begin(contentBytes);
    }

    /**
     * Opens a section in off-heap memory: copied at once when it fits the window, else window by
     * window. The memory must not change while the reader is used.
     *
     * @param address of its first byte
     * @param bytes its length without the checksum
     * @param contentBytes length of the batch's uncompressed entries content, or -1 if it is not
     *     known
     * @throws CorruptionException a bad item count
     */
    public void openMemory(long address, long bytes, long contentBytes) {
        file("");
        if (bytes <= windowBytes()) {
            openCopy(address, (int) bytes);
            begin(contentBytes);
        } else {
            memory.set(address, bytes);
            open(memory, 0, bytes, contentBytes);
        }
    }

    /**
     * Goes back to before the first item.
     *
     * @throws io.raftengine.error.StorageException the source cannot be read
     */
    public void rewind() {
        seek(firstItem);
        resetBatch();
    }

    /**
     * Number of items in the batch.
     *
     * @return 0 or more
     */
    public int itemCount() {
        return itemCount;
    }

    /**
     * Goes to the next item, checking what the caller left of the current one.
     *
     * @return false behind the last item
     * @throws CorruptionException bytes that no item starts with, or values out of range
     * @throws io.raftengine.error.StorageException the source cannot be read
     */
    public boolean next() {
        if (tailsLeft != 0) {
            skipTails();
        } else if (kind == PUT) {
            endValue();
        }
        if (itemsLeft == 0) {
            return false;
        }
        itemsLeft--;
        groupId = readVarint();
        int type = readByte();
        if (type == TYPE_ENTRIES) {
            readEntries();
        } else {
            readOther(type);
        }
        return true;
    }

    /**
     * Kind of the current item.
     *
     * @return {@link #ENTRIES}, {@link #CLEAN}, {@link #COMPACT}, {@link #PUT} or {@link #DELETE}
     */
    public int kind() {
        return kind;
    }

    /**
     * Group of the current item; for an atomic marker the id of the atomic group.
     *
     * @return unsigned
     */
    public long groupId() {
        return groupId;
    }

    /**
     * Index of the first entry of the current {@link #ENTRIES} item.
     *
     * @return unsigned; 0 if there are no entries
     */
    public long firstIndex() {
        return firstIndex;
    }

    /**
     * Number of entries of the current {@link #ENTRIES} item; first index + count does not
     * overflow.
     *
     * @return 0 or more; 0 for other kinds
     */
    public int count() {
        return count;
    }

    /**
     * Where the current {@link #COMPACT} item cuts.
     *
     * @return unsigned index of the first entry that stays
     */
    public long compactIndex() {
        return firstIndex;
    }

    /**
     * Where the first entry of the current {@link #ENTRIES} item starts in the uncompressed
     * content.
     *
     * @return bytes from the start of the content
     */
    public int entryStart() {
        return entryStart;
    }

    /**
     * Where the next entry of the current item ends in the uncompressed content. To be called at
     * most {@link #count} times per item.
     *
     * @return bytes from the start of the content, not below the tail before it
     * @throws CorruptionException a tail that decreases or lies beyond the content or 2^31-1
     */
    public int nextTail() {
        assert tailsLeft > 0 : "no entry left";
        tailsLeft--;
        long next = readVarint();
        if (next < tail || next > tailMax) {
            throw badTail(next);
        }
        tail = (int) next;
        return tail;
    }

    /**
     * Array that holds the current key; valid until the next {@link #next}.
     *
     * @return an array, not to be changed
     */
    public byte[] keyArray() {
        return key;
    }

    /**
     * Where the current key starts in {@link #keyArray}.
     *
     * @return an index
     */
    public int keyOffset() {
        return keyOffset;
    }

    /**
     * Length of the current key.
     *
     * @return 0 or more
     */
    public int keyLength() {
        return keyLength;
    }

    /**
     * Whether the current {@link #PUT} or {@link #DELETE} is of the internal key, and so never
     * becomes visible.
     *
     * @return true for exactly that key
     */
    public boolean isInternalKey() {
        return kind >= PUT && InternalRecords.isInternalKey(key, keyOffset, keyLength);
    }

    /**
     * What the current item says if it is an internal record.
     *
     * @return an {@link AtomicMarker} value (0..2), a record type of ours (0x80..0xff), or -1 for
     *     anything else, which is ignored
     */
    public int internalRecordType() {
        if (kind != PUT || valueLength == 0 || !isInternalKey()) {
            return -1;
        }
        if (valueLength == 1) {
            return valueFirstByte <= AtomicMarker.END.value() ? valueFirstByte : -1;
        }
        return valueFirstByte >= InternalRecords.RECORD_TYPE_MIN ? valueFirstByte : -1;
    }

    /**
     * Length of the value of the current {@link #PUT}.
     *
     * @return 0 or more
     */
    public int valueLength() {
        return valueLength;
    }

    /**
     * Copies the value of the current {@link #PUT} to off-heap memory.
     *
     * @param address where; room for {@link #valueLength}
     * @throws io.raftengine.error.StorageException the source cannot be read
     */
    public void copyValue(long address) {
        copy(valuePosition, valueLength, address);
    }

    /**
     * Copies the value of the current {@link #PUT} to an array.
     *
     * @param destination where
     * @param offset index of the first byte there
     * @throws io.raftengine.error.StorageException the source cannot be read
     */
    public void copyValue(byte[] destination, int offset) {
        copy(valuePosition, valueLength, destination, offset);
    }

    /**
     * Position of the next byte to be read.
     *
     * @return in the coordinates the reader was opened with
     */
    @Override
    public long position() {
        return super.position();
    }

    /** Checks the whole section, then rewinds: nobody shall apply half a batch. */
    void validate() {
        if (inPlace() && itemCount == 1 && isSoundEntries(array(), index(), limit(), tailMax)) {
            return;
        }
        while (next()) {
            // each step checks
        }
        rewind();
    }

    /**
     * Whether the only item surely is one of 1 to 127 entries with nothing to object to. It is in
     * most batches, and deciding it here, without touching a field, halves the time of a scan.
     * False means: look properly.
     */
    private static boolean isSoundEntries(byte[] b, int from, int to, int tailMax) {
        int p = skipVarint(b, from, to);
        if (to - p < 4 || b[p] != TYPE_ENTRIES) {
            return false;
        }
        int entries = b[p + 1];
        p = skipVarint(b, p + 2, to);
        int last = 0;
        // A count above 127 is negative here and an empty one no entry: neither gets through.
        for (int left = entries; left > 0; left--) {
            int value = 0;
            int shift = 0;
            byte x;
            do {
                if (p >= to || shift > 21) {
                    return false;
                }
                x = b[p++];
                value |= (x & 0x7f) << shift;
                shift += 7;
            } while (x < 0);
            if (value < last || value > tailMax) {
                return false;
            }
            last = value;
        }
        return entries > 0;
    }

    /** Steps over a varint of at most 8 bytes; {@code to} if it is longer or ends elsewhere. */
    private static int skipVarint(byte[] b, int from, int to) {
        int stop = Math.min(to, from + 8);
        for (int p = from; p < stop; p++) {
            if (b[p] >= 0) {
                return p + 1;
            }
        }
        return to;
    }

    /**
     * Opens, checks and rewinds a section that is larger than the window, with one pass over its
     * bytes.
     *
     * @return checksum of the section
     */
    int openAndDigest(
            CRC32 crc, ByteSource from, long position, long endExclusive, long contentBytes) {
        openWindow(from, position, endExclusive);
        beginDigest(crc);
        try {
            begin(contentBytes);
            while (next()) {
                // each step checks
            }
            finishDigest();
        } finally {
            endDigest();
        }
        rewind();
        return (int) crc.getValue();
    }

    private void openWindow(ByteSource from, long position, long endExclusive) {
        openSource(from, position, endExclusive);
        if (keyScratch.length > KEY_SCRATCH_KEPT) {
            keyScratch = new byte[0];
        }
    }

    private void begin(long contentBytes) {
        tailMax =
                contentBytes < 0 || contentBytes > Integer.MAX_VALUE
                        ? Integer.MAX_VALUE
                        : (int) contentBytes;
        kind = 0;
        tailsLeft = 0;
        long items = readVarint();
        long room = remaining();
        if (items < 0 || items > room || items * ITEM_BYTES_MIN > room) {
            throw corrupt(
                    "item count",
                    "at most " + remaining() / ITEM_BYTES_MIN + " in what is left",
                    Long.toUnsignedString(items));
        }
        itemCount = (int) Math.min(items, Integer.MAX_VALUE);
        if (itemCount != items) {
            throw corrupt("item count", "at most 2^31-1", Long.toString(items));
        }
        firstItem = position();
        resetBatch();
    }

    private void resetBatch() {
        itemsLeft = itemCount;
        tail = 0;
        tailsLeft = 0;
        kind = 0;
    }

    private void readEntries() {
        kind = ENTRIES;
        entryStart = tail;
        long entries = readVarint();
        if (entries < 0 || entries > remaining() || entries > Integer.MAX_VALUE) {
            throw corrupt(
                    "entry count",
                    "at most the " + remaining() + " bytes left of the section",
                    Long.toUnsignedString(entries));
        }
        count = (int) entries;
        tailsLeft = count;
        if (count == 0) {
            firstIndex = 0;
            return;
        }
        firstIndex = readVarint();
        if (Long.compareUnsigned(firstIndex + count, firstIndex) < 0) {
            throw corrupt(
                    "first index",
                    "no overflow with " + count + " entries",
                    Long.toUnsignedString(firstIndex));
        }
        if (count > remaining()) {
            throw corrupt("entry count", "at most " + remaining(), Integer.toString(count));
        }
    }

    private void readOther(int type) {
        count = 0;
        if (type == TYPE_KV) {
            readKeyValue();
        } else if (type == TYPE_COMMAND) {
            readCommand();
        } else {
            throw corrupt("item type", "1, 2 or 3", Integer.toString(type & 0xff));
        }
    }

    private void readCommand() {
        int command = readByte();
        if (command == COMMAND_COMPACT) {
            kind = COMPACT;
            firstIndex = readVarint();
        } else if (command == COMMAND_CLEAN) {
            kind = CLEAN;
        } else {
            throw corrupt("item command", "1 or 2", Integer.toString(command & 0xff));
        }
    }

    private void readKeyValue() {
        int op = readByte();
        if (op != OP_PUT && op != OP_DELETE) {
            throw corrupt("item operation", "1 or 2", Integer.toString(op & 0xff));
        }
        kind = 0;
        keyLength = length("key length", KEY_VALUE_BYTES_MAX);
        readKey();
        if (op == OP_DELETE) {
            kind = DELETE;
            valueLength = 0;
            return;
        }
        valueLength = length("value length", KEY_VALUE_BYTES_MAX - keyLength);
        prefetch(valueLength);
        valuePosition = position();
        valueFirstByte = valueLength == 0 ? -1 : peek();
        kind = PUT;
    }

    /** A length that the section has room for. */
    private int length(String what, int max) {
        long length = readVarint();
        if (length < 0 || length > remaining() || length > max) {
            throw corrupt(
                    what,
                    "at most the " + remaining() + " bytes left of the section, and " + max,
                    Long.toUnsignedString(length));
        }
        return (int) length;
    }

    private void readKey() {
        if (inPlace()) {
            key = array();
            keyOffset = stepOver(keyLength);
        } else if (digesting() && keyLength > KEY_SCRATCH_KEPT) {
            // Nobody asks for keys before the checksum is known to be right, and a hole in a file
            // can claim one of any length.
            skip(keyLength);
        } else {
            // A copy, since reading the value may refill the window under it.
            if (keyScratch.length < keyLength) {
                keyScratch = newScratch(keyLength);
            }
            key = keyScratch;
            keyOffset = 0;
            read(keyScratch, keyLength);
        }
    }

    private static byte[] newScratch(int bytes) {
        try {
            return new byte[Math.max(bytes, 256)];
        } catch (OutOfMemoryError e) {
            // One huge array that does not fit harms nobody; the bytes are in the file, so this is
            // no corruption.
            Runtime runtime = Runtime.getRuntime();
            throw new MemoryLimitException(
                    bytes, runtime.totalMemory() - runtime.freeMemory(), runtime.maxMemory());
        }
    }

    private void endValue() {
        seek(valuePosition + valueLength);
        kind = 0;
    }

    private void skipTails() {
        while (tailsLeft != 0) {
            nextTail();
        }
    }

    private CorruptionException badTail(long found) {
        return corrupt("entry tail", tail + ".." + tailMax, Long.toUnsignedString(found));
    }
}
