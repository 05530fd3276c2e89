package io.raftengine.log.io;

/**
 * What the system says about a file at one moment. Immutable. Links are followed: all but {@code
 * kind} and {@code symlink} describe the target, unless the link leads nowhere.
 *
 * @param kind what the name stands for
 * @param sizeBytes length of the file in bytes
 * @param linkCount number of names (hard links) of the file; above 1 its bytes may belong to
 *     somebody's backup
 * @param device identifies the file system; opaque
 * @param inode identifies the file within its file system
 * @param modifiedNanos last change of the content in nanoseconds since 1970; never decides validity
 * @param symlink whether the name itself is a symbolic link; false when asked through an open
 *     handle
 */
public record FileInfo(
        FileKind kind,
        long sizeBytes,
        long linkCount,
        long device,
        long inode,
        long modifiedNanos,
        boolean symlink) {

    /**
     * Whether both describe the same file, by whatever name.
     *
     * @param other what to compare with
     * @return true if device and inode are equal
     */
    public boolean sameFile(FileInfo other) {
        return device == other.device && inode == other.inode;
    }
}
