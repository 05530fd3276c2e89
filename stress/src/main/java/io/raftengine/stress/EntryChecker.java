package io.raftengine.stress;

import io.raftengine.engine.EntryVisitor;
import io.raftengine.engine.RaftEngine;
import io.raftengine.error.CorruptionException;
import io.raftengine.proto.EntryView;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * What a reader does with an entry: takes it out of the engine's memory, reads the message and, if
 * asked to, checks every byte of it. One per thread, used again for every entry.
 */
final class EntryChecker implements EntryVisitor {
    private final boolean verify;
    private final long seed;
    private final EntryView message = new EntryView();
    private byte[] buffer = new byte[0];
    private long group;
    private long bytesTotal;

    EntryChecker(boolean verify, long seed) {
        this.verify = verify;
        this.seed = seed;
    }

    /** The group whose entries come next. */
    EntryChecker group(long id) {
        group = id;
        return this;
    }

    long bytesTotal() {
        return bytesTotal;
    }

    @Override
    public boolean visit(long index, MemorySegment memory, long offset, int lengthBytes) {
        if (buffer.length < lengthBytes) {
            buffer = new byte[Math.max(lengthBytes, 2 * buffer.length)];
        }
        MemorySegment.copy(memory, ValueLayout.JAVA_BYTE, offset, buffer, 0, lengthBytes);
        bytesTotal += lengthBytes;
        if (!message.parse(buffer, 0, lengthBytes)) {
            throw wrong(index, "an entry message", lengthBytes + " bytes that are none");
        }
        if (verify) {
            check(index);
        }
        return true;
    }

    private void check(long index) {
        if (message.index() != index) {
            throw wrong(index, "its own index", Long.toUnsignedString(message.index()));
        }
        int at =
                EntryContent.firstDifference(
                        buffer, message.dataOffset(), message.dataBytes(), seed, group, index);
        if (at >= 0) {
            throw wrong(index, "what was written", "another byte at " + at);
        }
    }

    private CorruptionException wrong(long index, String expected, String found) {
        return new CorruptionException(
                "",
                -1,
                "group " + Long.toUnsignedString(group) + ", entry " + Long.toUnsignedString(index),
                expected,
                found);
    }

    /** Checks every entry of every group; answers how many there are. */
    static long checkAll(RaftEngine engine, long seed) {
        EntryChecker checker = new EntryChecker(true, seed);
        long[] sum = {0};
        engine.forEachGroup(id -> {
            long first = engine.firstIndex(id);
            if (first != RaftEngine.NO_INDEX) {
                long last = engine.lastIndex(id);
                sum[0] +=
                        engine.fetchEntries(id, first, last + 1, Long.MAX_VALUE, checker.group(id));
            }
        });
        return sum[0];
    }
}
