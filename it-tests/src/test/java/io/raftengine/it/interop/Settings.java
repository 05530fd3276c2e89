package io.raftengine.it.interop;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;

/**
 * A configuration for both engines.
 *
 * @param common keys that both know
 * @param ours keys and values for our engine alone: threads, read blocks, checks
 */
record Settings(Map<String, String> common, Map<String, String> ours) {
    private static final int[] TARGET_BYTES = {
        1 << 10, 2 << 10, 4 << 10, 16 << 10, 64 << 10, 1 << 20
    };
    private static final String[] THRESHOLDS = {"0", "1B", "64B", "1KiB", "8KiB"};
    private static final String[] RATIOS = {"0", "0.2", "0.6"};
    private static final String[] READ_BLOCKS = {"512B", "1KiB", "16KiB", "1MiB"};
    private static final String[] PREFILLS = {"auto", "always", "never"};

    /** For a look at a directory that is written by nobody. */
    static final Settings PLAIN = new Settings(Map.of(), Map.of("verify-every-read", "true"));

    static Settings random(Random random) {
        Map<String, String> common = new LinkedHashMap<>();
        int target = TARGET_BYTES[random.nextInt(TARGET_BYTES.length)];
        common.put("target-file-size", target + "B");
        common.put("purge-threshold", (long) target * (4 + random.nextInt(12)) + "B");
        common.put("purge-rewrite-garbage-ratio", RATIOS[random.nextInt(RATIOS.length)]);
        common.put("batch-compression-threshold", THRESHOLDS[random.nextInt(THRESHOLDS.length)]);
        if (random.nextInt(4) == 0) {
            common.put("format-version", "1");
            common.put("enable-log-recycle", "false");
        } else if (random.nextInt(4) == 0) {
            common.put("enable-log-recycle", "false");
        } else if (random.nextInt(5) == 0 && target <= 64 << 10) {
            common.put("prefill-for-recycle", "true");
            common.put("prefill-limit", (long) target * (1 + random.nextInt(3)) + "B");
        }
        Map<String, String> ours = new LinkedHashMap<>();
        ours.put("recovery-threads", String.valueOf(1 + random.nextInt(4)));
        ours.put("recovery-read-block-size", READ_BLOCKS[random.nextInt(READ_BLOCKS.length)]);
        ours.put("verify-every-read", "true");
        ours.put("prefill", PREFILLS[random.nextInt(PREFILLS.length)]);
        return new Settings(common, ours);
    }

    Map<String, String> forOurs() {
        Map<String, String> all = new LinkedHashMap<>(common);
        all.putAll(ours);
        return all;
    }

    /**
     * The real engine loses overwritten tails when several threads recover; one thread tells the
     * truth.
     */
    Map<String, String> forReference() {
        Map<String, String> all = new LinkedHashMap<>(common);
        all.put("recovery-threads", "1");
        return all;
    }
}
