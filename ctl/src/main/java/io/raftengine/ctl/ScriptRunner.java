package io.raftengine.ctl;

import io.raftengine.engine.Durability;
import io.raftengine.engine.LogBatch;
import io.raftengine.error.InvalidArgumentException;
import io.raftengine.log.format.QueueKind;
import io.raftengine.proto.EntryCodec;
import io.raftengine.tools.JsonTree;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Runs the operations of a script against an open engine, one line at a time. */
final class ScriptRunner {
    private static final List<String> ACTIONS =
            List.of("append", "put", "delete", "compact", "clean");
    private static final Set<String> ITEM_FIELDS =
            Set.of("group", "append", "put", "delete", "compact", "clean");

    private final EngineSession session;

    ScriptRunner(EngineSession session) {
        this.session = session;
    }

    /**
     * Runs one operation; answers what the engine returned as JSON, or null where it returns
     * nothing.
     */
    String run(JsonTree operation) {
        String op = operation.text("op");
        return switch (op) {
            case "write" -> write(operation.only(Set.of("op", "sync", "items")));
            case "sync" -> {
                operation.only(Set.of("op"));
                session.engine().sync();
                yield null;
            }
            case "compact_to" -> {
                operation.only(Set.of("op", "group", "index"));
                long group = operation.number("group");
                long index = operation.number("index");
                yield "{\"removed\":"
                        + Long.toUnsignedString(session.engine().compactTo(group, index))
                        + "}";
            }
            case "reopen" -> {
                operation.only(Set.of("op"));
                session.reopen();
                yield null;
            }
            case "expect" -> {
                operation.only(Set.of("op", "state"));
                ExpectedState.of(operation.objects("state")).compare(session.engine());
                yield null;
            }
            case "purge" -> {
                operation.only(Set.of("op"));
                yield PurgeJson.of(session.engine().purgeExpiredFiles());
            }
            case "rewrite_append" -> {
                operation.only(Set.of("op", "through"));
                yield PurgeJson.of(
                        session.engine().maintenance().rewriteAppend(through(operation)));
            }
            case "rewrite_rewrite" -> {
                operation.only(Set.of("op"));
                yield PurgeJson.of(session.engine().maintenance().rewriteRewrite());
            }
            case "rotate" -> {
                session.engine()
                        .maintenance()
                        .rotate(queue(operation.only(Set.of("op", "queue")).text("queue")));
                yield null;
            }
            default -> throw new InvalidArgumentException("op: unknown operation '" + op + "'");
        };
    }

    /** The last segment to move data out of; all of them where none is named. */
    private static long through(JsonTree operation) {
        long through = operation.numberOr("through", Long.MAX_VALUE);
        // No segment's number is that large: unsigned numbers beyond mean all, too.
        return through < 0 ? Long.MAX_VALUE : through;
    }

    private static QueueKind queue(String name) {
        return switch (name) {
            case "append" -> QueueKind.APPEND;
            case "rewrite" -> QueueKind.REWRITE;
            default ->
                    throw new InvalidArgumentException(
                            "queue: neither append nor rewrite: '" + name + "'");
        };
    }

    private String write(JsonTree operation) {
        Durability durability =
                operation.truthOr("sync", false) ? Durability.SYNC : Durability.BUFFERED;
        List<JsonTree> items = operation.objects("items");
        LogBatch batch = session.emptyBatch();
        for (JsonTree item : items) {
            add(batch, item);
        }
        return "{\"bytes\":" + session.engine().write(batch, durability) + "}";
    }

    private static void add(LogBatch batch, JsonTree item) {
        item.only(ITEM_FIELDS);
        long group = item.number("group");
        switch (action(item, group)) {
            case "append" -> append(batch, group, item.object("append"));
            case "put" -> {
                JsonTree put = item.object("put").only(Set.of("key", "value"));
                batch.put(group, put.bytes("key"), put.bytes("value"));
            }
            case "delete" ->
                    batch.delete(group, item.object("delete").only(Set.of("key")).bytes("key"));
            case "compact" -> batch.compactTo(group, item.number("compact"));
            default -> {
                if (!item.truthOr("clean", false)) {
                    throw new InvalidArgumentException("clean: not true");
                }
                batch.clean(group);
            }
        }
    }

    private static String action(JsonTree item, long group) {
        String found = null;
        int count = 0;
        for (String action : ACTIONS) {
            if (item.has(action)) {
                found = action;
                count++;
            }
        }
        if (count != 1) {
            throw new InvalidArgumentException(
                    "group " + Long.toUnsignedString(group) + ": not exactly one action");
        }
        return found;
    }

    private static void append(LogBatch batch, long group, JsonTree append) {
        append.only(Set.of("first", "term", "data"));
        long first = append.number("first");
        long term = append.numberOr("term", 0);
        List<byte[]> data = append.bytesList("data");
        List<byte[]> entries = new ArrayList<>(data.size());
        for (int i = 0; i < data.size(); i++) {
            if (Long.compareUnsigned(first + i, first) < 0) {
                throw new InvalidArgumentException("append.first: index above 2^64-1");
            }
            entries.add(EntryCodec.toBytes(term, first + i, data.get(i)));
        }
        batch.addEntries(group, first, entries);
    }
}
