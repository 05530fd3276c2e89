/**
 * Off-heap memory: one {@link io.raftengine.allocator.MemoryBudget} that counts every byte,
 * mappings and buffers on it, blocks behind 32-bit handles ({@link
 * io.raftengine.allocator.SlabArena}), and {@link io.raftengine.allocator.Memory}, the one class
 * that touches raw addresses.
 *
 * <p>Threads: the budget, {@code Memory} and the arena may be used by all; buffers and caches by
 * one at a time.
 *
 * <p>In checked mode (assertions on) every access is looked up in the table of live memory, so that
 * a use after free, an overrun, a double free or a leak fails at once and by name.
 *
 * <p>Knows nothing of logs, groups or files; where memory goes when it is cold it asks a {@link
 * io.raftengine.allocator.SwapStore}. Nothing else in the engine maps memory.
 */
package io.raftengine.allocator;
