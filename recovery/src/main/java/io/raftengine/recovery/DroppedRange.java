package io.raftengine.recovery;

import io.raftengine.log.format.QueueKind;
import java.nio.file.Path;

/**
 * Bytes of one segment that the recovered state does not contain.
 *
 * @param kind queue of the segment
 * @param seq number of the segment
 * @param path path of the segment
 * @param fromBytes first dropped byte of the file
 * @param toBytes end of the dropped bytes: the size the file had, or the end of a damaged header
 *     that the batches behind it made up for
 * @param cause why they were dropped
 * @param detail what was wrong at {@code fromBytes}, in words
 * @param validBatchesBehind whole batches of this segment that lay behind the damage and are
 *     dropped with it; -1 where nobody looked: in V1 segments such bytes cannot be told from older
 *     ones
 * @param keptIn file that holds a copy of the bytes, or null if none was made
 */
public record DroppedRange(
        QueueKind kind,
        long seq,
        Path path,
        long fromBytes,
        long toBytes,
        DropCause cause,
        String detail,
        long validBatchesBehind,
        Path keptIn) {

    /**
     * How much was dropped.
     *
     * @return a number of bytes
     */
    public long bytes() {
        return toBytes - fromBytes;
    }

    DroppedRange keptIn(Path file) {
        return new DroppedRange(
                kind, seq, path, fromBytes, toBytes, cause, detail, validBatchesBehind, file);
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(160);
        text.append(path).append(": bytes ").append(fromBytes).append("..").append(toBytes);
        text.append(" dropped, ").append(cause.text()).append(": ").append(detail);
        if (validBatchesBehind > 0) {
            text.append("; ").append(validBatchesBehind).append(" valid batches lay behind");
        }
        if (keptIn != null) {
            text.append("; kept in ").append(keptIn);
        }
        return text.toString();
    }
}
