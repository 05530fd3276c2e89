package io.raftengine.testing.forge;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.CRC32C;

/**
 * What a directory holds: names, kinds, sizes, times of change and checksums; the lock file left
 * out, since opening may create it. Two images are equal if nothing was changed in between.
 *
 * @param files a line for each name
 */
public record DirectoryImage(Map<String, String> files) {
    /** Larger files are compared by size and time alone: they are sparse. */
    private static final long CONTENT_BYTES_MAX = 1L << 30;

    /** Looks at a directory and everything below. */
    public static DirectoryImage of(Path directory) {
        Map<String, String> files = new TreeMap<>();
        if (!Files.isDirectory(directory)) {
            return new DirectoryImage(files);
        }
        try (Stream<Path> paths = Files.walk(directory)) {
            paths.filter(path -> !path.getFileName().toString().equals("LOCK"))
                    .filter(path -> !path.equals(directory))
                    .forEach(path -> files.put(path.toString(), describe(path)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new DirectoryImage(files);
    }

    private static String describe(Path path) {
        try {
            BasicFileAttributes a =
                    Files.readAttributes(
                            path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
            if (!a.isRegularFile()) {
                return (a.isDirectory() ? "directory" : a.isSymbolicLink() ? "link" : "other");
            }
            return a.size() + " bytes, " + a.lastModifiedTime() + ", " + content(path, a.size());
        } catch (IOException e) {
            return "unreadable";
        }
    }

    private static String content(Path path, long size) throws IOException {
        if (size > CONTENT_BYTES_MAX) {
            return "not compared";
        }
        CRC32C crc = new CRC32C();
        byte[] piece = new byte[1 << 16];
        try (InputStream in = Files.newInputStream(path)) {
            for (int n = in.read(piece); n > 0; n = in.read(piece)) {
                crc.update(piece, 0, n);
            }
        }
        return Long.toHexString(crc.getValue());
    }
}
