package io.raftengine.tools;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What the operating system says this process takes; nothing where it does not say so in Linux's
 * way.
 */
public final class ProcessMemory {
    private static final Path STATUS = Path.of("/proc/self/status");
    private static final long UNKNOWN = -1;

    private ProcessMemory() {}

    /**
     * Memory in RAM now.
     *
     * @return bytes, or -1 if unknown
     */
    public static long residentBytes() {
        return read("VmRSS:");
    }

    /**
     * Most memory in RAM at any time.
     *
     * @return bytes, or -1 if unknown
     */
    public static long peakResidentBytes() {
        return read("VmHWM:");
    }

    private static long read(String name) {
        try {
            for (String line : Files.readAllLines(STATUS)) {
                if (line.startsWith(name)) {
                    String[] words = line.substring(name.length()).strip().split(" ", 2);
                    return Long.parseLong(words[0]) << 10;
                }
            }
            return UNKNOWN;
        } catch (IOException elsewhere) {
            return UNKNOWN;
        }
    }

    /**
     * Heap that is reachable: what a collection leaves.
     *
     * @return bytes
     */
    public static long liveHeapBytes() {
        System.gc();
        Runtime runtime = Runtime.getRuntime();
        return runtime.totalMemory() - runtime.freeMemory();
    }
}
