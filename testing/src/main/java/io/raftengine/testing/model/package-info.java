/**
 * What the engine should answer: a {@linkplain io.raftengine.testing.model.EngineModel model} made
 * of maps, the {@linkplain io.raftengine.testing.model.Operation operation scripts} that drive
 * model and engine alike, a seeded generator and a shrinker for them, and the logical state in
 * which answers are compared.
 *
 * <p>Must not know the engine: what judges it may not share its code. One thread at a time.
 */
package io.raftengine.testing.model;
