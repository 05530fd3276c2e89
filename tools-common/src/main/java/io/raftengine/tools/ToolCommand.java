package io.raftengine.tools;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * What every command of the launcher has in common: {@code --help}, {@code --verbose}, and an exit
 * status of 0 (success), 1 (a finding or a failed operation) or 2 (bad usage).
 *
 * <p>A command is used once, by one thread.
 */
@Command(
        mixinStandardHelpOptions = true,
        versionProvider = ToolVersion.class,
        sortOptions = false,
        usageHelpAutoWidth = true)
public abstract class ToolCommand implements Callable<Integer> {
    @Option(
            names = "--verbose",
            description = "Show the stack trace of an error instead of one line.")
    private boolean verbose;

    /** For subclasses. */
    protected ToolCommand() {}

    /**
     * Whether the user asked for details.
     *
     * @return true with {@code --verbose}
     */
    public final boolean verbose() {
        return verbose;
    }
}
