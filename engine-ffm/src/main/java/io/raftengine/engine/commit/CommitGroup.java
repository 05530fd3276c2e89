package io.raftengine.engine.commit;

import io.raftengine.allocator.Mapping;
import io.raftengine.allocator.Memory;
import io.raftengine.allocator.MemoryBudget;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.locks.LockSupport;

/**
 * One commit group: the slots its callers claim and the contiguous buffer they copy their batches
 * into.
 *
 * <pre>
 *   FREE --open()--> OPEN --close()--> CLOSED --(leader writes, syncs, applies)--> --complete()--> DONE --last leave()--> FREE
 * </pre>
 *
 * <p>Only the holder of the write token moves a group, except for the last arrow: a group is free
 * again when every caller that claimed a slot has read its outcome and left, so no slot is ever
 * reused under a caller's feet.
 *
 * <pre>
 *   claim word     63        62..48   47..32   31..0
 *                  closed    unused   slots    bytes claimed in the buffer
 *
 *   native memory  0: event word (u32)   64: head room   64 + HEAD_ROOM: buffer
 * </pre>
 *
 * <p>Whoever waits for the group waits for its event word to change, and then looks what happened:
 * the group is done, or the write token lies there and the waiter may lead. The event word only
 * ever counts up, so no event is missed between the look and the wait.
 */
final class CommitGroup {
    /** Callers of one group; more than that many wait for the next one. */
    static final int SLOTS_MAX = 1024;

    /**
     * Bytes in front of the buffer where the leader may put a synced watermark without moving the
     * batches.
     */
    static final int HEAD_ROOM_BYTES = 64;

    /** {@link #claim} found the group closed: look for the open one and try again. */
    static final long CLOSED = -1;

    /** {@link #claim} found no slot: the group takes nobody any more until its leader closes it. */
    static final long FULL = -2;

    private static final int EVENT_AT = 0;
    private static final int HEAD_ROOM_AT = 64;
    private static final int SLOT_SHIFT = 32;
    private static final int SLOT_MASK = 0xFFFF;
    private static final long CLOSED_BIT = 1L << 63;

    /** In what {@link #claim} returns, never in the claim word. */
    private static final long WITHOUT_ROOM_BIT = 1L << 62;

    private static final int NOT_KNOWN = -1;
    private static final int READY_YIELDS = 100;
    private static final long READY_PARK_NANOS = 10_000L;

    private static final VarHandle CLAIM;
    private static final VarHandle READY;
    private static final VarHandle LEFT;
    private static final VarHandle WAITING;

    static {
        try {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            CLAIM = lookup.findVarHandle(CommitGroup.class, "claim", long.class);
            READY = lookup.findVarHandle(CommitGroup.class, "ready", int.class);
            LEFT = lookup.findVarHandle(CommitGroup.class, "left", int.class);
            WAITING = lookup.findVarHandle(CommitGroup.class, "waiting", int.class);
        } catch (ReflectiveOperationException impossible) {
            throw new ExceptionInInitializerError(impossible);
        }
    }

    private final Mapping memory;
    private final long controlAddress;
    private final long bufferBytes;
    private final CommitSlot[] slots = new CommitSlot[SLOTS_MAX];

    // Accessed through the handles above.
    @SuppressWarnings("UnusedVariable")
    private volatile long claim = CLOSED_BIT;

    @SuppressWarnings("UnusedVariable")
    private volatile int ready;

    @SuppressWarnings("UnusedVariable")
    private volatile int left;

    @SuppressWarnings("UnusedVariable")
    private volatile int waiting;

    private volatile boolean syncWanted;
    private volatile boolean virtualWaiter;

    /** Counts up when all outcomes are in the slots. */
    volatile int doneGeneration;

    /**
     * Its leader left it in the middle, or gave up waiting for a caller that will never fill its
     * slot: what is in the slots is all there will ever be. The group is not used again. Set, like
     * all that a thread without stack has to say, without a call.
     */
    volatile boolean abandoned;

    /** Who leads it, or led it last. Written before the group is done, read by its callers. */
    Thread leader;

