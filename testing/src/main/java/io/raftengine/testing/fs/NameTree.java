package io.raftengine.testing.fs;

import io.raftengine.error.StorageException;
import io.raftengine.testing.fs.SimulatedNode.Directory;
import io.raftengine.testing.fs.SimulatedNode.File;
import io.raftengine.testing.fs.SimulatedNode.Link;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * The names of a simulated disk: the tree that programs see, and the changes that are not on the
 * platter yet. Counts the links of files, knows nothing of their content. Guarded by the file
 * system's lock.
 */
final class NameTree {
    private static final int ENOENT = 2;
    private static final int EEXIST = 17;
    private static final int ENOTDIR = 20;
    private static final int LINKS_FOLLOWED_MAX = 8;

    private final Directory root;
    private final List<NameChange> pending = new ArrayList<>();

    NameTree(Directory root) {
        this.root = root;
    }

    Directory root() {
        return root;
    }

    // ---- lookup -------------------------------------------------------------------------------

    /**
     * The node of a path, or null. A link that leads nowhere is null when followed, else itself.
     */
    SimulatedNode find(Path path, boolean follow) {
        Path at = absolute(path);
        for (int links = 0; links <= LINKS_FOLLOWED_MAX; links++) {
            SimulatedNode node = root;
            for (Path part : at) {
                node = node instanceof Directory d ? d.names.get(part.toString()) : null;
            }
            if (!follow || !(node instanceof Link link)) {
                return node;
            }
            at = at.resolveSibling(link.target).normalize();
        }
        return null;
    }

    /** The node of a path, which must be there. */
    SimulatedNode existing(Path path, boolean follow, String operation) {
        SimulatedNode node = find(path, follow);
        if (node == null) {
            throw failure(path, operation, ENOENT, "No such file or directory");
        }
        return node;
    }

    Directory directory(Path path, String operation) {
        return directory(existing(path, true, operation), path, operation);
    }

    /** The directory that a path's last part is or would be in. */
    Directory parent(Path path, String operation) {
        Path parent = absolute(path).getParent();
        SimulatedNode node = parent == null ? null : find(parent, true);
        if (node == null) {
            throw failure(path, operation, ENOENT, "No such file or directory");
        }
        return directory(node, path, operation);
    }

    private static Directory directory(SimulatedNode node, Path path, String operation) {
        if (node instanceof Directory directory) {
            return directory;
        }
        throw failure(path, operation, ENOTDIR, "Not a directory");
    }

    static Path absolute(Path path) {
        return path.toAbsolutePath().normalize();
    }

    private static String name(Path path) {
        return absolute(path).getFileName().toString();
    }

    static StorageException failure(Path path, String operation, int errno, String reason) {
        return new StorageException(path.toString(), operation, errno, reason);
    }

    // ---- changes ------------------------------------------------------------------------------

    /** Gives a node a name that must be free. */
    void add(Path path, SimulatedNode node, String operation) {
        Directory parent = parent(path, operation);
        if (parent.names.putIfAbsent(name(path), node) != null) {
            throw failure(path, operation, EEXIST, "File exists");
        }
        pending.add(NameChange.added(parent, name(path), node));
        countLink(node, 1);
    }

    /** Takes a name away; the node may have others. */
    void remove(Path path, String operation) {
        Directory parent = parent(path, operation);
        SimulatedNode node = parent.names.remove(name(path));
        pending.add(NameChange.removed(parent, name(path), node));
        countLink(node, -1);
    }

    /** Moves a name; returns the node that had the new one, or null. */
    SimulatedNode rename(Path source, Path target) {
        Directory from = parent(source, "rename to " + target);
        Directory to = parent(target, "rename from " + source);
        SimulatedNode node = from.names.remove(name(source));
        SimulatedNode replaced = to.names.put(name(target), node);
        pending.add(NameChange.renamed(from, name(source), to, name(target), node));
        countLink(replaced, -1);
        return replaced;
    }

    private static void countLink(SimulatedNode node, int change) {
        if (node instanceof File file) {
            file.links += change;
        }
    }

    // ---- platter ------------------------------------------------------------------------------

    boolean hasPendingWork() {
        return !pending.isEmpty();
    }

    void sync(Directory directory) {
        pending.removeIf(change -> {
            boolean complete = change.synced(directory);
            if (complete) {
                change.apply(at -> at.platterNames);
            }
            return complete;
        });
    }

    void syncAll() {
        pending.forEach(change -> change.apply(at -> at.platterNames));
        pending.clear();
    }

    /**
     * What a power cut leaves, with nothing pending.
     *
     * @param newFiles is given every file of the result, once
     */
    NameTree crashImage(CrashChoices choices, Consumer<File> newFiles) {
        Map<Directory, Map<String, SimulatedNode>> landedNames = new IdentityHashMap<>();
        int count = pending.size();
        int prefix = count > 0 && choices.namesInOrder() ? choices.prefix(count) : -1;
        for (int i = 0; i < count; i++) {
            if (prefix >= 0 ? i < prefix : choices.lands(i, count)) {
                pending.get(i)
                        .apply(directory ->
                                landedNames.computeIfAbsent(
                                        directory, d -> new TreeMap<>(d.platterNames)));
            }
        }
        return new NameTree(new Copy(choices, landedNames, newFiles).of(root));
    }

    /** Copies every node once, however many names it has. */
    private record Copy(
            CrashChoices choices,
            Map<Directory, Map<String, SimulatedNode>> landedNames,
            Consumer<File> newFiles,
            Map<File, File> files) {

        Copy(
                CrashChoices choices,
                Map<Directory, Map<String, SimulatedNode>> landedNames,
                Consumer<File> newFiles) {
            this(choices, landedNames, newFiles, new IdentityHashMap<>());
        }

        Directory of(Directory directory) {
            Directory copy = new Directory(directory.id, directory.modifiedTick);
            landedNames
                    .getOrDefault(directory, directory.platterNames)
                    .forEach((name, child) -> copy.names.put(name, of(child)));
            copy.platterNames.putAll(copy.names);
            return copy;
        }

        private SimulatedNode of(SimulatedNode node) {
            return switch (node) {
                case Directory directory -> of(directory);
                case File file -> of(file);
                case Link link -> link;
            };
        }

        private File of(File file) {
            File copy = files.get(file);
            if (copy == null) {
                copy = new File(file.id, file.modifiedTick, file.content.crashImage(choices));
                files.put(file, copy);
                newFiles.accept(copy);
            }
            copy.links++;
            return copy;
        }
    }
}
