/**
 * File systems for tests, underneath everything the engine does with files.
 *
 * <ul>
 *   <li>{@link io.raftengine.testing.fs.SimulatedFileSystem}: a disk in memory that knows what has
 *       been synced. It can be asked at any moment what a power cut would leave, in any of the ways
 *       a real disk might.
 *   <li>{@link io.raftengine.testing.fs.FaultyFileSystem}: wraps any file system and lets chosen
 *       calls fail, return short, lie or wait.
 *   <li>{@link io.raftengine.testing.fs.UnsyncedFileSystem}: wraps any, and syncs nothing.
 *   <li>{@link io.raftengine.testing.fs.DirectoryCopy}: moves directories from one file system to
 *       another.
 * </ul>
 *
 * <p>Threads: all file systems here may be used by any number of threads. Everything random follows
 * from a seed, and from the order of calls. Must not know: what is in the files.
 */
package io.raftengine.testing.fs;
