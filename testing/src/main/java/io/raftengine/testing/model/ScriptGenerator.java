package io.raftengine.testing.model;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Makes operation scripts from a seed: the same seed, profile and settings make the same script, in
 * every JVM. All batches are legal, except for a share that may be asked for; the model says which
 * those are.
 */
public final class ScriptGenerator {
    private static final byte[][] KEYS = {
        {}, {0}, {0x5f, 0x5f}, {0x5f, 0x5f, 0x02}, {0x5f, 0x5f, 0x01, 0x00}, filled(300, 0xff)
    };

    /** Ids where a signed or shortened number goes wrong. */
    private static final long[] ODD_GROUPS = {
        0, 1, 127, 128, 1L << 31, 1L << 32, 1L << 40, Long.MAX_VALUE, Long.MIN_VALUE, -2
    };

    /** How near data comes to a limit: less and more than what stands around it in a batch. */
    private static final int NEAR_BYTES = 64;

    private static final long[] ODD_INDEXES = {
        0, 1, 5, 1L << 32, 1L << 53, 1L << 62, Long.MIN_VALUE
    };

    private final ScriptProfile profile;
    private final SplittableRandom random;
    private final EngineModel model = new EngineModel();
    private final long[] groups;
    private int reopenPercent = 2;
    private int storagePercent;
    private int illegalPercent;
    private int partialPercent;
    private long term = 1;

    /**
     * A generator.
     *
     * @param profile kind of history
     * @param seed decides everything else
     */
    public ScriptGenerator(ScriptProfile profile, long seed) {
        this.profile = profile;
        this.random = new SplittableRandom(seed ^ profile.ordinal() * 0x9e37_79b9_7f4a_7c15L);
        this.groups = new long[profile.groups];
        for (int i = 0; i < groups.length; i++) {
            groups[i] = random.nextInt(4) == 0 ? pick(ODD_GROUPS) : 1 + i;
        }
    }

    /**
     * How often the directory is closed and opened again.
     *
     * @param percent of the operations; 0 for never
     * @return this
     */
    public ScriptGenerator reopens(int percent) {
        reopenPercent = percent;
        return this;
    }

    /**
     * How often purges, rewrites and rotations happen.
     *
     * @param percent of the operations; 0 for never
     * @return this
     */
    public ScriptGenerator storageOperations(int percent) {
        storagePercent = percent;
        return this;
    }

    /**
     * How many of the forced rewrites of the append queue stop at some segment.
     *
     * @param percent of these rewrites; 0 for none
     * @return this
     */
    public ScriptGenerator partialRewrites(int percent) {
        partialPercent = percent;
        return this;
    }

    /**
     * Takes groups that no generator with another base has: several scripts may then run on one
     * engine at the same time.
     *
     * @param base the groups are {@code base + 1}, {@code base + 2} and so on
     * @return this
     */
    public ScriptGenerator groupsFrom(long base) {
        for (int i = 0; i < groups.length; i++) {
            groups[i] = base + 1 + i;
        }
        return this;
    }

    /**
     * How often a batch must be refused: a hole, an append below the first entry, the engine's own
     * key.
     *
     * @param percent of the operations; 0 for never
     * @return this
     */
    public ScriptGenerator illegalWrites(int percent) {
        illegalPercent = percent;
        return this;
    }

    /**
     * Makes the next operations.
     *
     * @param count how many
     * @return a script that continues what this generator made before
     */
    public List<Operation> generate(int count) {
        List<Operation> script = new ArrayList<>(count);
        while (script.size() < count) {
            Operation operation = operation();
            model.run(operation);
            script.add(operation);
        }
        return script;
    }

    /**
     * The state after everything that was generated.
     *
     * @return the model, live
     */
    public EngineModel model() {
        return model;
    }

    private Operation operation() {
        int die = random.nextInt(100);
        if (die < reopenPercent) {
            return new Operation.Reopen();
        }
        if (die < reopenPercent + storagePercent) {
            return storageOperation();
        }
        if (random.nextInt(100) < illegalPercent) {
            Operation illegal = illegalWrite();
            if (illegal != null) {
                return illegal;
            }
        }
        return switch (random.nextInt(20)) {
            case 0 -> new Operation.Sync();
            case 1, 2 -> {
                long group = pick(groups);
                yield new Operation.CompactTo(group, indexNear(group));
            }
            default -> write();
        };
    }

