/**
 * Off-heap memory: the byte budget, mapped arenas, size-class slabs. Knows nothing of logs or
 * files.
 */
package io.raftengine.allocator;
