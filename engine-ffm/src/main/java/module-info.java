/** The embedded storage engine for Multi-Raft logs; only {@code io.raftengine.engine} is API. */
module io.raftengine.engine {
    requires transitive com.google.protobuf;
    requires transitive io.raftengine.recovery;
    requires org.agrona;

    exports io.raftengine.engine;
}
