/**
 * From a directory listing to a replayed state: every segment of both queues is scanned once, in
 * parallel, and its batches are delivered to a {@link io.raftengine.recovery.ReplaySink} in log
 * order; damage is judged by one table ({@link io.raftengine.recovery.DamageTable}); only when
 * every file has its verdict and the sink has merged, torn tails are cut and synced.
 *
 * <p>The main type is {@link io.raftengine.recovery.Recovery}; its outcome is a {@link
 * io.raftengine.recovery.RecoveryResult}, with a {@link io.raftengine.recovery.RecoveryReport} that
 * names every byte that was dropped and why.
 *
 * <p>Threading: one call of {@code Recovery.run} starts its own platform threads and has ended them
 * all when it returns or throws. What a sink must bear is said at the sink.
 *
 * <p>This package must not know memtables (only the sink), nor offsets inside a batch (only the
 * format package's scanner), nor how segments are written afterwards.
 */
package io.raftengine.recovery;
