/**
 * The load generator, with the options, defaults and figures of the reference's stress tool, so
 * that results compare.
 *
 * <p>One thread per writer and reader, each with figures of its own, joined when all have ended.
 * Nothing is allocated per operation: what is measured is the engine. Knows the engine by its
 * public API only.
 */
package io.raftengine.stress;
