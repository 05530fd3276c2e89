package io.raftengine.log.format;

import java.util.Random;

/** Seeded batches, into an encoder and the model alike. */
final class RandomBatches {
    private RandomBatches() {}

    static void fill(Random random, BatchEncoder batch, ModelBatch model) {
        int items = 1 + random.nextInt(6);
        for (int i = 0; i < items; i++) {
            long group = number(random);
            switch (random.nextInt(5)) {
                case 0 -> {
                    batch.clean(group);
                    model.clean(group);
                }
                case 1 -> {
                    long index = number(random);
                    batch.compact(group, index);
                    model.compact(group, index);
                }
                case 2 -> {
                    byte[] key = bytes(random, 20);
                    byte[] value = bytes(random, random.nextInt(8) == 0 ? 3000 : 40);
                    batch.put(group, key, 0, key.length, value, 0, value.length);
                    model.put(group, key, value);
                }
                case 3 -> {
                    byte[] key = bytes(random, 20);
                    batch.delete(group, key, 0, key.length);
                    model.delete(group, key);
                }
                default -> entries(random, batch, model, group);
            }
        }
    }

    static void entries(Random random, BatchEncoder batch, ModelBatch model, long group) {
        int count = 1 + random.nextInt(random.nextInt(8) == 0 ? 300 : 5);
        long first = number(random) >>> 1;
        byte[][] entries = new byte[count][];
        batch.beginEntries(group, first);
        for (int e = 0; e < count; e++) {
            entries[e] = bytes(random, random.nextInt(10) == 0 ? 0 : 60);
            batch.addEntry(entries[e], 0, entries[e].length);
        }
        batch.endEntries();
        model.entries(group, first, entries);
    }

    static long number(Random random) {
        return random.nextLong() >>> random.nextInt(64);
    }

    /** Few different bytes, so that some of it compresses; never the internal key. */
    static byte[] bytes(Random random, int max) {
        byte[] bytes = new byte[random.nextInt(max + 1)];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (0x61 + random.nextInt(3));
        }
        return bytes;
    }
}
