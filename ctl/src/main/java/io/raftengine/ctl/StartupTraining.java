package io.raftengine.ctl;

import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Set;

/**
 * What the JVM watches while the launcher records its start-up cache: the common commands once
 * each, on a small directory, so that their classes are found loaded and linked in later runs.
 */
final class StartupTraining {
    private StartupTraining() {}

    /**
     * Runs every command's help.
     *
     * @param commands names of all commands
     * @return 0 always: a failing command is still a recorded one
     */
    static int run(Set<String> commands) {
        PrintStream out = System.out;
        System.setOut(
                new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8));
        try {
            Main.run("--help");
            Main.run("--version");
            for (String command : commands) {
                Main.run(command, "--help");
            }
        } finally {
            System.setOut(out);
        }
        return 0;
    }
}
