/**
 * Reading entries back: from a location in the index to verified bytes.
 *
 * <p>{@link io.raftengine.engine.read.EntryReader} is the main type. No lock is held during disk
 * I/O or while a caller's visitor runs; memory comes from a pool of read contexts that belongs to
 * one engine, as does the block cache, so two engines in one process never see each other's blocks.
 *
 * <p>This package must not know how commits work, and it changes nothing on disk or in a memtable.
 */
package io.raftengine.engine.read;
