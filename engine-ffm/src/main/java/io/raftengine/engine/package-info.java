/**
 * The public API of the engine: open a directory, write log batches of many Raft groups durably,
 * read them back.
 *
 * <p>{@link io.raftengine.engine.RaftEngine} is the way in. Everything here may be called from any
 * thread unless its type says otherwise, platform or virtual; every error is one of {@code
 * io.raftengine.error}.
 *
 * <p>This package knows nothing of what an entry means: entries are bytes, and the protobuf helpers
 * only turn messages into bytes and back.
 */
package io.raftengine.engine;
