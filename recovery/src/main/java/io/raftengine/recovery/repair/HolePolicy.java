package io.raftengine.recovery.repair;

/** What becomes of entries that do not join what a group holds. */
public enum HolePolicy {
    /** The entries held stay; those that would leave a hole are discarded. */
    KEEP_EXISTING,

    /** The entries held are discarded; the group begins anew behind the hole. */
    KEEP_INCOMING,

    /** Both stay; the indexes between get empty entries. */
    FILL
}
