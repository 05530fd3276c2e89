package io.raftengine.error;

import java.util.Objects;

/**
 * A configuration that cannot be used: an unknown key, a bad value, or two that contradict each
 * other.
 */
public final class ConfigException extends RaftEngineException {
    private static final long serialVersionUID = 1L;

    /** The key at fault, in the spelling of the configuration file. */
    private final String key;

    /**
     * A complaint about one key.
     *
     * @param key the key at fault, as spelt in a configuration file
     * @param message what is wrong, with the value and the limit
     */
    public ConfigException(String key, String message) {
        super(key + ": " + message, null);
        this.key = Objects.requireNonNull(key);
    }

    private ConfigException(ConfigException first) {
        super(first.getMessage(), first);
        this.key = first.key;
    }

    /**
     * The key at fault.
     *
     * @return its spelling in a configuration file
     */
    public String key() {
        return key;
    }

    @Override
    public Advice advice() {
        return Advice.FIX_CALL;
    }

    @Override
    public ConfigException forAnotherCaller() {
        return new ConfigException(this);
    }
}
