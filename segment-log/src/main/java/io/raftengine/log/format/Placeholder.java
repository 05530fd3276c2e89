package io.raftengine.log.format;

/** Holds the package open until its first class arrives. */
final class Placeholder {
    private Placeholder() {}
}
