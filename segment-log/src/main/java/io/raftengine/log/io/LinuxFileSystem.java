package io.raftengine.log.io;

import io.raftengine.error.UnsupportedFeatureException;

/** Files by system calls of Linux. */
final class LinuxFileSystem {
    private LinuxFileSystem() {}

    static FileSystem shared() {
        throw new UnsupportedFeatureException("no file system yet");
    }

    static FileSystem create(FileSystem.NetworkFileSystems network) {
        return shared();
    }
}
