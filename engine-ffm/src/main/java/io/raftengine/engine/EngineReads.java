package io.raftengine.engine;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import io.raftengine.engine.memtable.Memtables;
import io.raftengine.engine.read.EntryReader;
import io.raftengine.engine.read.GroupScanner;
import io.raftengine.engine.read.RangeReader;
import io.raftengine.engine.read.ReadContext;
import io.raftengine.engine.read.ReadContextPool;
import io.raftengine.engine.read.UseGate;
import io.raftengine.error.CorruptionException;
import io.raftengine.error.InvalidArgumentException;
import java.util.function.LongConsumer;

/**
 * What an open engine answers to readers. Each call goes through the gate, so that nothing it looks
 * at is unmapped under it, and those that need buffers borrow a read context for as long.
 *
 * <p>For any thread. Errors are those of {@link RaftEngine}'s methods.
 */
final class EngineReads {
    private final UseGate gate;
    private final Memtables memtables;
    private final EntryReader entries;
    private final ReadContextPool contexts;
    private final RangeReader ranges;
    private final GroupScanner scanner;

    EngineReads(UseGate gate, Memtables memtables, EntryReader entries, ReadContextPool contexts) {
        this.gate = gate;
        this.memtables = memtables;
        this.entries = entries;
        this.contexts = contexts;
        this.ranges = new RangeReader(memtables, entries);
        this.scanner = new GroupScanner(memtables);
    }

    /** A copy of a key's value; null if there is none. */
    byte[] get(long groupId, byte[] key) {
        int ticket = gate.enter();
        try {
            return copyValue(groupId, key);
        } finally {
            gate.leave(ticket);
        }
    }

    /** Asks for the length first; the value may change in between, then asks again. */
    private byte[] copyValue(long groupId, byte[] key) {
        int length = memtables.get(groupId, key, 0, key.length, null, 0, 0);
        while (length != Memtables.NO_VALUE) {
            byte[] value = new byte[length];
            int now = memtables.get(groupId, key, 0, key.length, value, 0, length);
            if (now == length) {
                return value;
            }
            length = now;
        }
        return null;
    }

    /** Copies a key's value where it fits; its length, or {@link RaftEngine#NO_VALUE}. */
    int get(long groupId, byte[] key, byte[] destination, int offset) {
        if (offset < 0 || offset > destination.length) {
            throw new InvalidArgumentException(
                    "offset " + offset + " in an array of " + destination.length);
        }
        int ticket = gate.enter();
        try {
            return memtables.get(
                    groupId, key, 0, key.length, destination, offset, destination.length - offset);
        } finally {
            gate.leave(ticket);
        }
    }

    long scan(long groupId, byte[] start, byte[] end, ScanOrder order, KeyValueVisitor visitor) {
        int ticket = gate.enter();
        try {
            ReadContext context = contexts.take();
            try {
                boolean descending = order == ScanOrder.DESCENDING;
                return scanner.scan(context, groupId, start, end, descending, visitor::visit);
            } finally {
                contexts.give(context);
            }
        } finally {
            gate.leave(ticket);
        }
    }

    /** A copy of an entry; null if there is none. */
    byte[] getEntry(long groupId, long index) {
        int ticket = gate.enter();
        try {
            ReadContext context = contexts.take();
            try {
                return entries.read(groupId, index, context) ? context.copyResult() : null;
            } finally {
                contexts.give(context);
            }
        } finally {
            gate.leave(ticket);
        }
    }

    /** Shows an entry in place; false if there is none. */
    boolean readEntry(long groupId, long index, EntryVisitor visitor) {
        int ticket = gate.enter();
        try {
            ReadContext context = contexts.take();
            try {
                if (!entries.read(groupId, index, context)) {
                    return false;
                }
                visitor.visit(
                        index,
                        context.resultMemory(),
                        context.resultOffset(),
                        context.resultBytes());
                return true;
            } finally {
                contexts.give(context);
            }
        } finally {
            gate.leave(ticket);
        }
    }

    long fetchEntries(long groupId, long begin, long end, long bytesMax, EntryVisitor visitor) {
        int ticket = gate.enter();
        try {
            ReadContext context = contexts.take();
            try {
                return ranges.fetch(context, groupId, begin, end, bytesMax, visitor::visit);
            } finally {
                contexts.give(context);
            }
        } finally {
            gate.leave(ticket);
        }
    }

    long firstIndex(long groupId) {
        int ticket = gate.enter();
        try {
            return memtables.first(groupId);
        } finally {
            gate.leave(ticket);
        }
    }

    long lastIndex(long groupId) {
        int ticket = gate.enter();
        try {
            return memtables.last(groupId);
        } finally {
            gate.leave(ticket);
        }
    }

    void forEachGroup(LongConsumer visitor) {
        int ticket = gate.enter();
        try {
            memtables.forEachGroup(visitor);
        } finally {
            gate.leave(ticket);
        }
    }

    long groupCount() {
        int ticket = gate.enter();
        try {
            return memtables.groupCount();
        } finally {
            gate.leave(ticket);
        }
    }

    /** A message from bytes that came out of the log; what is no such message is damage. */
    static <M extends MessageLite> M parse(
            byte[] bytes, Parser<M> parser, long groupId, String what) {
        try {
            return parser.parseFrom(bytes);
        } catch (InvalidProtocolBufferException malformed) {
            throw new CorruptionException(
                    "",
                    -1,
                    what + " of group " + Long.toUnsignedString(groupId),
                    "a protobuf message",
                    malformed.getMessage());
        }
    }
}
