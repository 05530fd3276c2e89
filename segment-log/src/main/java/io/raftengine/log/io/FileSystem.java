package io.raftengine.log.io;

import java.nio.file.Path;
import java.util.List;

/**
 * Where files live: the real file system, or one of a test. Safe for all threads.
 *
 * <p>All methods throw {@link io.raftengine.error.StorageException} for what the system refuses
 * (with file, operation and error number) and {@link io.raftengine.error.OutOfSpaceException} where
 * it is full.
 */
public interface FileSystem {
    /** Name of the lock file in every directory of an engine, ours and the reference's. */
    String LOCK_NAME = "LOCK";

    /**
     * How a file is opened. None truncates; in none does the process hand the descriptor to its
     * children.
     */
    enum OpenMode {
        /** An existing regular file, read only. Symbolic links are followed. */
        READ,
        /** An existing regular file, for reading and writing. Refuses a symbolic link. */
        WRITE,
        /**
         * As {@link #WRITE}, but a missing file is created, with permissions 0600 under any umask.
         */
        CREATE,
        /**
         * As {@link #WRITE}, but what is written goes past the page cache. Addresses, lengths and
         * offsets are multiples of a block, which is 4,096 bytes at most as a rule; a write that is
         * not is refused with EINVAL, and so is the opening where a file system has no such way.
         */
        DIRECT
    }

    /** What to do about directories on file systems whose locks or syncs cannot be trusted. */
    enum NetworkFileSystems {
        /** {@link FileSystem#lock} refuses them. */
        REFUSE,
        /** They are used like any other; exclusion and durability are then the user's concern. */
        ALLOW
    }

    /**
     * The file system of this machine. Directories on network file systems (NFS, SMB, 9p, FUSE,
     * ...) are refused by {@link #lock} unless the system property {@code
     * raftengine.allowNetworkFileSystem} is {@code true}.
     *
     * @return one shared instance
     * @throws io.raftengine.error.UnsupportedFeatureException on anything but Linux on x86-64 or
     *     aarch64, or without native access
     */
    static FileSystem local() {
        return LinuxFileSystem.shared();
    }

    /**
     * The file system of this machine.
     *
     * @param network what {@link #lock} does about network file systems
     * @return a file system; instances of one process exclude each other
     * @throws io.raftengine.error.UnsupportedFeatureException on anything but Linux on x86-64 or
     *     aarch64, or without native access
     */
    static FileSystem local(NetworkFileSystems network) {
        return LinuxFileSystem.create(network);
    }

    /**
     * Opens a regular file. Anything else (a directory, a pipe, a device) is refused without
     * waiting for a peer.
     *
     * @param file its path
     * @param mode for what, and whether it may be created
     * @return an open handle
     */
    FileHandle open(Path file, OpenMode mode);

    /**
     * Creates a directory, with permissions 0700 under any umask. Durable once its parent was
     * synced.
     *
     * @param dir its path; the parent exists, it does not
     */
    void createDirectory(Path dir);

    /**
     * The names of a directory, in no particular order, without {@code .} and {@code ..}. Names
     * that are not text in the platform's encoding are left out (no file of ours has one), and so
     * are those that vanish meanwhile.
     *
     * @param dir its path
     * @return a list of the caller's own
     */
    List<DirectoryEntry> list(Path dir);

    /**
     * What a name stands for.
     *
     * @param path a path
     * @return what is there, or null if nothing is
     */
    FileInfo info(Path path);

    /**
     * Removes a name of a file; a symbolic link is removed, not its target. Durable once its
     * directory was synced.
     *
     * @param file its path; a directory is refused
     */
    void delete(Path file);

    /**
     * Gives a file another name, replacing a file that has it, atomically for all who look. Durable
     * once the directories of both names were synced. A directory can be renamed as well; what it
     * replaces must be an empty directory.
     *
     * @param source the present path
     * @param target the new path, in the same file system
     */
    void rename(Path source, Path target);

    /**
     * Makes a file that has all bytes of another one and shares its blocks on disk until one of
     * both is written, at once whatever the length. Durable once the new file and its directory
     * were synced.
     *
     * @param source a regular file; symbolic links are followed
     * @param target path of the new file, which gets permissions 0600; must not exist
     * @return false where the file system cannot do that; then there is no new file
     */
    boolean cloneFile(Path source, Path target);

    /**
     * Gives a file one more name. Who writes through one of them changes what the other shows.
     * Durable once the directory of the new name was synced.
     *
     * @param existing a regular file, no symbolic link
     * @param link the further path; must not exist
     * @return false where the file system cannot do that: it is another one than that of {@code
     *     existing}, or knows no such links, or not as many
     */
    boolean link(Path existing, Path link);

    /**
     * Removes an empty directory. Durable once its parent was synced.
     *
     * @param dir its path
     */
    void deleteDirectory(Path dir);

    /**
     * Opens a directory so that its names can be made durable. Without that a power cut can lose a
     * file whose content was synced. An error here, for lack of descriptors say, proves nothing
     * about the names: nothing was tried yet.
     *
     * @param dir its path; symbolic links are followed
     * @return an open handle
     */
    DirectoryHandle openDirectory(Path dir);

    /**
     * Opens a directory, syncs and closes it. For whom it makes no difference which of these
     * failed; after an error a second call may prove nothing.
     *
     * @param dir its path
     */
    default void syncDirectory(Path dir) {
        try (DirectoryHandle handle = openDirectory(dir)) {
            handle.sync();
        }
    }

    /**
     * Space left for this user.
     *
     * @param dir a directory of the file system in question
     * @return bytes
     */
    long availableBytes(Path dir);

    /**
     * Takes the lock of a directory, at once or not at all: a {@code flock} on the file {@value
     * #LOCK_NAME} in it (which the reference engine takes too), and a mark in this process. {@link
     * LockMode#EXCLUSIVE} creates the file if need be, with permissions 0600; neither mode
     * truncates it or follows a symbolic link. The lock belongs to the returned object, not to the
     * process: opening and closing the file elsewhere does not drop it.
     *
     * @param dir its path
     * @param mode exclusive to write; shared to read, which locks nothing where no lock file exists
     * @return the lock, see {@link DirectoryLock#held}
     * @throws io.raftengine.error.LockedException if somebody else holds it in a way that excludes
     *     {@code mode}
     * @throws io.raftengine.error.UnsupportedFeatureException on a network file system
     */
    DirectoryLock lock(Path dir, LockMode mode);
}
