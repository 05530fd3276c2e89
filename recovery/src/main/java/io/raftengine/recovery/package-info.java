/**
 * Scan, replay, merge, the decision table about damage. Knows nothing of memtables, only of a sink.
 */
package io.raftengine.recovery;
