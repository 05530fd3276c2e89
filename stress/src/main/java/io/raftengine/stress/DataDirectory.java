package io.raftengine.stress;

import io.raftengine.tools.UsageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** Empties a data directory, provided an engine wrote all of it: the path may be a mistake. */
final class DataDirectory {
    private static final Set<String> ENDINGS = Set.of(".raftlog", ".rewrite", ".reserved", ".tmp");

    private DataDirectory() {}

    static void empty(Path dir) throws IOException {
        if (!Files.isDirectory(dir)) {
            return;
        }
        List<Path> files;
        try (Stream<Path> listing = Files.list(dir)) {
            files = listing.toList();
        }
        for (Path file : files) {
            if (!isEngineFile(file)) {
                throw new UsageException(
                        "refusing to empty the directory: " + file + " is no engine's file");
            }
        }
        for (Path file : files) {
            Files.delete(file);
        }
    }

    private static boolean isEngineFile(Path file) {
        String name = file.getFileName().toString();
        return !Files.isDirectory(file)
                && (name.equals("LOCK") || ENDINGS.stream().anyMatch(name::endsWith));
    }
}
