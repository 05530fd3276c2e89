/** The load generator. */
module io.raftengine.stress {
    requires HdrHistogram;
    requires io.raftengine.tools;
    requires java.management;
    requires jdk.management;

    exports io.raftengine.stress;

    opens io.raftengine.stress to
            info.picocli;
}
