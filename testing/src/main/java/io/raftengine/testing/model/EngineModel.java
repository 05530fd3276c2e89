package io.raftengine.testing.model;

import io.raftengine.proto.EntryCodec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The engine as maps on the heap: what it must answer, without files, threads or memory limits.
 *
 * <p>A batch is checked item by item against what the items before it would leave, and takes effect
 * whole or not at all (decision D11). Commands about groups that do not exist change nothing (D12).
 * {@code compactTo} answers the entries really removed (D15). What is a matter of files (sync,
 * purge, rewrite, rotate, reopen) changes nothing here, and that is the point.
 */
public final class EngineModel {
    private static final byte[] INTERNAL_KEY = {0x5f, 0x5f, 0x01};

    private final TreeMap<Long, GroupModel> groups = new TreeMap<>(Long::compareUnsigned);

    /** What an operation answers. */
    public sealed interface Answer {}

    /**
     * It succeeded.
     *
     * @param removed entries removed by a {@code compact_to}; 0 for all others
     */
    public record Done(long removed) implements Answer {}

    /**
     * It must fail and leave nothing behind.
     *
     * @param why the reason
     */
    public record Refused(Refusal why) implements Answer {}

    /** An engine on an empty directory. */
    public EngineModel() {}

    /**
     * Runs one operation.
     *
     * @param operation what to do
     * @return what the engine must answer
     */
    public Answer run(Operation operation) {
        return switch (operation) {
            case Operation.Write write -> write(write.items());
            case Operation.CompactTo compact ->
                    new Done(compactTo(compact.group(), compact.index()));
            case Operation.Expect expect -> {
                boolean entries =
                        expect.state().stream().anyMatch(state -> state.entries() != null);
                boolean empty = expect.state().stream().anyMatch(GroupState::holdsNothing);
                String difference = StateDifference.between(expect.state(), state(entries, empty));
                yield difference == null
                        ? new Done(0)
                        : new Refused(new Refusal("Mismatch", difference));
            }
            case Operation.Sync sync -> new Done(0);
            case Operation.Purge purge -> new Done(0);
            case Operation.Reopen reopen -> new Done(0);
            case Operation.RewriteAppend rewrite -> new Done(0);
            case Operation.RewriteRewrite rewrite -> new Done(0);
            case Operation.Rotate rotate -> new Done(0);
        };
    }

    /**
     * Writes a batch.
     *
     * @param items its items
     * @return done, or refused with nothing changed
     */
    public Answer write(List<Item> items) {
        Refusal refusal = validate(items);
        if (refusal != null) {
            return new Refused(refusal);
        }
        items.forEach(this::apply);
        return new Done(0);
    }

    /**
     * Removes entries of a group below an index.
     *
     * @param group the group
     * @param index first index to keep
     * @return how many were removed
     */
    public long compactTo(long group, long index) {
        GroupModel model = groups.get(group);
        return model == null ? 0 : model.compact(index);
    }

    /**
     * What keeps a batch from being written.
     *
     * @param items its items
     * @return the first reason, or null
     */
    public Refusal validate(List<Item> items) {
        Map<Long, Range> ranges = new HashMap<>();
        for (Item item : items) {
            Range range = ranges.computeIfAbsent(item.group(), this::rangeOf);
            Refusal refusal = range.refusal(item);
            if (refusal != null) {
                return refusal;
            }
            range.apply(item);
        }
        return null;
    }

    private Range rangeOf(long group) {
        GroupModel model = groups.get(group);
        return model == null ? new Range(0, 0) : new Range(model.first(), model.count());
    }

    /** The indexes of one group while a batch is being looked at. */
    private static final class Range {
        private long first;
        private long count;

        Range(long first, long count) {
            this.first = first;
            this.count = count;
        }

        Refusal refusal(Item item) {
            return switch (item) {
                case Item.Append append -> refusalOf(append);
                case Item.Put put when Arrays.equals(put.key(), INTERNAL_KEY) ->
                        Refusal.invalid(put.group(), "the key is reserved for the engine");
                default -> null;
            };
        }

