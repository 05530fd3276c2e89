package io.raftengine.ctl;

import io.raftengine.error.UnsupportedFeatureException;
import io.raftengine.tools.ToolCommand;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Unmatched;

/**
 * A command that is planned and answers so: a script that calls it fails in the open instead of
 * passing by.
 */
@Command(description = "Not supported yet.")
final class LaterCommand extends ToolCommand {
    private final String name;

    @Unmatched private List<String> ignored = new ArrayList<>();

    LaterCommand(String name) {
        this.name = name;
    }

    @Override
    public Integer call() {
        throw new UnsupportedFeatureException(name + " is not supported yet");
    }
}
