package io.raftengine.testing.fs;

import io.raftengine.log.io.FileSystem;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

class LocalFileSystemContractTest extends FileSystemContract {
    @TempDir private Path temp;

    @Override
    FileSystem fileSystem() {
        return FileSystem.local();
    }

    @Override
    Path directory() {
        return temp;
    }

    @Override
    void symbolicLink(Path link, Path target) {
        try {
            Files.createSymbolicLink(link, target);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    void hardLink(Path link, Path existing) {
        try {
            Files.createLink(link, existing);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
