/**
 * The file system as the engine sees it: opening, positional transfers, durability, names, and the
 * lock of a directory.
 *
 * <p>Main type: {@link io.raftengine.log.io.FileSystem}. {@link
 * io.raftengine.log.io.FileSystem#local()} is the real one: system calls on Linux, x86-64 and
 * aarch64. Nothing else in the engine touches files, which is what lets tests put a simulated disk
 * underneath.
 *
 * <p>Threads: a file system and a handle may be used by any number of threads. Every operation
 * blocks its thread until the system answers, and <strong>blocks the carrier of a virtual thread
 * too</strong>: a foreign call pins it and nothing compensates. Keeping many virtual threads out of
 * here at once (capping readers, syncing on a platform thread) is the business of the layers above.
 *
 * <p>Errors: {@link io.raftengine.error.StorageException} and {@link
 * io.raftengine.error.OutOfSpaceException}, which name the file, the operation with its offset and
 * length, the error number and the system's text for it. Interrupted system calls are repeated
 * inside. No method retries anything else, and none retries a sync.
 *
 * <p>Must not know: what is in the files, how segments are named, who uses them.
 */
package io.raftengine.log.io;
