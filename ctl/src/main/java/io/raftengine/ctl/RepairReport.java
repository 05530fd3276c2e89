package io.raftengine.ctl;

import com.fasterxml.jackson.core.JsonGenerator;
import io.raftengine.log.segment.ScanAnomaly;
import io.raftengine.log.segment.SegmentFile;
import io.raftengine.recovery.DroppedRange;
import io.raftengine.recovery.RecoveryReport;
import io.raftengine.recovery.UnfinishedGroup;
import io.raftengine.recovery.repair.GroupChange;
import io.raftengine.recovery.repair.RepairPlan;
import io.raftengine.recovery.repair.RepairResult;
import io.raftengine.recovery.repair.Undecided;
import io.raftengine.tools.JsonLines;
import java.io.IOException;
import java.util.Locale;

/**
 * What a repair does, one JSON object per line; the field {@code text} of each says it to a person.
 */
final class RepairReport {
    private final JsonGenerator json;

    RepairReport(JsonGenerator json) {
        this.json = json;
    }

    void plan(RepairPlan plan) throws IOException {
        RecoveryReport report = plan.report();
        for (ScanAnomaly anomaly : report.anomalies()) {
            anomaly(anomaly);
        }
        for (DroppedRange range : report.dropped()) {
            damage(range);
        }
        for (UnfinishedGroup group : report.unfinishedGroups()) {
            unfinished(group);
        }
        for (GroupChange change : plan.changes()) {
            change(change);
        }
        for (Undecided hole : plan.undecided()) {
            undecided(hole);
        }
        total(plan);
    }

    private void begin(String kind) throws IOException {
        json.writeStartObject();
        json.writeStringField("repair", kind);
    }

    private void end(String text) throws IOException {
        json.writeStringField("text", text);
        json.writeEndObject();
        JsonLines.endLine(json);
    }

    private void anomaly(ScanAnomaly anomaly) throws IOException {
        begin("ignored");
        json.writeArrayFieldStart("files");
        for (SegmentFile file : anomaly.dropped()) {
            json.writeString(file.path().toString());
        }
        json.writeEndArray();
        end(anomaly.message());
    }

    private void damage(DroppedRange range) throws IOException {
        begin("damage");
        json.writeStringField("file", range.path().toString());
        json.writeNumberField("offset", range.fromBytes());
        json.writeNumberField("bytes", range.bytes());
        json.writeStringField("cause", range.cause().text());
        if (range.validBatchesBehind() >= 0) {
            json.writeNumberField("valid_batches_behind", range.validBatchesBehind());
        }
        end(range.toString());
    }

    private void unfinished(UnfinishedGroup group) throws IOException {
        begin("unfinished");
        JsonLines.unsignedField(json, "atomic_group", group.id());
        json.writeNumberField("batches", group.batches());
        end(
                "atomic group "
                        + Long.toUnsignedString(group.id())
                        + " was never finished: its "
                        + group.batches()
                        + " batches do not count, and are left out");
    }

    private void change(GroupChange change) throws IOException {
        begin(change.kind().name().toLowerCase(Locale.ROOT).replace('_', '-'));
        JsonLines.unsignedField(json, "group", change.group());
        JsonLines.unsignedField(json, "entries", change.entries());
        if (change.entries() != 0) {
            JsonLines.unsignedField(json, "first", change.firstIndex());
            JsonLines.unsignedField(json, "last", change.lastIndex());
        }
        end(change.toString());
    }

    private void undecided(Undecided hole) throws IOException {
        begin("undecided");
        JsonLines.unsignedField(json, "group", hole.group());
        json.writeStringField("file", hole.file());
        json.writeNumberField("offset", hole.offset());
        JsonLines.unsignedField(json, "expected", hole.expected());
        JsonLines.unsignedField(json, "found", hole.found());
        json.writeArrayFieldStart("rules");
        for (String rule : hole.offers()) {
            json.writeString(rule);
        }
        json.writeEndArray();
        end(hole.toString());
    }

    private void total(RepairPlan plan) throws IOException {
        long[] sums = new long[2];
        plan.forEachGroup((group, first, entries) -> {
            sums[0]++;
            sums[1] += entries;
        });
        RecoveryReport report = plan.report();
        begin("plan");
        json.writeNumberField("segments", report.segments().size());
        json.writeNumberField("damaged_bytes", report.droppedBytes());
        json.writeNumberField("unreadable_blocks", plan.unreadableBlocks());
        json.writeNumberField("undecided", plan.undecided().size());
        JsonLines.unsignedField(json, "groups", sums[0]);
        JsonLines.unsignedField(json, "entries", sums[1]);
        end(
                plan.undecided().isEmpty()
                        ? "the copy holds "
                                + sums[0]
                                + " groups with "
                                + Long.toUnsignedString(sums[1])
                                + " entries"
                        : "nothing can be written before every hole is decided");
    }

    void result(RepairResult result, RepairedDirectory proof) throws IOException {
        begin("done");
        json.writeStringField("target", result.target().toString());
        json.writeNumberField("segments", result.segments());
        json.writeNumberField("bytes", result.bytes());
        json.writeNumberField("batches_copied", result.batchesCopied());
        json.writeNumberField("batches_changed", result.batchesRecoded());
        json.writeNumberField("groups", proof.groups());
        json.writeNumberField("entries", proof.entries());
        json.writeNumberField("keys", proof.keys());
        end(
                result.target()
                        + " is complete: it opens in absolute-consistency, and every entry and key"
                        + " of it was read");
    }
}
