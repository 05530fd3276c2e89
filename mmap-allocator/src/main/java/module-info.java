/** Off-heap memory under one byte budget, and the errors every module throws. */
module io.raftengine.allocator {
    exports io.raftengine.allocator;
    exports io.raftengine.error;
}
