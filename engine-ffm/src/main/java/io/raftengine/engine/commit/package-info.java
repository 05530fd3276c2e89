/**
 * Group commit: many callers, one write and one sync.
 *
 * <p>{@link io.raftengine.engine.commit.CommitPipeline} is the main type. One commit group is in
 * flight at a time; while it syncs, the next one collects. The pipeline owns the write token;
 * whoever holds it is the only writer of the append queue and of the memtables.
 *
 * <p>This package must not know what an entry is, nor how a memtable or a segment file is laid out.
 */
package io.raftengine.engine.commit;