        private Refusal refusalOf(Item.Append append) {
            if (append.data().isEmpty()) {
                return null;
            }
            long added = append.data().size();
            // The index behind the last entry must be a number too.
            if (Long.compareUnsigned(append.first(), -1L - added) > 0) {
                return Refusal.invalid(append.group(), "indexes beyond 2^64-2");
            }
            if (count == 0) {
                return null;
            }
            if (Long.compareUnsigned(append.first(), first) < 0) {
                return Refusal.invalid(
                        append.group(),
                        "append at "
                                + Long.toUnsignedString(append.first())
                                + " below the first entry "
                                + Long.toUnsignedString(first));
            }
            if (Long.compareUnsigned(append.first(), first + count) > 0) {
                return Refusal.invalid(
                        append.group(),
                        "append at "
                                + Long.toUnsignedString(append.first())
                                + " leaves a hole behind "
                                + Long.toUnsignedString(first + count - 1));
            }
            return null;
        }

        void apply(Item item) {
            switch (item) {
                case Item.Append append when !append.data().isEmpty() -> {
                    first = count == 0 ? append.first() : first;
                    count = append.first() - first + append.data().size();
                }
                case Item.Compact compact
                        when count != 0 && Long.compareUnsigned(compact.index(), first) > 0 -> {
                    long span = compact.index() - first;
                    count -= Long.compareUnsigned(span, count) < 0 ? span : count;
                    first = compact.index();
                }
                case Item.Clean clean -> count = 0;
                default -> {
                    // Keys take no part in what may be appended.
                }
            }
        }
    }

    private void apply(Item item) {
        switch (item) {
            case Item.Append append -> {
                if (!append.data().isEmpty()) {
                    groupFor(append.group()).append(append.first(), messages(append));
                }
            }
            case Item.Put put -> groupFor(put.group()).values().put(put.key(), put.value());
            case Item.Delete delete -> {
                GroupModel model = groups.get(delete.group());
                if (model != null) {
                    model.values().remove(delete.key());
                }
            }
            case Item.Compact compact -> compactTo(compact.group(), compact.index());
            case Item.Clean clean -> groups.remove(clean.group());
        }
    }

    private GroupModel groupFor(long group) {
        return groups.computeIfAbsent(group, id -> new GroupModel());
    }

    private static List<byte[]> messages(Item.Append append) {
        List<byte[]> messages = new ArrayList<>(append.data().size());
        long index = append.first();
        for (byte[] data : append.data()) {
            messages.add(EntryCodec.toBytes(append.term(), index++, data));
        }
        return messages;
    }

    /**
     * Ids of all groups.
     *
     * @return a list in ascending unsigned order, a copy
     */
    public List<Long> groups() {
        return List.copyOf(groups.keySet());
    }

    /**
     * Index of a group's first entry.
     *
     * @param group the group
     * @return the index, or -1 without entries
     */
    public long firstIndex(long group) {
        GroupModel model = groups.get(group);
        return model == null || model.count() == 0 ? -1 : model.first();
    }

    /**
     * Index of a group's last entry.
     *
     * @param group the group
     * @return the index, or -1 without entries
     */
    public long lastIndex(long group) {
        GroupModel model = groups.get(group);
        return model == null || model.count() == 0 ? -1 : model.first() + model.count() - 1;
    }

    /**
     * The whole state.
     *
     * @param entries whether each entry is in it
     * @param emptyGroups whether groups that hold nothing are in it
     * @return groups in ascending unsigned order
     */
    public List<GroupState> state(boolean entries, boolean emptyGroups) {
        List<GroupState> states = new ArrayList<>(groups.size());
        groups.forEach((group, model) -> {
            if (emptyGroups || !model.holdsNothing()) {
                states.add(GroupState.of(group, model, entries));
            }
        });
        return states;
    }
}
