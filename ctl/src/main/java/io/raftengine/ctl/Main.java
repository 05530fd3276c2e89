package io.raftengine.ctl;

import io.raftengine.stress.StressCommand;
import io.raftengine.tools.ToolCommand;
import io.raftengine.tools.ToolRunner;
import io.raftengine.tools.ToolVersion;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;

/**
 * The one entry point of the launcher {@code ./raft-engine <command>}.
 *
 * <p>Only the command that was asked for is loaded and reflected upon: describing all of them to
 * picocli would cost every small command more time than its work.
 */
public final class Main {
    /**
     * A command of the launcher.
     *
     * @param summary one line for the list
     * @param create makes the command; not called for the list
     */
    private record Entry(String summary, Supplier<ToolCommand> create) {}

    /** In the order of the help. */
    private static final Map<String, Entry> COMMANDS = new LinkedHashMap<>();

    static {
        add("stress", "generates load and measures it", StressCommand::new);
        add("dump", "prints every operation in log order", DumpCommand::new);
        add("export", "prints the logical state, changing nothing", ExportCommand::new);
        add("info", "opens, prints figures, closes", InfoCommand::new);
        add("apply", "runs an operation script", ApplyCommand::new);
        add("check", "checks a directory, changing nothing", CheckCommand::new);
        add("fork", "makes a second directory with the same state", ForkCommand::new);
        add("serve", "answers requests, one JSON object per line", ServeCommand::new);
        add("try-purge", "purges once, and names the groups to compact", TryPurgeCommand::new);
        add("repair", "writes a repaired copy", RepairCommand::new);
    }

    private Main() {}

    private static void add(String name, String summary, Supplier<ToolCommand> create) {
        COMMANDS.put(name, new Entry(summary, create));
    }

    /**
     * Runs a command and exits with its status.
     *
     * @param arguments the command's name and what follows it
     */
    public static void main(String[] arguments) {
        int status = 1;
        try {
            status = run(arguments);
        } catch (Throwable failure) {
            System.err.println("error: " + failure);
        } finally {
            // Whatever happened: a thread that is left would keep the process.
            System.exit(status);
        }
    }

    /**
     * Runs a command without leaving the process.
     *
     * @param arguments the command's name and what follows it
     * @return the exit status: 0 success, 1 a finding or failure, 2 bad usage
     */
    public static int run(String... arguments) {
        int status = answer(arguments);
        // Help and versions are printed by means that do not say whether anybody gets them.
        if (status == 0 && System.out.checkError()) {
            System.err.println("error: standard output cannot be written");
            return 1;
        }
        return status;
    }

    private static int answer(String... arguments) {
        if (arguments.length == 0) {
            usage(System.err);
            return 2;
        }
        String name = arguments[0];
        return switch (name) {
            case "-h", "--help", "help" -> {
                usage(System.out);
                yield 0;
            }
            case "-V", "--version" -> {
                System.out.println(new ToolVersion().getVersion()[0]);
                yield 0;
            }
            // Hidden: only the launcher calls it.
            case "startup-training" ->
                    StartupTraining.run(
                            COMMANDS.keySet(), Path.of(arguments.length > 1 ? arguments[1] : "."));
            default -> runCommand(name, Arrays.copyOfRange(arguments, 1, arguments.length));
        };
    }

    private static int runCommand(String name, String[] arguments) {
        Entry entry = COMMANDS.get(name);
        if (entry == null) {
            System.err.println("error: unknown command '" + name + "' (see raft-engine --help)");
            return 2;
        }
        return ToolRunner.run("raft-engine " + name, entry.create().get(), arguments);
    }

    private static void usage(PrintStream out) {
        out.println("Usage: raft-engine <command> [options]");
        out.println();
        out.println("Reads, checks and loads the directories of a Multi-Raft log engine.");
        out.println();
        out.println("Commands:");
        COMMANDS.forEach((name, entry) ->
                out.println(
                        "  "
                                + name
                                + " ".repeat(Math.max(1, 13 - name.length()))
                                + entry.summary()));
        out.println();
        out.println(
                "Each command answers --help. Exit status: 0 success, 1 a finding or a failure, 2 bad usage.");
    }
}