    private int closedSlots;

    /**
     * How many have to leave until the group is free: its callers and its leader. Nobody of a new
     * one; of one that collects nobody knows. By the token holder.
     */
    private int everyone;

    /** A free group; its memory is charged to the budget until {@link #release()}. */
    CommitGroup(MemoryBudget budget, int bufferBytes) {
        for (int i = 0; i < SLOTS_MAX; i++) {
            slots[i] = new CommitSlot();
        }
        this.memory =
                Mapping.map(budget, HEAD_ROOM_AT + HEAD_ROOM_BYTES + bufferBytes, "commit group");
        this.controlAddress = memory.address();
        this.bufferBytes = memory.bytes() - HEAD_ROOM_AT - HEAD_ROOM_BYTES;
    }

    /**
     * Address of the first byte callers may claim; {@link #HEAD_ROOM_BYTES} bytes in front of it
     * are the leader's.
     */
    long bufferAddress() {
        return controlAddress + HEAD_ROOM_AT + HEAD_ROOM_BYTES;
    }

    /**
     * Makes a free group collect callers. By the token holder. A volatile store costs a write
     * without sync as much as a copy of a hundred bytes, so none is made here that changes nothing,
     * and the last one orders all.
     */
    void open() {
        assert isFree() : "a group in use was opened again";
        everyone = NOT_KNOWN;
        if (syncWanted) {
            syncWanted = false;
        }
        if (virtualWaiter) {
            virtualWaiter = false;
        }
        READY.setOpaque(this, 0);
        LEFT.setOpaque(this, 0);
        WAITING.setOpaque(this, 0);
        CLAIM.setRelease(this, 0L);
    }

    /**
     * Claims a slot, and room in the buffer while there is some. Without room the slot is worth as
     * much: whoever waited for the next group instead would miss a whole sync.
     *
     * @return slot, offset and room for {@link #slotOf}, {@link #offsetOf} and {@link #hasRoom}, or
     *     {@link #CLOSED} or {@link #FULL}
     */
    long claim(int bytes) {
        for (; ; ) {
            long word = (long) CLAIM.getVolatile(this);
            if (word < 0) {
                return CLOSED;
            }
            if (slotOf(word) >= SLOTS_MAX) {
                return FULL;
            }
            boolean room = offsetOf(word) + (long) bytes <= bufferBytes;
            long next = word + (1L << SLOT_SHIFT) + (room ? bytes : 0);
            if (CLAIM.weakCompareAndSet(this, word, next)) {
                return room ? word : word | WITHOUT_ROOM_BIT;
            }
        }
    }

    /** Whether it collects callers and has no slot for another one. */
    boolean isFull() {
        long word = (long) CLAIM.getVolatile(this);
        return word >= 0 && slotOf(word) >= SLOTS_MAX;
    }

    static int slotOf(long claimed) {
        return (int) (claimed >>> SLOT_SHIFT) & SLOT_MASK;
    }

    static int offsetOf(long claimed) {
        return (int) claimed;
    }

    /** Whether all the bytes claimed have their place in the buffer, or none. */
    static boolean hasRoom(long claimed) {
        return (claimed & WITHOUT_ROOM_BIT) == 0;
    }

    CommitSlot slot(int index) {
        return slots[index];
    }

    /** Callers that have claimed so far. */
    int claimedSlots() {
        return slotOf((long) CLAIM.getVolatile(this));
    }

    /** Notes that at least one caller waits for the disk; before {@link #countReady()}. */
    void wantSync() {
        if (!syncWanted) {
            syncWanted = true;
        }
    }

    boolean syncWanted() {
        return syncWanted;
    }

    /** The caller's slot is filled; from here on it belongs to the leader. */
    void countReady() {
        READY.getAndAdd(this, 1);
    }

    /** Ends the claims. By the leader, after another group was opened. */
    int close() {
        long word = (long) CLAIM.getAndBitwiseOr(this, CLOSED_BIT);
        assert word >= 0 : "closed twice";
        closedSlots = slotOf(word);
        everyone = closedSlots + 1;
        return closedSlots;
    }

