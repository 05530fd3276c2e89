/** The load generator. */
module io.raftengine.stress {
    requires transitive io.raftengine.tools;
    requires HdrHistogram;
    requires java.management;
    requires jdk.management;

    exports io.raftengine.stress;

    opens io.raftengine.stress to
            info.picocli;
}
