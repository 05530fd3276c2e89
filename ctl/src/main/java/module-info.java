/** The admin command line, and the entry point of the launcher. */
module io.raftengine.ctl {
    requires io.raftengine.stress;
    requires io.raftengine.tools;

    exports io.raftengine.ctl;

    opens io.raftengine.ctl to
            info.picocli;
}
