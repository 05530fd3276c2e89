package io.raftengine.it.interop;

import com.google.protobuf.InvalidProtocolBufferException;
import io.raftengine.proto.eraftpb.Entry;
import io.raftengine.testing.model.EngineModel;
import io.raftengine.testing.model.GroupState;
import io.raftengine.testing.model.Item;
import io.raftengine.testing.model.Operation;
import io.raftengine.testing.model.StateDifference;
import io.raftengine.tools.JsonTree;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;

/** The model that judges, as texts that can be compared with what an engine exports. */
final class Judge {
    private EngineModel model = new EngineModel();

    /** Groups with appends since they were cleaned; of these the ones a compaction has emptied. */
    private final Set<Long> overwriting = new HashSet<>();

    private final Set<Long> tailsBack = new HashSet<>();

    EngineModel.Answer run(Operation operation) {
        EngineModel.Answer answer = model.run(operation);
        if (answer instanceof EngineModel.Done) {
            switch (operation) {
                case Operation.Write write -> write.items().forEach(this::noteTails);
                case Operation.CompactTo compact -> noteCompaction(compact.group());
                default -> {
                    // Moves nothing in a group.
                }
            }
        }
        return answer;
    }

    private void noteTails(Item item) {
        switch (item) {
            case Item.Append append -> {
                if (!append.data().isEmpty()) {
                    overwriting.add(append.group());
                }
            }
            case Item.Compact compact -> noteCompaction(compact.group());
            case Item.Clean clean -> {
                overwriting.remove(clean.group());
                tailsBack.remove(clean.group());
            }
            default -> {
                // Keys have no tails.
            }
        }
    }

    private void noteCompaction(long group) {
        if (overwriting.contains(group) && model.firstIndex(group) == -1) {
            tailsBack.add(group);
        }
    }

    /**
     * Whether two states differ only in the entries of groups that appended and were then compacted
     * beyond their end. The real engine joins its two queues by what is left of each: an overwrite
     * in the append queue of which the compaction left nothing is not applied to the rewrite queue,
     * the compaction is, and the old tail behind it is there again. One thread, no purge of its
     * own. Keys take no part in that, so those of such a group are the same.
     */
    boolean differOnlyInTailsThatCameBack(String one, String other) {
        Map<Long, GroupState> first = groupsOf(one);
        Map<Long, GroupState> second = groupsOf(other);
        Set<Long> groups = new HashSet<>(first.keySet());
        groups.addAll(second.keySet());
        return groups.stream()
                .allMatch(group -> {
                    GroupState a = first.get(group);
                    GroupState b = second.get(group);
                    return Objects.equals(a, b)
                            || tailsBack.contains(group) && keys(a).equals(keys(b));
                });
    }

    /** A group that holds nothing is not part of a state. */
    private static List<GroupState.KeyValue> keys(GroupState group) {
        return group == null ? List.of() : group.kvs();
    }

    private static Map<Long, GroupState> groupsOf(String states) {
        return parse(states).stream().collect(Collectors.toMap(GroupState::group, group -> group));
    }

    /** Whether an engine must refuse the operation. */
    boolean refuses(Operation operation) {
        return operation instanceof Operation.Write write && model.validate(write.items()) != null;
    }

    /** The state with entries, as {@link Contender#state} gives it. */
    String state() {
        return model.state(true, false).stream()
                .map(GroupState::toJson)
                .collect(Collectors.joining(",", "[", "]"));
    }

    /** The same, one group per line. */
    String lines() {
        return model.state(true, false).stream()
                .map(group -> group.toJson() + "\n")
                .collect(Collectors.joining());
    }

    /** Goes on from another state: the one that a directory really holds. */
    void resume(String state) {
        EngineModel fresh = new EngineModel();
        for (GroupState group : parse(state)) {
            List<Item> items = new ArrayList<>();
            long index = group.first();
            for (String message : group.entries()) {
                Entry entry = entry(message);
                byte[] data = entry.getData().toByteArray();
                items.add(new Item.Append(group.group(), index++, entry.getTerm(), List.of(data)));
            }
            for (GroupState.KeyValue kv : group.kvs()) {
                items.add(
                        new Item.Put(
                                group.group(),
                                Base64.getDecoder().decode(kv.key()),
                                Base64.getDecoder().decode(kv.value())));
            }
            fresh.write(items);
        }
        model = fresh;
        if (!state().equals(state)) {
            throw new AssertionError("not canonical: " + difference(state, state()));
        }
    }

    private static Entry entry(String base64) {
        try {
            return Entry.parseFrom(Base64.getDecoder().decode(base64));
        } catch (InvalidProtocolBufferException e) {
            throw new AssertionError("not an entry: " + base64, e);
        }
    }

    /** Whether each group is as in the one state or as in the other. */
    static boolean eachGroupIsOneOf(String found, String one, String other) {
        Map<Long, String> ours = byGroup(found);
        Map<Long, String> first = byGroup(one);
        Map<Long, String> second = byGroup(other);
        Set<Long> groups = new HashSet<>(ours.keySet());
        groups.addAll(first.keySet());
        groups.addAll(second.keySet());
        return groups.stream()
                .allMatch(group ->
                        Objects.equals(ours.get(group), first.get(group))
                                || Objects.equals(ours.get(group), second.get(group)));
    }

    private static Map<Long, String> byGroup(String states) {
        return parse(states).stream()
                .collect(Collectors.toMap(GroupState::group, GroupState::toJson));
    }

    /** For people. */
    static String difference(String expected, String actual) {
        return StateDifference.between(parse(expected), parse(actual));
    }

    private static List<GroupState> parse(String states) {
        byte[] wrapped = ("{\"state\":" + states + "}").getBytes(StandardCharsets.UTF_8);
        List<GroupState> groups = new ArrayList<>();
        for (JsonTree group : JsonTree.parse(wrapped).objects("state")) {
            groups.add(group(group));
        }
        return groups;
    }

    private static GroupState group(JsonTree tree) {
        List<GroupState.KeyValue> kvs = new ArrayList<>();
        for (JsonTree kv : tree.objects("kvs")) {
            kvs.add(new GroupState.KeyValue(kv.text("key"), kv.text("value")));
        }
        List<String> entries = null;
        if (tree.has("entries")) {
            Base64.Encoder base64 = Base64.getEncoder();
            entries = tree.bytesList("entries").stream().map(base64::encodeToString).toList();
        }
        return new GroupState(
                tree.number("group"),
                tree.has("first") ? tree.number("first") : -1,
                tree.has("last") ? tree.number("last") : -1,
                tree.text("entries_crc32"),
                entries,
                kvs);
    }
}
