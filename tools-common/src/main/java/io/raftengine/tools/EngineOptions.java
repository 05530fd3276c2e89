package io.raftengine.tools;

import io.raftengine.engine.ConfigKey;
import io.raftengine.engine.EngineConfig;
import io.raftengine.error.ConfigException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Option;

/**
 * The options of every command that opens an engine. Later ones win: defaults of the command, the
 * file, the command's own options, {@code --set}. An error names the key and where its value came
 * from (decision D24).
 */
public final class EngineOptions {
    @Option(
            names = "--config",
            paramLabel = "FILE",
            description = "TOML file with the engine's keys.")
    private Path file;

    @Option(
            names = "--set",
            paramLabel = "KEY=VALUE",
            description = "One key of the engine; repeatable, wins over the file.")
    private List<String> settings = new ArrayList<>();

    /** Filled by picocli. */
    public EngineOptions() {}

    /**
     * The configuration for a directory.
     *
     * @param dir the directory; wins over a {@code dir} in the file
     * @return a checked configuration
     * @throws ConfigException an unknown key, a value that cannot be read, or values that
     *     contradict each other
     * @throws UsageException the file cannot be read or is no TOML
     */
    public EngineConfig config(Path dir) {
        return config(dir, Map.of(), Map.of());
    }

    /**
     * The configuration for a directory, for commands with defaults and options of their own.
     *
     * @param dir the directory
     * @param defaults values by key where they differ from the engine's
     * @param options values by key that the command's own options ask for
     * @return a checked configuration
     * @throws ConfigException as in {@link #config(Path)}
     * @throws UsageException as in {@link #config(Path)}
     */
    public EngineConfig config(
            Path dir, Map<String, String> defaults, Map<String, String> options) {
        if (dir.toString().isEmpty()) {
            throw new ConfigException("dir", "is missing");
        }
        EngineConfig.Builder builder = EngineConfig.builder(dir);
        Map<String, String> origins = new HashMap<>();
        defaults.forEach((key, value) -> set(builder, origins, key, value, "default"));
        if (file != null) {
            ConfigFile.read(file)
                    .forEach(s -> set(builder, origins, s.key(), s.value(), s.origin()));
        }
        options.forEach((key, value) -> set(builder, origins, key, value, "option"));
        pairs().forEach((key, value) -> set(builder, origins, key, value, "--set"));
        builder.dir(dir);
        try {
            return builder.build();
        } catch (ConfigException contradiction) {
            throw located(contradiction, origins.get(contradiction.key()));
        }
    }

    private Map<String, String> pairs() {
        Map<String, String> pairs = new LinkedHashMap<>();
        for (String setting : settings) {
            int equals = setting.indexOf('=');
            if (equals < 0) {
                throw new UsageException("--set " + setting + ": expected key=value");
            }
            String key = setting.substring(0, equals).strip();
            if (key.equals(ConfigKey.DIR.spelling())) {
                throw new UsageException("--set " + setting + ": --path names the directory");
            }
            pairs.put(key, setting.substring(equals + 1));
        }
        return pairs;
    }

    private static void set(
            EngineConfig.Builder builder,
            Map<String, String> origins,
            String key,
            String value,
            String origin) {
        origins.put(key, origin);
        try {
            builder.set(key, value);
        } catch (ConfigException refused) {
            throw located(refused, origin);
        }
    }

    /** The same error with the place in its message; programs still find the key in it. */
    private static ConfigException located(ConfigException refused, String origin) {
        String prefix = refused.key() + ": ";
        String message = refused.getMessage();
        String bare = message.startsWith(prefix) ? message.substring(prefix.length()) : message;
        ConfigException located =
                new ConfigException(
                        refused.key(), origin == null ? bare : bare + " (" + origin + ")");
        located.addSuppressed(refused);
        return located;
    }
}
