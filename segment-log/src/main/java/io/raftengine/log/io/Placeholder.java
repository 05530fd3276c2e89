package io.raftengine.log.io;

/** Holds the package open until its first class arrives. */
final class Placeholder {
    private Placeholder() {}
}
