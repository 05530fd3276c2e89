/**
 * One queue of log segments: which files belong to it, the active one that is written, the sealed
 * ones that are read, and the reserves that wait to be used again.
 *
 * <p>Main types: {@link io.raftengine.log.segment.DirectoryScan} says what lies in the directories,
 * {@link io.raftengine.log.segment.SegmentQueue} is one queue, {@link
 * io.raftengine.log.segment.SegmentReader} one of its segments as readers see it.
 *
 * <p>Threads: a queue has <em>one writer at a time</em> (whoever holds the write token of the
 * commit pipeline), any number of readers, one background agent that prepares the next segment, and
 * one purger. Which of them owns a field is written on the field. No reader ever waits for a lock,
 * and no lock is held across the disk that a reader or a normal append could need.
 *
 * <p>Kept promises: segments other than the last end exactly at a batch boundary (I3), numbers are
 * contiguous and the oldest goes first (I4), the bytes of a segment stay until its last reader left
 * (I6).
 *
 * <p>This package must not know what the bytes mean: no groups, no entries, no batches. It is
 * handed whole groups of bytes and says where they went.
 */
package io.raftengine.log.segment;
