package io.raftengine.bench;

/** Holds the package open until its first class arrives. */
final class Placeholder {
    private Placeholder() {}
}
