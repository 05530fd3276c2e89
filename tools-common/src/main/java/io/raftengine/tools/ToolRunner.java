package io.raftengine.tools;

import io.raftengine.error.ConfigException;
import io.raftengine.error.RaftEngineException;
import java.io.PrintWriter;
import picocli.CommandLine;
import picocli.CommandLine.ExitCode;

/**
 * Runs one command and turns whatever happens into an exit status and at most one line on standard
 * error.
 */
public final class ToolRunner {
    private ToolRunner() {}

    /**
     * Parses {@code arguments}, runs {@code command} and reports its failure.
     *
     * @param name the name the user typed, for usage messages
     * @param command the command to fill and run
     * @param arguments what followed the name
     * @return 0 on success, 1 on a finding or failure, 2 on bad usage or configuration
     */
    public static int run(String name, ToolCommand command, String... arguments) {
        CommandLine line = new CommandLine(command);
        line.setCommandName(name);
        line.setExecutionExceptionHandler(
                (failure, failed, parsed) -> report(failure, failed, command.verbose()));
        line.setParameterExceptionHandler((bad, args) -> {
            PrintWriter err = bad.getCommandLine().getErr();
            err.println("error: " + oneLine(bad) + " (see " + name + " --help)");
            return ExitCode.USAGE;
        });
        try {
            return line.execute(arguments);
        } catch (Error failure) {
            // Not caught by the parser: no memory, no thread, a failed assertion.
            return report(failure, line, command.verbose());
        }
    }

    private static int report(Throwable failure, CommandLine line, boolean verbose) {
        PrintWriter err = line.getErr();
        if (verbose) {
            failure.printStackTrace(err);
        } else {
            err.println("error: " + oneLine(failure));
        }
        // D24: a configuration that cannot be used is bad usage, not a finding.
        return failure instanceof ConfigException || failure instanceof UsageException
                ? ExitCode.USAGE
                : ExitCode.SOFTWARE;
    }

    /**
     * The others are defects of ours, or messages like "x" that mean nothing without their class.
     */
    private static boolean isForUsers(Throwable failure) {
        return failure instanceof RaftEngineException
                || failure instanceof UsageException
                || failure instanceof CommandLine.ParameterException;
    }

    private static String oneLine(Throwable failure) {
        String message = failure.getMessage();
        if (message == null || !isForUsers(failure)) {
            message = failure.toString();
        }
        return message.replaceAll("\\s*\\R\\s*", "; ");
    }
}
