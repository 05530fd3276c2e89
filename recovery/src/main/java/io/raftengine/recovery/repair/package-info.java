/**
 * Repair: a second directory that holds what can be saved of a damaged one, under rules that a
 * person wrote. The damaged directory is only ever read.
 *
 * <p>{@link io.raftengine.recovery.repair.Repair} reads the directory exactly as recovery in
 * tolerate-any-corruption does, and judges every item in the order of replay ({@code Judge}). The
 * first reading writes nothing and gives the {@link io.raftengine.recovery.repair.RepairPlan}; the
 * second makes the same decisions again and writes. So a dry run cannot promise what a real run
 * does not do, and memory grows with the groups, not with the log.
 *
 * <p>Threading: one thread at a time. This package must not know memtables or the engine; whether
 * the result opens is asked of a {@link io.raftengine.recovery.repair.RepairProof}.
 */
package io.raftengine.recovery.repair;
