package io.raftengine.tools;

import io.raftengine.error.ConfigException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.tomlj.Toml;
import org.tomlj.TomlParseResult;
import org.tomlj.TomlPosition;

/** A configuration file: TOML whose keys are those of the engine, all at the top level. */
final class ConfigFile {
    /**
     * One line of the file.
     *
     * @param key the key, maybe unknown to the engine
     * @param value its value as text
     * @param origin file and line, for messages
     */
    record Setting(String key, String value, String origin) {}

    private ConfigFile() {}

    static List<Setting> read(Path file) {
        TomlParseResult toml = parse(file);
        if (toml.hasErrors()) {
            throw new UsageException(
                    toml.errors().stream()
                            .map(error ->
                                    place(file, error.position())
                                            + ", column "
                                            + error.position().column()
                                            + ": "
                                            + error.getMessage())
                            .collect(Collectors.joining("; ")));
        }
        List<Setting> settings = new ArrayList<>();
        for (String key : toml.keySet()) {
            List<String> path = List.of(key);
            String origin = place(file, toml.inputPositionOf(path));
            settings.add(new Setting(key, text(key, toml.get(path), origin), origin));
        }
        return settings;
    }

    private static TomlParseResult parse(Path file) {
        try {
            return Toml.parse(Files.readString(file));
        } catch (NoSuchFileException missing) {
            throw new UsageException(file + ": no such configuration file", missing);
        } catch (IOException unreadable) {
            throw new UsageException(
                    file + ": cannot read the configuration: " + unreadable.getMessage(),
                    unreadable);
        }
    }

    private static String text(String key, Object value, String origin) {
        return switch (value) {
            case String text -> text;
            case Long number -> number.toString();
            case Double number -> number.toString();
            case Boolean truth -> truth.toString();
            default ->
                    throw new ConfigException(
                            key, "neither text nor number nor true or false (" + origin + ")");
        };
    }

    private static String place(Path file, TomlPosition position) {
        return file + ", line " + position.line();
    }
}