    /** Ends the claims for good if there was none. */
    boolean closeIfUnclaimed() {
        return CLAIM.compareAndSet(this, 0L, CLOSED_BIT);
    }

    /**
     * Waits until every caller that claimed has filled its slot, which takes it a copy, or a time
     * slice when descheduled. Not for one that ran out of stack before it could: then the group is
     * abandoned, and nothing in it may be read.
     */
    void awaitReady(GroupCommitter committer) {
        for (int i = 0; (int) READY.getVolatile(this) != closedSlots; i++) {
            if (i < READY_YIELDS) {
                Thread.yield();
            } else if (committer.broken) {
                abandoned = true;
                return;
            } else {
                LockSupport.parkNanos(READY_PARK_NANOS);
            }
        }
    }

    /**
     * The generation whose end a caller waits for; read it after the claim and before {@link
     * #countReady()}.
     */
    int generation() {
        return doneGeneration;
    }

    boolean done(int generation) {
        return doneGeneration != generation || abandoned;
    }

    boolean isClosed() {
        return (long) CLAIM.getVolatile(this) < 0;
    }

    /** Notes that this platform thread is about to wait; from here on events wake it. */
    void announceWaiter() {
        WAITING.getAndAdd(this, 1);
    }

    /** Notes that a virtual thread waits in this slot. */
    void announceVirtualWaiter(CommitSlot slot) {
        slot.parked = Thread.currentThread();
        virtualWaiter = true;
    }

    boolean hasVirtualWaiter() {
        return virtualWaiter;
    }

    /**
     * The state of the event word, to be read before looking for what would make waiting needless.
     */
    int event() {
        return Memory.getIntAcquire(controlAddress + EVENT_AT);
    }

    /**
     * Waits until the event word is no longer {@code seen}; may return early. By an announced
     * platform thread.
     */
    void awaitEvent(int seen) {
        WaitWord.await(controlAddress + EVENT_AT, seen);
    }

    /** As {@link #awaitEvent(int)}, but for at most about so many nanoseconds. */
    void awaitEvent(int seen, long nanos) {
        WaitWord.await(controlAddress + EVENT_AT, seen, nanos);
    }

    /**
     * Tells one sleeping caller of this group that the write token lies there.
     *
     * @return false if no platform thread waits
     */
    boolean wakeOne() {
        if ((int) WAITING.getVolatile(this) == 0) {
            return false;
        }
        Memory.getAndAddInt(controlAddress + EVENT_AT, 1);
        WaitWord.wakeOne(controlAddress + EVENT_AT);
        return true;
    }

    /**
     * Publishes all outcomes and wakes everyone who waits for them. By the leader, as its last act
     * on the group.
     */
    void complete() {
        int slotCount = closedSlots;
        // Under the token or not, only the group's one leader comes here.
        doneGeneration = doneGeneration + 1;
        // Who announces itself from here on sees that the group is done before it would sleep.
        if ((int) WAITING.getVolatile(this) > 0) {
            Memory.getAndAddInt(controlAddress + EVENT_AT, 1);
            WaitWord.wakeAll(controlAddress + EVENT_AT);
        }
        if (virtualWaiter) {
            for (int i = 0; i < slotCount; i++) {
                Thread thread = slots[i].parked;
                if (thread != null) {
                    LockSupport.unpark(thread);
                }
            }
        }
        leaveOne();
    }

    /** The caller has read its outcome. The last one to leave frees the group. */
    void leave(CommitSlot slot) {
        slot.clear();
        leaveOne();
    }

    /**
     * Callers leave, and so does the leader when it has woken them: one that is no caller itself
     * would otherwise still touch the group's memory when the last caller is gone and the pipeline
     * closed.
     */
    private void leaveOne() {
        LEFT.getAndAdd(this, 1);
    }

    /** Whether nobody uses the group. By the token holder. */
    boolean isFree() {
        return (int) LEFT.getAcquire(this) == everyone && !abandoned;
    }

    /** Gives the memory back. Only when free or never to be used again. */
    void release() {
        memory.close();
    }
}
