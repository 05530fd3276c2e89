package io.raftengine.engine;

import com.google.protobuf.MessageLite;
import io.raftengine.allocator.Memory;
import io.raftengine.allocator.MemoryBudget;
import io.raftengine.error.BatchFullException;
import io.raftengine.error.ClosedException;
import io.raftengine.error.InvalidArgumentException;
import io.raftengine.error.MemoryLimitException;
import io.raftengine.log.format.BatchEncoder;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * The unit of atomic write: entries, key-values and commands of any number of groups, visible
 * together or not at all.
 *
 * <p>Everything added is encoded at once into off-heap memory, so arguments may be changed or
 * reused as soon as a method returns. A batch is made by {@link RaftEngine#newBatch()}, filled,
 * written by {@link RaftEngine#write}, which empties it, and filled again; close it when it is no
 * longer needed. After a failed write the batch is whole and may be written again or cleared.
 *
 * <p>Items take effect in the order in which they were added. Whether they fit the state of their
 * group (no hole, nothing below the first live entry) is checked when the batch is written.
 *
 * <p>For one thread at a time. Every method throws {@link ClosedException} after {@link #close()},
 * {@link BatchFullException} where a limit of the format would be exceeded, and {@link
 * MemoryLimitException} where the engine's memory limit would be; the batch is unchanged then.
 */
public final class LogBatch implements AutoCloseable {
    private final BatchEncoder encoder;
    private final MessageBuffer messages = new MessageBuffer();
    private boolean closed;

    LogBatch(MemoryBudget budget) {
        this.encoder = new BatchEncoder(budget);
    }

    /**
     * Appends entries with consecutive indexes to a group. An empty list adds nothing.
     *
     * @param groupId the group, any 64-bit number
     * @param firstIndex log index of the first entry, unsigned; the others follow
     * @param entries the entries' bytes, each of any length including 0
     * @return this batch
     * @throws InvalidArgumentException the indexes would exceed 2^64-2
     */
    public LogBatch addEntries(long groupId, long firstIndex, List<byte[]> entries) {
        demandOpen();
        if (!entries.isEmpty()) {
            encoder.beginEntries(groupId, firstIndex);
            try {
                for (int i = 0; i < entries.size(); i++) {
                    byte[] entry = entries.get(i);
                    encoder.addEntry(entry, 0, entry.length);
                }
            } catch (RuntimeException | Error refused) {
                encoder.abortEntries();
                throw refused;
            }
            encoder.endEntries();
        }
        return this;
    }

    /**
     * Appends one entry to a group.
     *
     * @param groupId the group
     * @param index the entry's log index, unsigned
     * @param entry array that holds the entry
     * @param offset where it begins
     * @param lengthBytes its length, 0 or more
     * @return this batch
     * @throws InvalidArgumentException the range is outside the array, or the index is 2^64-1
     */
    public LogBatch addEntry(long groupId, long index, byte[] entry, int offset, int lengthBytes) {
        demandOpen();
        demandRange(offset, lengthBytes, entry.length);
        encoder.beginEntries(groupId, index);
        try {
            encoder.addEntry(entry, offset, lengthBytes);
        } catch (RuntimeException | Error refused) {
            encoder.abortEntries();
            throw refused;
        }
        encoder.endEntries();
        return this;
    }

    /**
     * Appends one entry to a group.
     *
     * @param groupId the group
     * @param index the entry's log index, unsigned
     * @param entry the entry's bytes
     * @return this batch
     * @throws InvalidArgumentException the index is 2^64-1
     */
    public LogBatch addEntry(long groupId, long index, byte[] entry) {
        return addEntry(groupId, index, entry, 0, entry.length);
    }

    /**
     * Appends one entry to a group from off-heap memory, copying it once.
     *
     * @param groupId the group
     * @param index the entry's log index, unsigned
     * @param entry native memory that holds the entry
     * @param offset where it begins
     * @param lengthBytes its length, 0 or more
     * @return this batch
     * @throws InvalidArgumentException the segment is not native, the range is outside it, or the
     *     index is 2^64-1
     */
    public LogBatch addEntry(
            long groupId, long index, MemorySegment entry, long offset, int lengthBytes) {
        demandOpen();
        if (!entry.isNative()) {
            throw new InvalidArgumentException("the entry's memory segment is not native");
        }
        demandRange(offset, lengthBytes, entry.byteSize());
        encoder.beginEntries(groupId, index);
        try {
            long target = encoder.reserveEntry(lengthBytes);
            Memory.copyFromSegment(entry, offset, target, lengthBytes);
        } catch (RuntimeException | Error refused) {
            encoder.abortEntries();
            throw refused;
        }
        encoder.endEntries();
        return this;
    }

    /**
     * Appends protobuf messages as entries with consecutive indexes.
     *
     * @param groupId the group
     * @param firstIndex log index of the first one, unsigned
     * @param entries the messages
     * @return this batch
     * @throws InvalidArgumentException the indexes would exceed 2^64-2
     */
    public LogBatch addMessages(
            long groupId, long firstIndex, List<? extends MessageLite> entries) {
        demandOpen();
        if (!entries.isEmpty()) {
            encoder.beginEntries(groupId, firstIndex);
            try {
                for (int i = 0; i < entries.size(); i++) {
                    int length = messages.encode(entries.get(i));
                    encoder.addEntry(messages.bytes(), 0, length);
                }
            } catch (RuntimeException | Error refused) {
                encoder.abortEntries();
                throw refused;
            }
            encoder.endEntries();
        }
        return this;
    }

    /**
     * Sets a key of a group.
     *
     * @param groupId the group
     * @param key 0 to 65,536 bytes; the three bytes {@code 5f 5f 01} are reserved for the engine
     * @param value up to 512 MiB
     * @return this batch
     * @throws InvalidArgumentException the key is the reserved one
     * @throws BatchFullException the key or value is too long
     */
    public LogBatch put(long groupId, byte[] key, byte[] value) {
        demandOpen();
        demandLengths(key.length, value.length);
        encoder.put(groupId, key, 0, key.length, value, 0, value.length);
        return this;
    }

    /**
     * Sets a key of a group to a protobuf message.
     *
     * @param groupId the group
     * @param key as in {@link #put}
     * @param value the message
     * @return this batch
     * @throws InvalidArgumentException the key is the reserved one
     * @throws BatchFullException the key or value is too long
     */
    public LogBatch putMessage(long groupId, byte[] key, MessageLite value) {
        demandOpen();
        int length = messages.encode(value);
        demandLengths(key.length, length);
        encoder.put(groupId, key, 0, key.length, messages.bytes(), 0, length);
        return this;
    }

    /**
     * Removes a key of a group; one that is not there changes nothing.
     *
     * @param groupId the group
     * @param key of any length: the real engine puts longer ones than {@link #put}
     * @return this batch
     * @throws BatchFullException there is no room for it in the batch
     */
    public LogBatch delete(long groupId, byte[] key) {
        demandOpen();
        encoder.delete(groupId, key, 0, key.length);
        return this;
    }

    /**
     * Removes all entries of a group below an index. Beyond the last entry this removes all of
     * them.
     *
     * @param groupId the group
     * @param index the first index to keep, unsigned
     * @return this batch
     */
    public LogBatch compactTo(long groupId, long index) {
        demandOpen();
        encoder.compact(groupId, index);
        return this;
    }

    /**
     * Removes a group with all its entries and keys.
     *
     * @param groupId the group
     * @return this batch
     */
    public LogBatch clean(long groupId) {
        demandOpen();
        encoder.clean(groupId);
        return this;
    }

    /**
     * Moves all items of another batch to the end of this one and leaves it empty.
     *
     * @param other the batch to take from; not this one
     * @return this batch
     * @throws InvalidArgumentException {@code other} is this batch
     */
    public LogBatch merge(LogBatch other) {
        demandOpen();
        other.demandOpen();
        if (other == this) {
            throw new InvalidArgumentException("a batch cannot be merged into itself");
        }
        encoder.mergeFrom(other.encoder);
        return this;
    }

    /**
     * Whether nothing was added since the batch was made, written or cleared.
     *
     * @return true if there are no items
     */
    public boolean isEmpty() {
        demandOpen();
        return encoder.isEmpty();
    }

    /**
     * Number of items: one for each call that added something; entries that go on where those of
     * the call before stop, in the same group, count with them.
     *
     * @return 0 or more
     */
    public int itemCount() {
        demandOpen();
        return encoder.itemCount();
    }

    /**
     * Upper bound of what the batch takes in the log before compression.
     *
     * @return bytes; 0 for an empty batch
     */
    public long approximateBytes() {
        demandOpen();
        return encoder.approximateBytes();
    }

    /** Drops all items; the batch is empty and keeps its memory for reuse. */
    public void clear() {
        demandOpen();
        encoder.clear();
    }

    /** Gives the memory back. Calling it again changes nothing. */
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            encoder.close();
        }
    }

    BatchEncoder encoder() {
        demandOpen();
        return encoder;
    }

    private void demandOpen() {
        if (closed) {
            throw new ClosedException("the log batch is closed");
        }
    }

    private static void demandLengths(int key, int value) {
        if (key > BatchEncoder.KEY_BYTES_MAX) {
            throw new BatchFullException(
                    "key of " + key + " bytes, at most " + BatchEncoder.KEY_BYTES_MAX);
        }
        if (value > BatchEncoder.VALUE_BYTES_MAX) {
            throw new BatchFullException(
                    "value of " + value + " bytes, at most " + BatchEncoder.VALUE_BYTES_MAX);
        }
    }

    private static void demandRange(long offset, long length, long available) {
        if (offset < 0 || length < 0 || offset > available - length) {
            throw new InvalidArgumentException(
                    "range of " + length + " bytes at " + offset + " in " + available + " bytes");
        }
    }
}
