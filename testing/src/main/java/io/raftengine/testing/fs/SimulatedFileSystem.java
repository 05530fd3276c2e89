package io.raftengine.testing.fs;

import io.raftengine.error.LockedException;
import io.raftengine.error.OutOfSpaceException;
import io.raftengine.error.StorageException;
import io.raftengine.log.io.DirectoryEntry;
import io.raftengine.log.io.DirectoryHandle;
import io.raftengine.log.io.DirectoryLock;
import io.raftengine.log.io.FileHandle;
import io.raftengine.log.io.FileInfo;
import io.raftengine.log.io.FileKind;
import io.raftengine.log.io.FileSystem;
import io.raftengine.log.io.LockMode;
import io.raftengine.testing.fs.SimulatedNode.Directory;
import io.raftengine.testing.fs.SimulatedNode.File;
import io.raftengine.testing.fs.SimulatedNode.Link;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * A disk in memory that tells what has been written from what has been synced.
 *
 * <p>Running programs see the <em>cache</em>; a power cut leaves the <em>platter</em> and any part
 * of what is pending: single sectors of {@value #SECTOR_BYTES} bytes in any of the states they went
 * through, changes of file sizes in their order (a file may have grown before its data), changes of
 * names until their directory is synced. {@link #crashImage} builds such a disk without disturbing
 * this one, in time proportional to what is pending; {@link #powerCut} turns this disk into one;
 * {@link #killProcess} ends the program but keeps the cache.
 *
 * <p>All errors a test does not order come from the rules: names, kinds, space ({@link
 * #setCapacity}), locks. Errors on order come from {@link #failNextSync} here and from {@link
 * FaultyFileSystem}. Symbolic links are followed as the last part of a path only. Nothing depends
 * on the time of day; file times are a count of changes.
 *
 * <p>Safe for all threads: one lock guards the whole disk.
 */
public final class SimulatedFileSystem implements FileSystem {
    /** What the disk writes as a whole or not at all. */
    public static final int SECTOR_BYTES = PagedBytes.SECTOR_BYTES;

    private static final int EIO = 5;
    private static final int ENOTDIR = 20;
    private static final int EISDIR = 21;
    private static final int EEXIST = 17;
    private static final int EINVAL = 22;
    private static final int ENOTEMPTY = 39;
    private static final int ELOOP = 40;
    private static final int EXCLUSIVE_OWNER = -1;

    private final long seed;

    // Everything below is guarded by this object's monitor.
    private final SplittableRandom random;
    private final Map<File, Integer> lockOwners = new IdentityHashMap<>();
    private final List<File> files = new ArrayList<>();
    private final Map<File, SyncFailure> orderedFailures = new IdentityHashMap<>();
    private NameTree names;
    private long ticks;
    private long lastId;
    private long capacityBytes = Long.MAX_VALUE;
    private boolean shortTransfers;
    private boolean reflinks;

    /** Lives of programs so far. Handles and locks of former lives are dead. */
    private int life;

    /**
     * An empty disk with nothing but a root directory.
     *
     * @param seed decides everything that is drawn: what a failed sync leaves, how short a short
     *     transfer is
     */
    public SimulatedFileSystem(long seed) {
        this.seed = seed;
        random = new SplittableRandom(seed);
        names = new NameTree(new Directory(++lastId, 0));
    }

    // ---- crashes ------------------------------------------------------------------------------

    /**
     * What a power cut at this moment would leave, one of the possibilities. This disk is not
     * changed.
     *
     * @param seed which possibility
     * @return another disk, with nothing pending
     */
    public SimulatedFileSystem crashImage(long seed) {
        return crashImage(new SeededChoices(seed), seed);
    }

    /**
     * What a power cut at this moment would leave, one of the possibilities. This disk is not
     * changed.
     *
     * @param choices which possibility
     * @return another disk, with nothing pending and this disk's seed
     */
    public SimulatedFileSystem crashImage(CrashChoices choices) {
        return crashImage(choices, seed);
    }

    private synchronized SimulatedFileSystem crashImage(CrashChoices choices, long imageSeed) {
        SimulatedFileSystem image = new SimulatedFileSystem(imageSeed);
        image.ticks = ticks;
        image.lastId = lastId;
        image.capacityBytes = capacityBytes;
        image.shortTransfers = shortTransfers;
        image.reflinks = reflinks;
        image.names = names.crashImage(choices, image.files::add);
        return image;
    }

    /**
     * Cuts the power and starts the machine again: this disk becomes what {@link #crashImage} would
     * have given. All handles and locks die.
     *
     * @param seed which of the possibilities
     */
    public synchronized void powerCut(long seed) {
        SimulatedFileSystem image = crashImage(seed);
        names = image.names;
        files.clear();
        files.addAll(image.files);
        killProcess();
    }

    /**
     * Ends the program as {@code kill -9} does: all handles and locks die, what was written stays
     * in the cache.
     */
    public synchronized void killProcess() {
        life++;
        lockOwners.clear();
        files.forEach(file -> file.handles = 0);
        files.removeIf(file -> file.links == 0);
    }

    /** Everything pending reaches the platter, names too: a calm state for a test to start from. */
    public synchronized void settle() {
        files.forEach(file -> file.content.sync());
        names.syncAll();
    }

    /**
     * Whether a power cut now would leave more than one possibility.
     *
     * @return true if something was not synced
     */
    public synchronized boolean hasPendingWork() {
        return names.hasPendingWork()
                || files.stream().anyMatch(file -> file.content.hasPendingWork());
    }

    /**
     * A hash of all names, sizes and bytes that programs see; equal disks have equal ones. For
     * counting how many different images a test has met.
     *
     * @return 64 well-mixed bits
     */
    public synchronized long fingerprint() {
        return Fingerprint.of(names.root());
    }

    // ---- orders of a test ---------------------------------------------------------------------

    /**
     * Limits the space; what is there already stays.
     *
     * @param bytes capacity in bytes; files take whole pages of 4,096 bytes
     */
    public synchronized void setCapacity(long bytes) {
        capacityBytes = bytes;
    }

    /**
     * Lets every read and write of two bytes and more transfer a drawn number of them, at least
     * one.
     *
     * @param on whether
     */
    public synchronized void setShortTransfers(boolean on) {
        shortTransfers = on;
    }

    /**
     * Whether this disk can share the blocks of files, see {@link #cloneFile}. It cannot unless
     * told so, as most cannot.
     *
     * @param on whether
     */
    public synchronized void setReflinks(boolean on) {
        reflinks = on;
    }

    /**
     * Lets the next sync of a file fail, as a full or broken disk does.
     *
     * @param path the file
     * @param failure in which way
     */
    public synchronized void failNextSync(Path path, SyncFailure failure) {
        orderedFailures.put(existingFile(path, "order a failure"), failure);
    }

    /**
     * Lets the system's own write-back of a file fail in the background: a part of what is pending
     * is lost, and the next sync of every open description reports it, once.
     *
     * @param path the file
     */
    public synchronized void failWriteback(Path path) {
        existingFile(path, "order a failure").content.failSync(false, random);
    }

    /**
     * Damages a file at rest: overwrites bytes in the cache and on the platter, unnoticed by
     * anybody.
     *
     * @param path the file
     * @param offset of the first byte
     * @param bytes what is there from now on; must lie within the file
     */
    public synchronized void overwrite(Path path, long offset, byte[] bytes) {
        FileContent content = existingFile(path, "overwrite").content;
        if (offset < 0 || offset + bytes.length > content.size()) {
            throw new IllegalArgumentException(
                    path + " has " + content.size() + " bytes, none at " + offset);
        }
        content.damage(offset, bytes);
    }

    /**
     * Flips one bit of a file at rest.
     *
     * @param path the file
     * @param offset of the byte
     * @param bit 0 to 7
     */
    public synchronized void flipBit(Path path, long offset, int bit) {
        byte[] one = new byte[1];
        existingFile(path, "flip a bit").content.cache().read(offset, one, 0, 1);
        one[0] ^= (byte) (1 << bit);
        overwrite(path, offset, one);
    }

    /**
     * All bytes of a file.
     *
     * @param path the file
     * @return what programs see
     */
    public synchronized byte[] contents(Path path) {
        return bytes(existingFile(path, "read").content.cache());
    }

    /**
     * All bytes of a file that are safe.
     *
     * @param path the file
     * @return what a power cut leaves if nothing pending lands
     */
    public synchronized byte[] platterContents(Path path) {
        return bytes(existingFile(path, "read").content.platter());
    }

    private static byte[] bytes(PagedBytes pages) {
        byte[] bytes = new byte[Math.toIntExact(pages.size())];
        pages.read(0, bytes, 0, bytes.length);
        return bytes;
    }

    /**
     * Creates a directory and its parents where missing, safely on the platter at once.
     *
     * @param dir its path
     * @return {@code dir}
     */
    public synchronized Path createDirectories(Path dir) {
        Path path = NameTree.absolute(dir).getRoot();
        Directory at = names.root();
        for (Path part : NameTree.absolute(dir)) {
            path = path.resolve(part);
            if (names.find(path, true) == null) {
                Directory created = new Directory(++lastId, ++ticks);
                at.names.put(part.toString(), created);
                at.platterNames.put(part.toString(), created);
            }
            at = names.directory(path, "create directories");
        }
        return dir;
    }

    /**
     * Creates a symbolic link.
     *
     * @param link its path
     * @param target where it leads, relative to its directory or absolute; need not exist
     */
    public synchronized void createSymbolicLink(Path link, Path target) {
        names.add(link, new Link(++lastId, ++ticks, target.toString()), "link");
    }

    /**
     * Gives a file one more name.
     *
     * @param link the new path
     * @param existing a path of the file
     */
    public synchronized void createHardLink(Path link, Path existing) {
        names.add(link, existingFile(existing, "link"), "link");
    }

    // ---- the file system ----------------------------------------------------------------------

    @Override
    public synchronized FileHandle open(Path path, OpenMode mode) {
        if (mode == OpenMode.CREATE && names.find(path, false) == null) {
            File created = newFile();
            try {
                names.add(path, created, "open");
            } finally {
                forgetIfGone(created);
            }
        }
        switch (names.existing(path, mode == OpenMode.READ, "open")) {
            case Directory d -> throw NameTree.failure(path, "open", EISDIR, "is a directory");
            case Link l -> throw NameTree.failure(path, "open", ELOOP, "is a symbolic link");
            case File file -> {
                file.handles++;
                return new SimulatedHandle(this, file, path, mode, life);
            }
        }
    }

    private File newFile() {
        File file = new File(++lastId, ++ticks, new FileContent());
        files.add(file);
        return file;
    }

    @Override
    public synchronized void createDirectory(Path dir) {
        names.add(dir, new Directory(++lastId, ++ticks), "create directory");
    }

    @Override
    public synchronized List<DirectoryEntry> list(Path dir) {
        List<DirectoryEntry> entries = new ArrayList<>();
        for (String name : names.directory(dir, "list").names.keySet()) {
            Path path = dir.resolve(name);
            entries.add(new DirectoryEntry(name, path, info(path).kind()));
        }
        return entries;
    }

    @Override
    public synchronized FileInfo info(Path path) {
        SimulatedNode node = names.find(path, false);
        if (node == null) {
            return null;
        }
        if (node instanceof Link link) {
            SimulatedNode target = names.find(path, true);
            return target == null || target instanceof Link
                    ? info(link, FileKind.OTHER, true)
                    : info(target, kind(target, true), true);
        }
        return info(node, kind(node, false), false);
    }

    private static FileKind kind(SimulatedNode node, boolean symlink) {
        return node instanceof Directory
                ? FileKind.DIRECTORY
                : symlink ? FileKind.SYMLINK_TO_FILE : FileKind.FILE;
    }

    private static FileInfo info(SimulatedNode node, FileKind kind, boolean symlink) {
        long size = node instanceof File file ? file.content.size() : 0;
        long links = node instanceof File file ? file.links : 1;
        return new FileInfo(kind, size, links, 1, node.id, node.modifiedTick, symlink);
    }

    @Override
    public synchronized void delete(Path path) {
        SimulatedNode node = names.existing(path, false, "delete");
        if (node instanceof Directory) {
            throw NameTree.failure(path, "delete", EISDIR, "Is a directory");
        }
        names.remove(path, "delete");
        forgetIfGone(node);
    }

    @Override
    public synchronized void rename(Path source, Path target) {
        SimulatedNode node = names.existing(source, false, "rename to " + target);
        SimulatedNode replaced = names.find(target, false);
        if (replaced == node) {
            return;
        }
        if (node instanceof Directory) {
            checkReplaceable(replaced, source, target);
        } else if (replaced instanceof Directory) {
            throw NameTree.failure(target, "rename from " + source, EISDIR, "Is a directory");
        }
        forgetIfGone(names.rename(source, target));
    }

    /** What a directory takes the name of must be an empty directory. */
    private static void checkReplaceable(SimulatedNode replaced, Path source, Path target) {
        if (replaced == null) {
            return;
        }
        if (!(replaced instanceof Directory directory)) {
            throw NameTree.failure(target, "rename from " + source, ENOTDIR, "Not a directory");
        }
        if (!directory.names.isEmpty()) {
            throw notEmpty(target, "rename from " + source);
        }
    }

    private static StorageException notEmpty(Path dir, String operation) {
        return NameTree.failure(dir, operation, ENOTEMPTY, "Directory not empty");
    }

    @Override
    public synchronized boolean cloneFile(Path source, Path target) {
        File original = existingFile(source, "clone to " + target);
        if (names.find(target, false) != null) {
            throw NameTree.failure(target, "create", EEXIST, "File exists");
        }
        if (!reflinks) {
            return false;
        }
        File created = newFile();
        names.add(target, created, "clone");
        created.content.cloneOf(original.content, ++ticks);
        return true;
    }

    @Override
    public synchronized boolean link(Path existing, Path link) {
        if (!(names.existing(existing, false, "link as " + link) instanceof File file)) {
            throw NameTree.failure(existing, "link as " + link, EISDIR, "is not a regular file");
        }
        names.add(link, file, "link");
        return true;
    }

    @Override
    public synchronized void deleteDirectory(Path dir) {
        if (!(names.existing(dir, false, "delete directory") instanceof Directory directory)) {
            throw NameTree.failure(dir, "delete directory", ENOTDIR, "Not a directory");
        }
        if (!directory.names.isEmpty()) {
            throw notEmpty(dir, "delete directory");
        }
        names.remove(dir, "delete directory");
    }

    @Override
    public synchronized DirectoryHandle openDirectory(Path dir) {
        Directory directory = names.directory(dir, "open directory");
        return new SimulatedDirectoryHandle(this, dir, directory, life);
    }

    @Override
    public synchronized long availableBytes(Path dir) {
        names.existing(dir, true, "statfs");
        return freeBytes();
    }

    @Override
    public synchronized DirectoryLock lock(Path dir, LockMode mode) {
        Path path = dir.resolve(LOCK_NAME);
        SimulatedNode node = names.find(path, false);
        if (node == null && mode == LockMode.SHARED) {
            names.directory(dir, "lock");
            return new SimulatedLock(this, dir, mode, null, life);
        }
        // Opening it checks the kind and creates it; the lock itself keeps the node alive.
        open(path, mode == LockMode.EXCLUSIVE ? OpenMode.CREATE : OpenMode.WRITE).close();
        File file = (File) names.find(path, false);
        int owners = lockOwners.getOrDefault(file, 0);
        if (owners == EXCLUSIVE_OWNER || mode == LockMode.EXCLUSIVE && owners > 0) {
            throw new LockedException(dir.toString(), "another instance holds the lock");
        }
        lockOwners.put(file, mode == LockMode.EXCLUSIVE ? EXCLUSIVE_OWNER : owners + 1);
        return new SimulatedLock(this, dir, mode, file, life);
    }

    // ---- for handles and locks ----------------------------------------------------------------

    /** Whether objects of a former life are asked; they belong to a program that no longer runs. */
    boolean dead(int lifeOfObject) {
        return life != lifeOfObject;
    }

    void syncNames(Directory directory) {
        names.sync(directory);
    }

    void unlock(File file, int lifeOfLock) {
        if (dead(lifeOfLock)) {
            return;
        }
        int owners = lockOwners.get(file);
        if (owners > 1) {
            lockOwners.put(file, owners - 1);
        } else {
            lockOwners.remove(file);
        }
    }

    boolean isNameOf(Path path, File file) {
        return names.find(path, false) == file;
    }

    void closed(File file) {
        file.handles--;
        forgetIfGone(file);
    }

    long tick() {
        return ++ticks;
    }

    /** How much of a transfer takes place. */
    int transfer(long length) {
        int most = (int) Math.min(length, Integer.MAX_VALUE - 4096);
        return shortTransfers && most > 1 ? 1 + random.nextInt(most) : most;
    }

    /** How many of the bytes fit on the disk, as a beginning of them. */
    int fitting(File file, long offset, int length) {
        if (capacityBytes == Long.MAX_VALUE) {
            return length;
        }
        long free = freeBytes();
        PagedBytes cache = file.content.cache();
        long at = offset;
        while (at < offset + length) {
            if (!cache.present(PagedBytes.pageIndex(at))) {
                free -= PagedBytes.PAGE_BYTES;
                if (free < 0) {
                    break;
                }
            }
            at = (at / PagedBytes.PAGE_BYTES + 1) * PagedBytes.PAGE_BYTES;
        }
        return (int) (Math.min(at, offset + length) - offset);
    }

    void sync(File file, SimulatedHandle handle) {
        SyncFailure ordered = orderedFailures.remove(file);
        if (ordered != null) {
            file.content.failSync(ordered == SyncFailure.CACHE_REVERTS, random);
        } else {
            file.content.sync();
        }
        if (ordered != SyncFailure.REPORTED_ONE_CALL_LATE
                && handle.errorsSeen != file.content.errors) {
            handle.errorsSeen = file.content.errors;
            throw NameTree.failure(handle.path(), "sync", EIO, "Input/output error");
        }
    }

    static OutOfSpaceException noSpace(Path path, String operation) {
        return new OutOfSpaceException(
                path.toString(), operation + ": No space left on device (errno 28)");
    }

    FileInfo info(File file) {
        return info(file, FileKind.FILE, false);
    }

    // ---- space ----------------------------------------------------------------------

    private long freeBytes() {
        if (capacityBytes == Long.MAX_VALUE) {
            return capacityBytes;
        }
        long used = 0;
        for (File file : files) {
            used += file.content.cache().spaceBytes();
        }
        return Math.max(0, capacityBytes - used);
    }

    private void forgetIfGone(SimulatedNode node) {
        if (node instanceof File file && file.links == 0 && file.handles == 0) {
            files.remove(file);
        }
    }

    private File existingFile(Path path, String operation) {
        if (names.existing(path, true, operation) instanceof File file) {
            return file;
        }
        throw NameTree.failure(path, operation, EINVAL, "is not a regular file");
    }
}
