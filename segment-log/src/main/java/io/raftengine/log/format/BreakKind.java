package io.raftengine.log.format;

/** Why a batch is broken; what recovery decides depends on it. */
public enum BreakKind {
    /** Fewer than 16 bytes are left of the file. */
    SHORT_HEADER,
    /** The fields of the header contradict each other; zeros end here. */
    BAD_HEADER,
    /** The header is plausible, but the batch would end behind the file. */
    BEYOND_FILE,
    /** The batch has no room for an item section. */
    NO_SECTION,
    /** The item checksum is not that of this segment. */
    CHECKSUM,
    /** The checksum is right, the items are none. */
    BAD_ITEMS
}
