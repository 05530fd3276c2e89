/** The admin command line, and the entry point of the launcher. */
module io.raftengine.ctl {
    requires io.raftengine.stress;
    requires transitive io.raftengine.tools;

    exports io.raftengine.ctl;
    exports io.raftengine.ctl.check;

    opens io.raftengine.ctl to
            info.picocli;
}
