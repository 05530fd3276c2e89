/**
 * Waiting without a lock, for the packages of the engine that do.
 *
 * <p>{@link io.raftengine.engine.waiting.Backoff} is all there is. Stateless, for any number of
 * threads. Must not know who waits for what.
 */
package io.raftengine.engine.waiting;
