package io.raftengine.recovery;

import io.raftengine.error.ConfigException;

/** How much damage an open puts up with. The keys are those of the reference's configuration. */
public enum RecoveryMode {
    /** Only a clean torn tail is accepted (decision D2); numbering anomalies are refused too. */
    ABSOLUTE_CONSISTENCY("absolute-consistency"),

    /** The default: a torn tail of the last segment of a queue is cut, anything else is refused. */
    TOLERATE_TAIL_CORRUPTION("tolerate-tail-corruption"),

    /** Every damaged segment is cut at the damage; the bytes cut away as rot are kept aside. */
    TOLERATE_ANY_CORRUPTION("tolerate-any-corruption");

    /** The name the reference printed for the tail mode in its first releases; still accepted. */
    private static final String OLD_TAIL_KEY = "tolerate-corrupted-tail-records";

    private final String key;

    RecoveryMode(String key) {
        this.key = key;
    }

    /**
     * The configuration value of this mode.
     *
     * @return a kebab-case word
     */
    public String key() {
        return key;
    }

    /**
     * Parses a configuration value.
     *
     * @param key a kebab-case word
     * @return the mode
     * @throws ConfigException if no mode has that name
     */
    public static RecoveryMode of(String key) {
        if (key.equals(OLD_TAIL_KEY)) {
            return TOLERATE_TAIL_CORRUPTION;
        }
        for (RecoveryMode mode : values()) {
            if (mode.key.equals(key)) {
                return mode;
            }
        }
        throw new ConfigException("recovery-mode", "unknown recovery mode \"" + key + "\"");
    }
}
