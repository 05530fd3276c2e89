package io.raftengine.testing.model;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.zip.CRC32;

/**
 * The logical state of one group, as {@code export} prints it: one line of JSON, without spaces,
 * fields in this order.
 *
 * <pre>{@code
 * {"group":7,"first":1,"last":10,"entries_crc32":"89abcdef","entries":["..."],"kvs":[{"key":"...","value":"..."}]}
 * }</pre>
 *
 * @param group unsigned id
 * @param first index of the first entry, or -1 without entries
 * @param last index of the last entry, or -1 without entries
 * @param entriesCrc32 eight lower-case hexadecimal digits over index, length and bytes of each
 *     entry
 * @param entries each entry in base64, or null where they are not shown
 * @param kvs keys and values in the order of the keys
 */
public record GroupState(
        long group,
        long first,
        long last,
        String entriesCrc32,
        List<String> entries,
        List<KeyValue> kvs) {

    /**
     * A key and its value.
     *
     * @param key base64
     * @param value base64
     */
    public record KeyValue(String key, String value) {}

    static GroupState of(long group, GroupModel model, boolean withEntries) {
        Base64.Encoder base64 = Base64.getEncoder();
        CRC32 crc = new CRC32();
        ByteBuffer head = ByteBuffer.allocate(Long.BYTES + Integer.BYTES);
        long index = model.first();
        for (byte[] entry : model.entries()) {
            crc.update(head.clear().putLong(index++).putInt(entry.length).flip());
            crc.update(entry);
        }
        boolean none = model.count() == 0;
        List<KeyValue> kvs = new ArrayList<>(model.values().size());
        model.values()
                .forEach((key, value) ->
                        kvs.add(
                                new KeyValue(
                                        base64.encodeToString(key), base64.encodeToString(value))));
        return new GroupState(
                group,
                none ? -1 : model.first(),
                none ? -1 : model.first() + model.count() - 1,
                HexFormat.of().toHexDigits((int) crc.getValue()),
                withEntries ? model.entries().stream().map(base64::encodeToString).toList() : null,
                kvs);
    }

    /**
     * Whether there is neither entry nor key.
     *
     * @return true for a group that merely exists
     */
    public boolean holdsNothing() {
        return first == -1 && kvs.isEmpty();
    }

    /**
     * The line that {@code export} prints.
     *
     * @return JSON without a line end
     */
    public String toJson() {
        StringBuilder out = new StringBuilder(128);
        out.append("{\"group\":").append(Long.toUnsignedString(group));
        out.append(",\"first\":").append(indexText(first));
        out.append(",\"last\":").append(indexText(last));
        out.append(",\"entries_crc32\":\"").append(entriesCrc32).append('"');
        if (entries != null) {
            out.append(",\"entries\":[");
            String separator = "\"";
            for (String entry : entries) {
                out.append(separator).append(entry).append('"');
                separator = ",\"";
            }
            out.append(']');
        }
        out.append(",\"kvs\":[");
        String separator = "{\"key\":\"";
        for (KeyValue kv : kvs) {
            out.append(separator).append(kv.key());
            out.append("\",\"value\":\"").append(kv.value()).append("\"}");
            separator = ",{\"key\":\"";
        }
        return out.append("]}").toString();
    }

    private static String indexText(long index) {
        return index == -1 ? "null" : Long.toUnsignedString(index);
    }

    /**
     * Reads a line that {@code export} printed.
     *
     * @param json the line
     * @return the group
     */
    public static GroupState parse(String json) {
        return of(new JsonObject(Json.parse(json)));
    }

    static GroupState of(JsonObject object) {
        List<KeyValue> kvs = new ArrayList<>();
        for (Object kv : object.list("kvs")) {
            JsonObject pair = new JsonObject(kv);
            kvs.add(new KeyValue(pair.text("key"), pair.text("value")));
        }
        List<String> entries = null;
        if (object.has("entries")) {
            entries = List.copyOf(object.texts("entries"));
        }
        return new GroupState(
                object.number("group"),
                object.numberOr("first", -1),
                object.numberOr("last", -1),
                object.text("entries_crc32"),
                entries,
                List.copyOf(kvs));
    }
}
