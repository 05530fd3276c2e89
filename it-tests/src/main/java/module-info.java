/** Black-box tests: they see what a user's module sees. */
open module io.raftengine.it {
    requires jdk.management;
    requires io.raftengine.ctl;
    requires io.raftengine.engine;
    requires io.raftengine.proto;
    requires io.raftengine.stress;
    requires io.raftengine.testing;
    requires io.raftengine.tools;
}
