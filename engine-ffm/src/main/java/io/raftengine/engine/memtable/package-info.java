/**
 * Per-group index and key-values, off-heap: which entry stands where in which segment, and what the
 * keys of a group hold. Also the sink that recovery replays into.
 *
 * <p>{@link io.raftengine.engine.memtable.Memtables} is the main type. One writer at a time, the
 * holder of the write token; any number of readers, who look at a group's version word, copy, and
 * look again (I7). Memory that was freed stays mapped, so that a late reader reads garbage which it
 * discards, and never a fault.
 *
 * <p>This package must not know files, commit groups or how entries are read back: it says where
 * bytes are, others fetch them.
 */
package io.raftengine.engine.memtable;
