/** What the command lines share. */
module io.raftengine.tools {
    requires transitive com.fasterxml.jackson.core;
    requires transitive info.picocli;
    requires transitive io.raftengine.engine;
    requires transitive io.raftengine.proto;
    requires org.tomlj;

    exports io.raftengine.tools;

    opens io.raftengine.tools to
            info.picocli;
}
