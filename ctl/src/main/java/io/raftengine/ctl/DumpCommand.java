package io.raftengine.ctl;

import com.fasterxml.jackson.core.JsonGenerator;
import io.raftengine.allocator.MemoryBudget;
import io.raftengine.error.InvalidArgumentException;
import io.raftengine.log.format.BatchScanner;
import io.raftengine.log.format.QueueKind;
import io.raftengine.log.format.SegmentName;
import io.raftengine.log.io.DirectoryEntry;
import io.raftengine.log.io.FileSystem;
import io.raftengine.tools.JsonLines;
import io.raftengine.tools.StandardOutput;
import io.raftengine.tools.ToolCommand;
import io.raftengine.tools.UsageException;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * {@code dump}: every operation of a segment, or of all segments of a directory. Takes no lock and
 * changes nothing.
 */
@Command(
        description = {
            "Prints every operation of a directory or segment in log order, one JSON object per line.",
            "Takes no lock, changes nothing. Exit status 1 if something is damaged."
        })
final class DumpCommand extends ToolCommand {
    private static final int BUFFER_BYTES = 64 << 10;

    @Option(
            names = "--path",
            paramLabel = "PATH",
            required = true,
            description = "A directory or one segment.")
    private Path path;

    @Option(
            names = "--raft-groups",
            paramLabel = "ID",
            split = ",",
            description = "Only these groups, separated by commas.")
    private List<String> groups = new ArrayList<>();

    private final FileSystem fs;

    private record Segment(Path path, SegmentName name) {}

    DumpCommand() {
        this(FileSystem.local());
    }

    DumpCommand(FileSystem fs) {
        this.fs = fs;
    }

    @Override
    public Integer call() throws IOException {
        Set<Long> wanted = wantedGroups();
        boolean intact = true;
        try (OutputStream out = new BufferedOutputStream(new StandardOutput(), BUFFER_BYTES);
                JsonGenerator json = JsonLines.generator(out);
                BatchScanner scanner =
                        new BatchScanner(
                                MemoryBudget.unlimited(), BatchScanner.WINDOW_BYTES_DEFAULT)) {
            SegmentDump dump = new SegmentDump(fs, scanner, json, wanted);
            List<Segment> segments = segments();
            for (int i = 0; i < segments.size(); i++) {
                Segment segment = segments.get(i);
                boolean last =
                        i + 1 == segments.size()
                                || segments.get(i + 1).name().queue() != segment.name().queue();
                intact &= dump.dump(segment.path(), segment.name(), last);
            }
        }
        return intact ? 0 : 1;
    }

    private Set<Long> wantedGroups() {
        Set<Long> wanted = new HashSet<>();
        for (String group : groups) {
            try {
                wanted.add(Long.parseUnsignedLong(group.strip()));
            } catch (NumberFormatException notANumber) {
                throw new UsageException(
                        "--raft-groups: not a group id: '" + group + "'", notANumber);
            }
        }
        return wanted;
    }

    /** Rewrite queue first, as recovery goes; each queue in ascending order. */
    private List<Segment> segments() {
        if (!Files.exists(path)) {
            throw new InvalidArgumentException(path + ": no such directory or file");
        }
        if (!Files.isDirectory(path)) {
            SegmentName name = SegmentName.parse(path.getFileName().toString());
            if (name == null || name.queue() == null) {
                throw new InvalidArgumentException(path + ": not the name of a segment");
            }
            return List.of(new Segment(path, name));
        }
        List<Segment> segments = new ArrayList<>();
        for (DirectoryEntry entry : fs.list(path)) {
            SegmentName name = SegmentName.parse(entry.name());
            if (name != null && name.queue() != null && Files.isRegularFile(entry.path())) {
                segments.add(new Segment(entry.path(), name));
            }
        }
        Comparator<Segment> byQueue =
                Comparator.comparing(segment -> segment.name().queue() == QueueKind.APPEND);
        Comparator<Segment> byNumber =
                (a, b) -> Long.compareUnsigned(a.name().seq(), b.name().seq());
        segments.sort(byQueue.thenComparing(byNumber));
        return segments;
    }
}
