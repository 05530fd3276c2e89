/**
 * Purge: what is live in old segments moves to the rewrite queue, and the old segments go.
 *
 * <p>Reading and writing live here in three parts. {@link io.raftengine.engine.purge.EntryWindow}
 * picks entries group by group and reads them in file order; {@link
 * io.raftengine.engine.purge.RewriteLog} appends batches to the rewrite queue and knows how much of
 * it is on disk; {@link io.raftengine.engine.purge.Pacer} keeps both from hurting those who write
 * to the append queue. All of them belong to one thread at a time, the purger.
 *
 * <p>This package must not know how a memtable or a segment file is laid out, and it never waits
 * for the append queue's write token while it reads or writes a file.
 */
package io.raftengine.engine.purge;
