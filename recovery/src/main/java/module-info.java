/** From a directory to a replayed state: scan, parallel replay, decisions about damage. */
module io.raftengine.recovery {
    requires transitive io.raftengine.log;

    exports io.raftengine.recovery;
    exports io.raftengine.recovery.repair;
}
