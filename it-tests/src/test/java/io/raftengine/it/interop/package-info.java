/**
 * Our engine and the real one on the same directories, judged by a model that knows no files. Knows
 * the public API of our engine and the line protocol of the other one; skipped, with a message,
 * where the other one is not built.
 */
package io.raftengine.it.interop;
