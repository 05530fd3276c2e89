/**
 * A second directory with the same state: what belongs to a moment, and how it gets elsewhere.
 *
 * <p>{@link io.raftengine.engine.fork.ForkSource} says which segments, up to where; {@link
 * io.raftengine.engine.fork.ForkWriter} brings them over, linked, cloned or copied; {@link
 * io.raftengine.engine.fork.ForkTarget} is the new directory, which has its name only when
 * everything in it is on disk. Each object is for one thread.
 *
 * <p>This package must not know what is in a segment, nor how commits, reads and memtables work.
 */
package io.raftengine.engine.fork;
