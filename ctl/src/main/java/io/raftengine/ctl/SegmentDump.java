package io.raftengine.ctl;

import com.fasterxml.jackson.core.Base64Variants;
import com.fasterxml.jackson.core.JsonGenerator;
import io.raftengine.error.CorruptionException;
import io.raftengine.error.RaftEngineException;
import io.raftengine.log.format.BatchScanner;
import io.raftengine.log.format.BreakKind;
import io.raftengine.log.format.FormatVersion;
import io.raftengine.log.format.ItemReader;
import io.raftengine.log.format.SegmentName;
import io.raftengine.log.io.FileHandle;
import io.raftengine.log.io.FileSystem;
import io.raftengine.tools.JsonLines;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;

/**
 * Prints the operations of one segment in log order. Entries are neither read nor verified, as in
 * the reference.
 */
final class SegmentDump {
    private final FileSystem fs;
    private final BatchScanner scanner;
    private final JsonGenerator json;
    private final Set<Long> groups;
    private byte[] value = new byte[0];

    /** Offset behind the last batch of this segment that was printed. */
    private long dumpedTo;

    /**
     * @param groups ids of the groups to show; empty for all
     */
    SegmentDump(FileSystem fs, BatchScanner scanner, JsonGenerator json, Set<Long> groups) {
        this.fs = fs;
        this.scanner = scanner;
        this.json = json;
        this.groups = groups;
    }

    /**
     * Answers whether the segment is intact; {@code last} is said of the last one of its queue. One
     * that cannot be opened or read to its end is not: a running engine may have purged it since it
     * was listed, or cut it while it was read.
     */
    boolean dump(Path path, SegmentName name, boolean last) throws IOException {
        String file = path.getFileName().toString();
        dumpedTo = 0;
        try (FileHandle handle = fs.open(path, FileSystem.OpenMode.READ)) {
            long bytes = handle.size();
            try {
                scanner.open(handle, file, bytes, name.seq());
            } catch (CorruptionException noHeader) {
                return dumpNoHeader(handle, name, file, last, noHeader);
            }
            return dumpBatches(file, bytes, last);
        } catch (RaftEngineException failed) {
            writeError(file, dumpedTo, failed);
            return false;
        }
    }

    /**
     * A last segment may have been created, and allocated, without being begun (decision D25), and
     * a crash may have cut off its header.
     */
    private boolean dumpNoHeader(
            FileHandle handle,
            SegmentName name,
            String file,
            boolean last,
            CorruptionException noHeader)
            throws IOException {
        long bytes = handle.size();
        if (last && scanner.zerosUntil(0) == bytes) {
            writeTail(file, 0, "zeros");
            return true;
        }
        if (last && bytes < FormatVersion.V1.headerBytes()) {
            scanner.openWithoutHeader(handle, file, bytes, name.seq(), FormatVersion.V2);
            if (scanner.nextWholeBatch(0) < 0) {
                writeTail(file, 0, "torn");
                return true;
            }
        }
        writeError(file, 0, noHeader);
        return false;
    }

    private boolean dumpBatches(String file, long fileBytes, boolean last) throws IOException {
        while (true) {
            switch (scanner.next()) {
                case BatchScanner.BATCH -> {
                    dumpItems(file, scanner.batchOffset());
                    dumpedTo = scanner.position();
                }
                case BatchScanner.END -> {
                    return true;
                }
                default -> {
                    return dumpBreak(file, fileBytes, last);
                }
            }
        }
    }

    private void dumpItems(String file, long offset) throws IOException {
        ItemReader items = scanner.items();
        while (items.next()) {
            if (!groups.isEmpty() && !groups.contains(items.groupId())) {
                continue;
            }
            json.writeStartObject();
            json.writeStringField("file", file);
            json.writeNumberField("offset", offset);
            JsonLines.unsignedField(json, "group", items.groupId());
            writeOperation(items);
            json.writeEndObject();
            JsonLines.endLine(json);
        }
    }

    private void writeOperation(ItemReader items) throws IOException {
        switch (items.kind()) {
            case ItemReader.ENTRIES -> {
                json.writeStringField("op", "entries");
                if (items.count() > 0) {
                    JsonLines.unsignedField(json, "first", items.firstIndex());
                } else {
                    json.writeNullField("first");
                }
                json.writeNumberField("count", items.count());
            }
            case ItemReader.COMPACT -> {
                json.writeStringField("op", "compact");
                JsonLines.unsignedField(json, "index", items.compactIndex());
            }
            case ItemReader.CLEAN -> json.writeStringField("op", "clean");
            case ItemReader.PUT -> {
                json.writeStringField("op", "put");
                writeKey(items);
                int bytes = items.valueLength();
                if (value.length < bytes) {
                    value = new byte[bytes];
                }
                items.copyValue(value, 0);
                json.writeFieldName("value");
                json.writeBinary(Base64Variants.MIME_NO_LINEFEEDS, value, 0, bytes);
            }
            default -> {
                json.writeStringField("op", "delete");
                writeKey(items);
            }
        }
    }

    private void writeKey(ItemReader items) throws IOException {
        json.writeFieldName("key");
        json.writeBinary(
                Base64Variants.MIME_NO_LINEFEEDS,
                items.keyArray(),
                items.keyOffset(),
                items.keyLength());
    }

    /**
     * What lies behind the last whole batch. In the last segment of a queue zeros were preallocated
     * and old content was recycled; both are no damage (decision D25).
     */
    private boolean dumpBreak(String file, long fileBytes, boolean last) throws IOException {
        long end = scanner.breakOffset();
        BreakKind kind = scanner.breakKind();
        CorruptionException reason = scanner.breakReason();
        if (last) {
            if (scanner.zerosUntil(end) == fileBytes) {
                writeTail(file, end, "zeros");
                return true;
            }
            boolean recyclable = scanner.version().signed();
            if (recyclable && !endsInside(kind) && !anythingValidBehind(end)) {
                writeTail(file, end, "stale");
                return true;
            }
        }
        writeError(file, end, reason);
        return false;
    }

    /** A batch cut off by the end of the file was being written; old content goes on. */
    private static boolean endsInside(BreakKind kind) {
        return kind == BreakKind.SHORT_HEADER || kind == BreakKind.BEYOND_FILE;
    }

    private boolean anythingValidBehind(long end) {
        return scanner.findValidBatchAfter(end).firstValidOffset() >= 0;
    }

    private void writeTail(String file, long end, String tail) throws IOException {
        json.writeStartObject();
        json.writeStringField("file", file);
        json.writeNumberField("end", end);
        json.writeStringField("tail", tail);
        json.writeEndObject();
        JsonLines.endLine(json);
    }

    private void writeError(String file, long offset, RaftEngineException reason)
            throws IOException {
        json.writeStartObject();
        json.writeStringField("file", file);
        json.writeNumberField("offset", offset);
        json.writeStringField("error", reason.getMessage());
        json.writeEndObject();
        JsonLines.endLine(json);
    }
}
