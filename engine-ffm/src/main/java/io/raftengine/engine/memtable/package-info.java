/** Per-group index and key-values, off-heap. Knows nothing of files. */
package io.raftengine.engine.memtable;
