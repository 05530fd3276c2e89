package io.raftengine.ctl.check;

import io.raftengine.log.segment.SegmentFile;

/**
 * What one item of a batch does to the entries of its group.
 *
 * @param file segment of the batch
 * @param offset where the batch begins
 * @param kind of the item, as its reader calls it
 * @param group the group
 * @param first index of the first entry, or what is compacted to; unsigned
 * @param end index behind the last entry; {@code first} if there are none
 * @param good whether the entries of the batch are
 */
record Span(
        SegmentFile file, long offset, int kind, long group, long first, long end, boolean good) {}
