/** Instruments shared by the tests of all modules; not published. */
module io.raftengine.testing {
    requires transitive io.raftengine.log;
    requires transitive io.raftengine.proto;
    requires java.management;
    requires jdk.management;

    exports io.raftengine.testing.campaign;
    exports io.raftengine.testing.errors;
    exports io.raftengine.testing.forge;
    exports io.raftengine.testing.fs;
    exports io.raftengine.testing.model;
}
