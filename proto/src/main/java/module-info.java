/**
 * The entry message that tools, tests and benchmarks use; the engine itself stores opaque bytes.
 */
module io.raftengine.proto {
    requires transitive com.google.protobuf;

    exports io.raftengine.proto;
    exports io.raftengine.proto.eraftpb;
}
