/**
 * Byte formats of the log, a class per structure: {@link io.raftengine.log.format.SegmentHeader},
 * {@link io.raftengine.log.format.BatchHeader}, item sections ({@link
 * io.raftengine.log.format.ItemReader} reads, {@link io.raftengine.log.format.BatchEncoder} writes,
 * {@link io.raftengine.log.format.EncodedBatch} is what it wrote), entries blocks ({@link
 * io.raftengine.log.format.BlockDecoder}), internal records ({@link
 * io.raftengine.log.format.InternalRecords}), file names ({@link
 * io.raftengine.log.format.SegmentName}). {@link io.raftengine.log.format.BatchScanner} walks one
 * segment.
 *
 * <p>Objects belong to one thread at a time; enums and records to all.
 *
 * <p>Must not know: directories, queues, recovery modes, memtables. It says what bytes are, never
 * what to do about them.
 */
package io.raftengine.log.format;
