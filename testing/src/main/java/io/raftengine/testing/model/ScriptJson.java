package io.raftengine.testing.model;

import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/**
 * Reads and prints operation scripts: one JSON object per line; blank lines and lines that start
 * with # say nothing.
 */
public final class ScriptJson {
    private ScriptJson() {}

    /**
     * Reads a script.
     *
     * @param script its lines
     * @return its operations
     * @throws IllegalArgumentException a line that is no operation
     */
    public static List<Operation> parse(String script) {
        List<Operation> operations = new ArrayList<>();
        script.lines()
                .filter(line -> !line.isBlank() && !line.startsWith("#"))
                .forEach(line -> operations.add(parseLine(line)));
        return operations;
    }

    /**
     * Reads one line.
     *
     * @param line JSON
     * @return the operation
     * @throws IllegalArgumentException the line is none
     */
    public static Operation parseLine(String line) {
        JsonObject object = new JsonObject(Json.parse(line));
        String op = object.text("op");
        return switch (op) {
            case "write" ->
                    new Operation.Write(
                            object.truthOr("sync", false),
                            object.list("items").stream()
                                    .map(item -> item(new JsonObject(item)))
                                    .toList());
            case "sync" -> new Operation.Sync();
            case "compact_to" ->
                    new Operation.CompactTo(object.number("group"), object.number("index"));
            case "purge" -> new Operation.Purge();
            case "reopen" -> new Operation.Reopen();
            case "rewrite_append" -> new Operation.RewriteAppend(object.numberOr("through", -1));
            case "rewrite_rewrite" -> new Operation.RewriteRewrite();
            case "rotate" -> new Operation.Rotate(object.text("queue").equals("rewrite"));
            case "expect" ->
                    new Operation.Expect(
                            object.list("state").stream()
                                    .map(state -> GroupState.of(new JsonObject(state)))
                                    .toList());
            default -> throw new IllegalArgumentException("unknown operation " + op);
        };
    }

    private static Item item(JsonObject object) {
        long group = object.number("group");
        if (object.has("append")) {
            JsonObject append = object.object("append");
            List<byte[]> data = append.texts("data").stream().map(ScriptJson::decode).toList();
            return new Item.Append(group, append.number("first"), append.numberOr("term", 0), data);
        }
        if (object.has("put")) {
            JsonObject put = object.object("put");
            return new Item.Put(group, decode(put.text("key")), decode(put.text("value")));
        }
        if (object.has("delete")) {
            return new Item.Delete(group, decode(object.object("delete").text("key")));
        }
        if (object.has("compact")) {
            return new Item.Compact(group, object.number("compact"));
        }
        if (object.truthOr("clean", false)) {
            return new Item.Clean(group);
        }
        throw new IllegalArgumentException("item without an action");
    }

    /**
     * Prints a script.
     *
     * @param operations what is in it
     * @return lines, each with its line end
     */
    public static String print(List<Operation> operations) {
        StringBuilder out = new StringBuilder();
        for (Operation operation : operations) {
            out.append(print(operation)).append('\n');
        }
        return out.toString();
    }

    /**
     * Prints one operation.
     *
     * @param operation the operation
     * @return JSON without a line end
     */
    public static String print(Operation operation) {
        return switch (operation) {
            case Operation.Write write -> {
                StringBuilder out = new StringBuilder("{\"op\":\"write\",\"sync\":");
                out.append(write.sync()).append(",\"items\":[");
                String separator = "";
                for (Item item : write.items()) {
                    out.append(separator);
                    print(item, out);
                    separator = ",";
                }
                yield out.append("]}").toString();
            }
            case Operation.Sync sync -> "{\"op\":\"sync\"}";
            case Operation.CompactTo compact ->
                    "{\"op\":\"compact_to\",\"group\":"
                            + Long.toUnsignedString(compact.group())
                            + ",\"index\":"
                            + Long.toUnsignedString(compact.index())
                            + "}";
            case Operation.Purge purge -> "{\"op\":\"purge\"}";
            case Operation.Reopen reopen -> "{\"op\":\"reopen\"}";
            case Operation.RewriteAppend rewrite ->
                    rewrite.through() == -1
                            ? "{\"op\":\"rewrite_append\"}"
                            : "{\"op\":\"rewrite_append\",\"through\":"
                                    + Long.toUnsignedString(rewrite.through())
                                    + "}";
            case Operation.RewriteRewrite rewrite -> "{\"op\":\"rewrite_rewrite\"}";
            case Operation.Rotate rotate ->
                    "{\"op\":\"rotate\",\"queue\":\""
                            + (rotate.rewriteQueue() ? "rewrite" : "append")
                            + "\"}";
            case Operation.Expect expect -> {
                List<String> states = expect.state().stream().map(GroupState::toJson).toList();
                yield "{\"op\":\"expect\",\"state\":[" + String.join(",", states) + "]}";
            }
        };
    }

    private static void print(Item item, StringBuilder out) {
        out.append("{\"group\":").append(Long.toUnsignedString(item.group()));
        switch (item) {
            case Item.Append append -> {
                out.append(",\"append\":{\"first\":").append(Long.toUnsignedString(append.first()));
                out.append(",\"term\":").append(Long.toUnsignedString(append.term()));
                List<String> data = append.data().stream().map(ScriptJson::encode).toList();
                out.append(",\"data\":[").append(String.join(",", data)).append("]}");
            }
            case Item.Put put -> {
                out.append(",\"put\":{\"key\":").append(encode(put.key()));
                out.append(",\"value\":").append(encode(put.value())).append('}');
            }
            case Item.Delete delete ->
                    out.append(",\"delete\":{\"key\":").append(encode(delete.key())).append('}');
            case Item.Compact compact ->
                    out.append(",\"compact\":").append(Long.toUnsignedString(compact.index()));
            case Item.Clean clean -> out.append(",\"clean\":true");
        }
        out.append('}');
    }

    private static String encode(byte[] bytes) {
        return '"' + Base64.getEncoder().encodeToString(bytes) + '"';
    }

    private static byte[] decode(String base64) {
        return Base64.getDecoder().decode(base64);
    }
}
