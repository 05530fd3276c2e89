package io.raftengine.testing.model;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/**
 * Makes a failing script as short as it will go and still fail: drops operations, then items, then
 * entries and bytes. What is left may be illegal in other ways than before, so the test must ask
 * the model what each operation should answer.
 */
public final class ScriptShrinker {
    private final Predicate<List<Operation>> fails;
    private int triesLeft;

    /**
     * A shrinker.
     *
     * @param fails runs a script from an empty directory and tells whether it shows the failure
     * @param triesMax how many scripts may be run
     */
    public ScriptShrinker(Predicate<List<Operation>> fails, int triesMax) {
        this.fails = fails;
        this.triesLeft = triesMax;
    }

    /**
     * Shrinks.
     *
     * @param script one that fails
     * @return one that fails too, not longer
     */
    public List<Operation> shrink(List<Operation> script) {
        List<Operation> best = script;
        boolean smaller = true;
        while (smaller && triesLeft > 0) {
            List<Operation> dropped = dropParts(best, fails);
            List<Operation> simpler = simplifyEach(dropped);
            smaller = !simpler.equals(best);
            best = simpler;
        }
        return best;
    }

    /** Halves, quarters, ... single elements: drops whatever is not needed. */
    private <T> List<T> dropParts(List<T> whole, Predicate<List<T>> stillFails) {
        List<T> best = whole;
        for (int part = Math.max(1, best.size() / 2); part >= 1; part /= 2) {
            int at = 0;
            while (at < best.size() && triesLeft > 0) {
                List<T> without = new ArrayList<>(best);
                without.subList(at, Math.min(best.size(), at + part)).clear();
                if (attempt(without, stillFails)) {
                    best = without;
                } else {
                    at += part;
                }
            }
        }
        return best;
    }

    private <T> boolean attempt(List<T> candidate, Predicate<List<T>> stillFails) {
        triesLeft--;
        return stillFails.test(candidate);
    }

    private List<Operation> simplifyEach(List<Operation> script) {
        List<Operation> best = script;
        for (int i = 0; i < best.size(); i++) {
            if (best.get(i) instanceof Operation.Write write) {
                best = simplifyWrite(best, i, write);
            }
        }
        return best;
    }

    private List<Operation> simplifyWrite(List<Operation> script, int at, Operation.Write write) {
        List<Item> items =
                dropParts(
                        write.items(),
                        fewer ->
                                fails.test(
                                        with(
                                                script,
                                                at,
                                                new Operation.Write(write.sync(), fewer))));
        for (int i = 0; i < items.size(); i++) {
            int place = i;
            List<Item> base = items;
            if (items.get(i) instanceof Item.Append append) {
                List<byte[]> data =
                        dropParts(
                                append.data(),
                                fewer -> {
                                    Item smaller =
                                            new Item.Append(
                                                    append.group(),
                                                    append.first(),
                                                    append.term(),
                                                    fewer);
                                    return fails.test(
                                            with(
                                                    script,
                                                    at,
                                                    new Operation.Write(
                                                            write.sync(),
                                                            with(base, place, smaller))));
                                });
                items =
                        with(
                                items,
                                i,
                                new Item.Append(
                                        append.group(), append.first(), append.term(), data));
            }
        }
        return with(script, at, new Operation.Write(write.sync(), items));
    }

    private static <T> List<T> with(List<T> list, int at, T element) {
        List<T> changed = new ArrayList<>(list);
        changed.set(at, element);
        return changed;
    }
}
