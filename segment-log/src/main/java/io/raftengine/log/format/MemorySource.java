package io.raftengine.log.format;

import io.raftengine.allocator.Memory;

/** Off-heap memory as a source of bytes. One thread at a time. */
public final class MemorySource implements ByteSource {
    private long address;
    private long bytes;

    /** A source of no bytes. */
    public MemorySource() {}

    /**
     * Points at other memory.
     *
     * @param address of its first byte
     * @param bytes its length
     */
    public void set(long address, long bytes) {
        this.address = address;
        this.bytes = bytes;
    }

    @Override
    public void read(long position, byte[] destination, int offset, int length) {
        assert position >= 0 && length <= bytes - position : position + " + " + length;
        Memory.copyToArray(address + position, destination, offset, length);
    }

    @Override
    public long size() {
        return bytes;
    }
}
