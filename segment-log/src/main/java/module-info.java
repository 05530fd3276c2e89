/** The log on disk: byte formats, the file system, the segments of one queue. */
module io.raftengine.log {
    requires transitive io.raftengine.allocator;
    requires org.lz4.java;

    exports io.raftengine.log.io;
    exports io.raftengine.log.format;
    exports io.raftengine.log.segment;
}
