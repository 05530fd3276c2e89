package io.raftengine.stress;

import com.sun.management.OperatingSystemMXBean;
import com.sun.management.ThreadMXBean;
import io.raftengine.tools.ProcessMemory;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;

/**
 * Counters of the JVM at one moment; a run's figures are the difference of two.
 *
 * @param gcPauses collections
 * @param gcPauseMillis time they took
 * @param cpuNanos time of all processors
 * @param allocatedBytes what all platform threads allocated, among them those that carry virtual
 *     ones
 * @param writtenBytes bytes this process caused to be sent to storage, -1 if unknown
 */
record ProcessFigures(
        long gcPauses, long gcPauseMillis, long cpuNanos, long allocatedBytes, long writtenBytes) {
    static ProcessFigures now() {
        long pauses = 0;
        long millis = 0;
        for (GarbageCollectorMXBean collector : ManagementFactory.getGarbageCollectorMXBeans()) {
            pauses += Math.max(0, collector.getCollectionCount());
            millis += Math.max(0, collector.getCollectionTime());
        }
        var system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        return new ProcessFigures(
                pauses,
                millis,
                system.getProcessCpuTime(),
                threads.getTotalThreadAllocatedBytes(),
                ProcessMemory.writtenBytes());
    }

    ProcessFigures since(ProcessFigures before) {
        return new ProcessFigures(
                gcPauses - before.gcPauses,
                gcPauseMillis - before.gcPauseMillis,
                cpuNanos - before.cpuNanos,
                allocatedBytes - before.allocatedBytes,
                writtenBytes < 0 ? writtenBytes : writtenBytes - before.writtenBytes);
    }
}
