package io.raftengine.engine.memtable;

import io.raftengine.engine.waiting.Backoff;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Lets a reader go first that the writer has overtaken again and again.
 *
 * <p>An optimistic reading is thrown away when its group changes meanwhile, so one that takes
 * longer than the group is left alone would never end: a large value, or many small ones, of a
 * group that is written to all the time. After {@value #PATIENCE} readings in vain the reader takes
 * its turn: from the next batch on the writer waits until that reading is done. It waits for one
 * reader's turn with each batch and no more, so both get on. Readers take their turns one after the
 * other, in the order in which they came.
 *
 * <p>A turn is short (a lookup, and a copy of what was found), waits for nothing the writer holds,
 * and is no lock: what is read is still validated, so the writer need not be told of a turn at once
 * and pays one look at a field for a batch.
 */
final class RightOfWay {
    /** Readings thrown away before the reader takes its turn. */
    static final int PATIENCE = 8;

    private final ReentrantLock oneAtATime = new ReentrantLock(true);

    /** Odd while a reader has its turn; changed by who holds the lock. */
    private volatile int turn;

    /**
     * A reader's attempt was thrown away. Pass the last answer to {@link #readingDone} in any case.
     *
     * @param overtaken how many were before, 0 at first
     * @return how many there are now
     */
    int overtaken(int overtaken) {
        if (overtaken == PATIENCE) {
            return overtaken; // has its turn; the writer was under way already
        }
        if (overtaken + 1 == PATIENCE) {
            oneAtATime.lock();
            turn = turn + 1;
        }
        return overtaken + 1;
    }

    /** The reader got what it wanted, or gave up; ends its turn if it took one. */
    void readingDone(int overtaken) {
        if (overtaken == PATIENCE) {
            turn = turn + 1;
            oneAtATime.unlock();
        }
    }

    /** Waits for the end of the turn that a reader has now, if any. Writer only, in no group. */
    void letReaderPass() {
        int now = turn;
        for (int attempt = 0; (now & 1) != 0 && turn == now; attempt++) {
            Backoff.pause(attempt);
        }
    }
}
