package io.raftengine.testing.fs;

import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;

/**
 * Which calls a {@link Fault} hits: those of some kinds, on some files, at some positions of a
 * program. Made by {@link FaultyFileSystem#on}, narrowed by the methods here, armed by {@link
 * #inject}; must not be narrowed afterwards. Safe for all threads once armed.
 *
 * <p>A program is a sequence of counts, passing first: {@code program(2, 1)} lets two matching
 * calls pass, hits the third and lets all others pass; {@code program(0, 1, 1, 1)} hits the first
 * and the third. Without a program every matching call is hit.
 */
public final class FaultRule {
    private static final int[] ALWAYS = {0, Integer.MAX_VALUE};

    private final FaultyFileSystem owner;
    private final Set<Operation> operations;
    private Predicate<Call> filter = call -> true;
    private int[] program = ALWAYS;
    private Fault fault;
    private final AtomicInteger matched = new AtomicInteger();
    private final AtomicInteger fired = new AtomicInteger();

    FaultRule(FaultyFileSystem owner, Operation... operations) {
        this.owner = owner;
        this.operations =
                operations.length == 0
                        ? EnumSet.allOf(Operation.class)
                        : EnumSet.of(operations[0], operations);
    }

    /**
     * Only calls on files whose name satisfies a condition.
     *
     * @param condition on the last part of the path
     * @return this
     */
    public FaultRule onFiles(Predicate<String> condition) {
        return where(call -> condition.test(call.fileName()));
    }

    /**
     * Only calls that satisfy a condition.
     *
     * @param condition on the call, asked in the calling thread
     * @return this
     */
    public FaultRule where(Predicate<Call> condition) {
        filter = filter.and(condition);
        return this;
    }

    /**
     * Which of the matching calls are hit.
     *
     * @param passThenHitThenPass how many pass, how many are then hit, how many pass again, ...;
     *     all pass behind the end
     * @return this
     */
    public FaultRule program(int... passThenHitThenPass) {
        program = passThenHitThenPass.clone();
        return this;
    }

    /**
     * Hits only the first matching call.
     *
     * @return this
     */
    public FaultRule once() {
        return program(0, 1);
    }

    /**
     * Hits all matching calls but the first ones.
     *
     * @param passing how many pass
     * @return this
     */
    public FaultRule after(int passing) {
        return program(passing, Integer.MAX_VALUE);
    }

    /**
     * Arms the rule.
     *
     * @param what what happens to the calls it hits
     * @return this
     */
    public FaultRule inject(Fault what) {
        fault = what;
        owner.arm(this);
        return this;
    }

    /** Disarms the rule; calls that are waiting in it go on waiting. */
    public void remove() {
        owner.disarm(this);
    }

    /**
     * How many calls matched so far.
     *
     * @return hit or not
     */
    public int matched() {
        return matched.get();
    }

    /**
     * How many calls were hit so far. A test whose fault never fired has tested nothing.
     *
     * @return how many
     */
    public int fired() {
        return fired.get();
    }

    /** The fault, if this call is hit. */
    Fault hit(Call call) {
        if (!operations.contains(call.operation()) || !filter.test(call)) {
            return null;
        }
        long position = matched.getAndIncrement();
        boolean hits = false;
        for (int count : program) {
            if (position < count) {
                if (hits) {
                    fired.getAndIncrement();
                    return fault;
                }
                return null;
            }
            position -= count;
            hits = !hits;
        }
        return null;
    }
}
