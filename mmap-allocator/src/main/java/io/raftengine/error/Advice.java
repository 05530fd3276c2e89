package io.raftengine.error;

/** What the caller should do about an error. */
public enum Advice {
    /**
     * The call itself is wrong; correct the arguments or the configuration. Nothing was changed.
     */
    FIX_CALL,
    /** Nothing was changed and the same call may succeed later, for instance once space is back. */
    RETRY,
    /** This engine refuses writes from now on; close it and open the directory again. */
    REOPEN,
    /** The files are damaged; see the repair tool or restore a copy. Nothing was changed. */
    REPAIR,
    /** Neither a retry nor a reopen is known to help; look at the cause. */
    GIVE_UP
}
