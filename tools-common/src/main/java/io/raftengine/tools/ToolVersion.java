package io.raftengine.tools;

import java.lang.module.ModuleDescriptor;
import picocli.CommandLine.IVersionProvider;

/** Answers {@code --version} with the version of the build and of the JVM that runs it. */
public final class ToolVersion implements IVersionProvider {
    /** Called by picocli. */
    public ToolVersion() {}

    @Override
    public String[] getVersion() {
        String build = ToolVersion.class.getPackage().getImplementationVersion();
        if (build == null) {
            // On the module path the manifest is not read into the package; the descriptor knows.
            ModuleDescriptor module = ToolVersion.class.getModule().getDescriptor();
            build = module == null ? "development" : module.rawVersion().orElse("development");
        }
        return new String[] {"raft-engine " + build + " on Java " + Runtime.version()};
    }
}
