package io.raftengine.tools;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What the operating system says this process takes and does; nothing where it does not say so in
 * Linux's way.
 */
public final class ProcessMemory {
    private static final Path STATUS = Path.of("/proc/self/status");
    private static final Path IO = Path.of("/proc/self/io");
    private static final Path MAPPINGS = Path.of("/proc/self/maps");
    private static final Path DESCRIPTORS = Path.of("/proc/self/fd");
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

    /**
     * Files, sockets and the like that this process has open.
     *
     * @return their number, or -1 if unknown
     */
    public static long openDescriptors() {
        long count = 0;
        try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(DESCRIPTORS)) {
            var each = descriptors.iterator();
            while (each.hasNext()) {
                each.next();
                count++;
            }
        } catch (IOException elsewhere) {
            return UNKNOWN;
        }
        return count - 1; // the listing has one itself
    }

    /**
     * Ranges of addresses that are mapped.
     *
     * @return their number, or -1 if unknown
     */
    public static long mappings() {
        byte[] buffer = new byte[16 << 10];
        long lines = 0;
        try (InputStream maps = Files.newInputStream(MAPPINGS)) {
            for (int read = maps.read(buffer); read > 0; read = maps.read(buffer)) {
                for (int i = 0; i < read; i++) {
                    lines += buffer[i] == '\n' ? 1 : 0;
                }
            }
        } catch (IOException elsewhere) {
            return UNKNOWN;
        }
        return lines;
    }

    /**
     * Bytes that this process has caused to be sent to storage so far: pages it made dirty, each
     * time anew after they were written out.
     *
     * @return bytes, or -1 if unknown
     */
    public static long writtenBytes() {
        return number(IO, "write_bytes:");
    }

    private static long read(String name) {
        long kibibytes = number(STATUS, name);
        return kibibytes < 0 ? UNKNOWN : kibibytes << 10;
    }

    private static long number(Path file, String name) {
        try {
            for (String line : Files.readAllLines(file)) {
                if (line.startsWith(name)) {
                    return Long.parseLong(line.substring(name.length()).strip().split(" ", 2)[0]);
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
