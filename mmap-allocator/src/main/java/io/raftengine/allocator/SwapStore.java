package io.raftengine.allocator;

/**
 * Where cold memory goes while it is not resident: fixed-size copies of blocks, outside of memory.
 *
 * <p>The allocator only declares the contract; whoever owns file access implements it, so that no
 * dependency points back. Rules both sides rely on:
 *
 * <ul>
 *   <li><b>Life time.</b> A store belongs to one open engine and is scratch space: nothing in it
 *       outlives a close, and an implementation starts empty whatever an earlier process left
 *       behind. Nothing written needs to be durable, so no call syncs.
 *   <li><b>Slots.</b> {@link #write} returns a slot, a positive number that names the copy until
 *       {@link #free}. Slots of freed copies may be reused; the caller never computes with slots. A
 *       slot is read any number of times.
 *   <li><b>Exactness.</b> {@link #read} yields exactly the bytes that were written, or throws: an
 *       implementation keeps a checksum of each copy, since memory that comes back changed would be
 *       answered as data (P5).
 *   <li><b>Threads.</b> Calls for different slots may run in parallel. The caller orders calls for
 *       one slot: no {@code free} while a {@code read} of that slot runs.
 *   <li><b>Memory.</b> Addresses are off-heap memory of this package, live for the whole call; an
 *       implementation neither keeps them nor writes outside {@code [address, address + bytes)}.
 *       Its own tables are counted in the budget it was given.
 *   <li><b>Blocking.</b> {@code write} and {@code read} do file I/O by system call; callers hold no
 *       engine lock across them. Memory is given back by the caller, after {@code write} returned.
 *   <li><b>Failure.</b> After a failed {@code write} no slot exists and the caller keeps the block
 *       resident. A failed {@code read} leaves the slot as it was.
 * </ul>
 */
public interface SwapStore extends AutoCloseable {
    /**
     * Copies a block out.
     *
     * @param address first byte of the block
     * @param bytes length of the block, at least 1
     * @return the slot of the copy, greater than 0
     * @throws io.raftengine.error.OutOfSpaceException there is no room; the block must stay
     *     resident
     * @throws io.raftengine.error.StorageException the copy could not be written; no slot exists
     */
    long write(long address, int bytes);

    /**
     * Copies a block back; the slot stays.
     *
     * @param slot what {@link #write} returned
     * @param address where the bytes go
     * @param bytes length of the block, as it was written
     * @throws io.raftengine.error.StorageException the copy could not be read
     * @throws io.raftengine.error.CorruptionException the copy is not what was written
     */
    void read(long slot, long address, int bytes);

    /**
     * Forgets a copy.
     *
     * @param slot what {@link #write} returned; not used again
     */
    void free(long slot);

    /** Forgets all copies and gives their space back; idempotent. */
    @Override
    void close();
}