    private Operation storageOperation() {
        return switch (random.nextInt(6)) {
            case 0 -> new Operation.RewriteAppend(through());
            case 1 -> new Operation.RewriteRewrite();
            case 2 -> new Operation.Rotate(false);
            case 3 -> new Operation.Rotate(true);
            default -> new Operation.Purge();
        };
    }

    private long through() {
        return partialPercent > 0 && random.nextInt(100) < partialPercent
                ? 1 + random.nextInt(20)
                : -1;
    }

    private Operation.Write write() {
        List<Item> items = new ArrayList<>();
        int count = 1 + random.nextInt(profile.itemsMax);
        while (items.size() < count) {
            items.add(item());
            if (model.validate(items) != null) {
                items.removeLast();
            }
        }
        return new Operation.Write(random.nextInt(3) == 0, items);
    }

    private Item item() {
        long group = pick(groups);
        int die = random.nextInt(100);
        if (die < profile.cleanPercent) {
            return new Item.Clean(group);
        }
        die -= profile.cleanPercent;
        if (die < profile.compactPercent) {
            return new Item.Compact(group, indexNear(group));
        }
        die -= profile.compactPercent;
        if (die < 12) {
            return new Item.Put(group, key(), data());
        }
        if (die < 17) {
            return new Item.Delete(group, key());
        }
        return append(group);
    }

    private Item append(long group) {
        long first = model.firstIndex(group);
        long last = model.lastIndex(group);
        long at;
        if (first == -1) {
            at = random.nextInt(4) == 0 ? pick(ODD_INDEXES) : 1;
        } else if (random.nextInt(5) == 0) {
            at = first + random.nextLong(last - first + 1);
            term++;
        } else {
            at = last + 1;
        }
        List<byte[]> data = new ArrayList<>();
        int count = random.nextInt(30) == 0 ? 0 : 1 + random.nextInt(profile.entriesMax);
        for (int i = 0; i < count; i++) {
            data.add(data());
        }
        return new Item.Append(group, at, term, data);
    }

    /** Below, inside, at the end of, and beyond what the group holds. */
    private long indexNear(long group) {
        long first = model.firstIndex(group);
        if (first == -1) {
            return random.nextInt(10);
        }
        long count = model.lastIndex(group) - first + 1;
        return random.nextInt(8) == 0
                ? first + count + random.nextInt(5)
                : first + random.nextLong(count + 2) - 1;
    }

    private Operation illegalWrite() {
        long group = pick(groups);
        long first = model.firstIndex(group);
        List<Item> items = new ArrayList<>(write().items());
        if (first == -1 || random.nextInt(4) == 0) {
            items.add(new Item.Put(group, new byte[] {0x5f, 0x5f, 0x01}, data()));
        } else {
            long last = model.lastIndex(group);
            long at = random.nextBoolean() ? last + 2 + random.nextInt(100) : first - 1;
            items.add(new Item.Append(group, at, term, List.of(data())));
        }
        return model.validate(items) == null ? null : new Operation.Write(false, items);
    }

    private byte[] key() {
        return random.nextInt(3) == 0
                ? KEYS[random.nextInt(KEYS.length)]
                : ("key-" + random.nextInt(8)).getBytes(StandardCharsets.US_ASCII);
    }

    /** Nothing, noise, or a pattern that compresses. */
    private byte[] data() {
        int length =
                profile.limitBytes > 0 && random.nextInt(6) == 0
                        ? profile.limitBytes + random.nextInt(-NEAR_BYTES, NEAR_BYTES)
                        : random.nextInt(6) == 0 ? 0 : 1 + random.nextInt(profile.dataBytesMax);
        byte[] data = new byte[length];
        random.nextBytes(data);
        if (random.nextBoolean()) {
            for (int i = 8; i < length; i++) {
                data[i] = data[i - 8];
            }
        }
        return data;
    }

    private long pick(long[] choices) {
        return choices[random.nextInt(choices.length)];
    }

    private static byte[] filled(int length, int value) {
        byte[] bytes = new byte[length];
        Arrays.fill(bytes, (byte) value);
        return bytes;
    }
}
