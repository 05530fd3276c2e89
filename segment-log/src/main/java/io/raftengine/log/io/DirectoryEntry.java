package io.raftengine.log.io;

import java.nio.file.Path;

/**
 * One name of a directory. Immutable.
 *
 * @param name the last part of the path
 * @param path the directory's path as it was given to {@link FileSystem#list}, with the name
 *     resolved against it
 * @param kind what the name stands for
 */
public record DirectoryEntry(String name, Path path, FileKind kind) {}
