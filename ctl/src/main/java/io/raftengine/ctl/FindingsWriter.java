package io.raftengine.ctl;

import com.fasterxml.jackson.core.JsonGenerator;
import io.raftengine.ctl.check.CheckSummary;
import io.raftengine.ctl.check.Findings;
import io.raftengine.ctl.check.IndexRanges;
import io.raftengine.error.CorruptionException;
import io.raftengine.error.RaftEngineException;
import io.raftengine.log.segment.ScanAnomaly;
import io.raftengine.log.segment.SegmentFile;
import io.raftengine.tools.JsonLines;
import java.io.IOException;
import java.io.UncheckedIOException;

/** Prints findings, one JSON object per line. */
final class FindingsWriter implements Findings {
    private final JsonGenerator json;

    /** Writes the fields of one line. */
    private interface Line {
        void write() throws IOException;
    }

    /**
     * A writer.
     *
     * @param json where to
     */
    FindingsWriter(JsonGenerator json) {
        this.json = json;
    }

    private void line(Line fields) {
        try {
            json.writeStartObject();
            fields.write();
            json.writeEndObject();
            JsonLines.endLine(json);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void file(SegmentFile file) throws IOException {
        json.writeStringField("file", file.path().getFileName().toString());
    }

    @Override
    public void numbering(ScanAnomaly anomaly) {
        line(() -> {
            json.writeStringField(
                    "numbering", anomaly.kind() == ScanAnomaly.Kind.HOLE ? "hole" : "duplicate");
            json.writeStringField("message", anomaly.message());
            json.writeArrayFieldStart("ignored");
            for (SegmentFile file : anomaly.dropped()) {
                json.writeString(file.path().toString());
            }
            json.writeEndArray();
        });
    }

    @Override
    public void damage(
            SegmentFile file, long from, long to, String what, String expected, String found) {
        line(() -> {
            file(file);
            json.writeNumberField("from", from);
            json.writeNumberField("to", to);
            json.writeStringField("damage", what);
            json.writeStringField("expected", expected);
            json.writeStringField("found", found);
        });
    }

    @Override
    public void tail(SegmentFile file, long end, Tail tail) {
        line(() -> {
            file(file);
            json.writeNumberField("end", end);
            json.writeStringField("tail", tail.text());
        });
    }

    @Override
    public void unreadable(SegmentFile file, RaftEngineException failure) {
        line(() -> {
            file(file);
            json.writeStringField("error", failure.getMessage());
        });
    }

    @Override
    public void hole(SegmentFile file, long offset, long group, long expected, long found) {
        line(() -> {
            file(file);
            json.writeNumberField("offset", offset);
            JsonLines.unsignedField(json, "group", group);
            JsonLines.unsignedField(json, "expected", expected);
            JsonLines.unsignedField(json, "found", found);
        });
    }

    @Override
    public void group(long group, long first, IndexRanges lost) {
        line(() -> {
            JsonLines.unsignedField(json, "group", group);
            if (lost.first(0) == first) {
                json.writeNullField("last_intact");
            } else {
                JsonLines.unsignedField(json, "last_intact", lost.first(0) - 1);
            }
            json.writeArrayFieldStart("lost");
            for (int i = 0; i < lost.size(); i++) {
                json.writeStartArray();
                json.writeNumber(Long.toUnsignedString(lost.first(i)));
                json.writeNumber(Long.toUnsignedString(lost.last(i)));
                json.writeEndArray();
            }
            json.writeEndArray();
        });
    }

    @Override
    public void refused(String where, RaftEngineException failure) {
        line(() -> {
            json.writeStringField("refused", where);
            json.writeStringField("error", failure.getMessage());
            if (failure instanceof CorruptionException damage && damage.offset() >= 0) {
                json.writeStringField("file", damage.file());
                json.writeNumberField("offset", damage.offset());
            }
        });
    }

    /**
     * Prints the last line.
     *
     * @param s what was looked at and found
     * @param deep whether it was a check in depth
     */
    void summary(CheckSummary s, boolean deep) {
        line(() -> {
            json.writeBooleanField("sound", s.sound());
            json.writeBooleanField("deep", deep);
            json.writeNumberField("segments", s.segments());
            json.writeNumberField("bytes", s.bytes());
            json.writeNumberField("batches", s.batches());
            json.writeNumberField("blocks_verified", s.blocks());
            json.writeNumberField("damaged_ranges", s.damagedRanges());
            json.writeNumberField("damaged_bytes", s.damagedBytes());
            json.writeNumberField("damaged_groups", s.damagedGroups());
            json.writeNumberField("holes", s.holes());
            json.writeNumberField("anomalies", s.anomalies());
            json.writeNumberField("unreadable", s.unreadable());
            json.writeNumberField("refused", s.refused());
            if (s.liveEntries() >= 0) {
                json.writeNumberField("live_entries", s.liveEntries());
            }
        });
    }
}
