package io.raftengine.ctl;

import io.raftengine.engine.PurgeResult;
import java.util.List;

/** What a purge or a forced rewrite did, as scripts and {@code serve} report it. */
final class PurgeJson {
    private PurgeJson() {}

    /**
     * One object; {@code groups} are the reported groups in ascending order, {@code blocking} the
     * same with their bytes, most first.
     */
    static String of(PurgeResult result) {
        StringBuilder json = new StringBuilder("{\"groups\":[");
        List<Long> groups =
                result.groups().stream()
                        .map(PurgeResult.BlockingGroup::groupId)
                        .sorted(Long::compareUnsigned)
                        .toList();
        String separator = "";
        for (long group : groups) {
            json.append(separator).append(Long.toUnsignedString(group));
            separator = ",";
        }
        json.append("],\"blocking\":[");
        separator = "";
        for (PurgeResult.BlockingGroup group : result.groups()) {
            json.append(separator)
                    .append("{\"group\":")
                    .append(Long.toUnsignedString(group.groupId()))
                    .append(",\"bytes\":")
                    .append(group.bytes())
                    .append('}');
            separator = ",";
        }
        return json.append("],\"append_segments_dropped\":")
                .append(result.appendSegmentsDropped())
                .append(",\"rewrite_segments_dropped\":")
                .append(result.rewriteSegmentsDropped())
                .append(",\"bytes_rewritten\":")
                .append(result.bytesRewritten())
                .append('}')
                .toString();
    }
}
