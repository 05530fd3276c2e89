package io.raftengine.testing.fs;

import static io.raftengine.testing.fs.PagedBytes.PAGE_BYTES;
import static io.raftengine.testing.fs.PagedBytes.SECTORS_PER_PAGE;
import static io.raftengine.testing.fs.PagedBytes.SECTOR_BYTES;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;

/**
 * The content of one simulated file: the cache, the platter, and the pending difference.
 *
 * <pre>
 *            write, truncate                        sync
 *    program ---------------> cache + pending ----------------> platter
 *                               |       |                          |
 *                  read  <------+       +---- any part of it ------+-----> crash image
 * </pre>
 *
 * <p>Pending are <em>versions</em> of sectors, since write-back may have taken any of the states a
 * sector went through, and changes of the size, which land in their order. A cut that landed wipes
 * older versions behind it. Guarded by the file system's lock.
 */
final class FileContent {
    /** More versions of one sector add nothing; the oldest and the newest are always kept. */
    private static final int VERSIONS_MAX = 8;

    private record Version(long tick, byte[] bytes) {}

    private record SizeChange(long tick, long size, boolean byWrite) {}

    private PagedBytes cache;
    private final PagedBytes platter;

    /**
     * What the platter's blocks held before the file was cut; shows through where a file grows
     * without its data.
     */
    private final PagedBytes formerLife;

    private final TreeMap<Long, List<Version>> pendingSectors = new TreeMap<>();
    private final List<SizeChange> pendingSizes = new ArrayList<>();

    /** Pages of which the cache shows bytes that were dropped by a failed sync. */
    private final BitSet droppedPages = new BitSet();

    /** Write-back errors so far; a handle that has seen fewer reports one at its next sync. */
    long errors;

    FileContent() {
        this(new PagedBytes(), new PagedBytes());
    }

    private FileContent(PagedBytes platter, PagedBytes formerLife) {
        this.platter = platter;
        this.formerLife = formerLife;
        cache = platter.snapshot();
    }

    // ---- what programs do ---------------------------------------------------------------------

    long size() {
        return cache.size();
    }

    PagedBytes cache() {
        return cache;
    }

    PagedBytes platter() {
        return platter;
    }

    boolean hasPendingWork() {
        return !pendingSectors.isEmpty() || !pendingSizes.isEmpty();
    }

    void write(long address, int length, long offset, long tick) {
        cache.write(offset, address, length);
        if (offset + length > cache.size()) {
            changeSize(offset + length, true, tick);
        }
        long last = (offset + length - 1) / SECTOR_BYTES;
        for (long sector = offset / SECTOR_BYTES; sector <= last; sector++) {
            List<Version> versions =
                    pendingSectors.computeIfAbsent(sector, absent -> new ArrayList<>(1));
            if (versions.size() == VERSIONS_MAX) {
                versions.remove(VERSIONS_MAX / 2);
            }
            versions.add(new Version(tick, cache.sector(sector)));
        }
    }

    void truncate(long size, long tick) {
        if (size != cache.size()) {
            changeSize(size, false, tick);
        }
    }

    /** Takes over all bytes that programs see of another file; pending, as if written. */
    void cloneOf(FileContent original, long tick) {
        cache = original.cache.snapshot();
        if (cache.size() > 0) {
            pendingSizes.add(new SizeChange(tick, cache.size(), true));
        }
        for (int page = 0; page < cache.pageLimit(); page++) {
            for (int i = 0; cache.present(page) && i < SECTORS_PER_PAGE; i++) {
                long sector = (long) page * SECTORS_PER_PAGE + i;
                List<Version> only = new ArrayList<>(1);
                only.add(new Version(tick, cache.sector(sector)));
                pendingSectors.put(sector, only);
            }
        }
    }

    /** Takes space for a range, growing the file over it. */
    void allocate(long offset, long length, long tick) {
        for (int page = PagedBytes.pageIndex(offset);
                page < PagedBytes.pageCount(offset + length);
                page++) {
            cache.reserve(page);
        }
        if (offset + length > cache.size()) {
            changeSize(offset + length, false, tick);
        }
    }

    private void changeSize(long size, boolean byWrite, long tick) {
        cache.setSize(size);
        pendingSizes.add(new SizeChange(tick, size, byWrite));
    }

    // ---- sync ---------------------------------------------------------------------------------

    /** Everything pending reaches the platter. */
    void sync() {
        landSizes(pendingSizes.size());
        for (long sector : pendingSectors.keySet()) {
            landSector(sector);
        }
        // The loop skips what lies behind the end; a dropped change of the size is made good here.
        platter.setSize(cache.size());
        pendingSectors.clear();
    }

    /**
     * A part of the pending sectors reaches the platter, the rest is forgotten and nobody will
     * write it again.
     */
    void failSync(boolean cacheReverts, SplittableRandom random) {
        for (long sector : pendingSectors.keySet()) {
            if (random.nextBoolean()) {
                byte[] bytes = cache.sector(sector);
                platter.write(sector * SECTOR_BYTES, bytes, 0, SECTOR_BYTES);
            }
            droppedPages.set((int) (sector / SECTORS_PER_PAGE));
        }
        pendingSectors.clear();
        if (cacheReverts) {
            // The size is metadata and stays as it was: what is missing reads as a hole.
            long size = cache.size();
            cache = platter.snapshot();
            cache.setSize(size);
            droppedPages.clear();
        }
        errors++;
    }

    private void landSizes(int count) {
        for (int i = 0; i < count; i++) {
            long size = pendingSizes.get(i).size();
            if (size < platter.size()) {
                rememberFormerLife(size, platter);
            }
            platter.setSize(size);
        }
        pendingSizes.subList(0, count).clear();
    }

    private void rememberFormerLife(long from, PagedBytes bytes) {
        for (int page = PagedBytes.pageIndex(from); page < bytes.pageLimit(); page++) {
            if (bytes.present(page)) {
                formerLife.sharePage(bytes, page);
            }
        }
    }

    private void landSector(long sector) {
        int page = (int) (sector / SECTORS_PER_PAGE);
        if (sector * SECTOR_BYTES >= cache.size()) {
            return;
        }
        if (!droppedPages.get(page)) {
            platter.sharePage(cache, page);
        } else {
            // The page also holds bytes that a failed sync dropped; those stay away from the
            // platter.
            platter.write(sector * SECTOR_BYTES, cache.sector(sector), 0, SECTOR_BYTES);
        }
    }

    // ---- crash --------------------------------------------------------------------------------

    /** What a power cut leaves of this file. */
    FileContent crashImage(CrashChoices choices) {
        PagedBytes image = platter.snapshot();
        if (hasPendingWork()) {
            long[] holes = landSomeSizes(image, choices);
            fillHole(image, holes[0], holes[1], choices);
            landSomeSectors(image, (int) holes[2], choices);
        }
        return new FileContent(image, formerLife.snapshot());
    }

    /**
     * Returns the range that the file has grown over by writing, and the number of size changes
     * that landed.
     */
    private long[] landSomeSizes(PagedBytes image, CrashChoices choices) {
        int landed = choices.prefix(pendingSizes.size());
        long holeStart = 0;
        long holeEnd = 0;
        for (int i = 0; i < landed; i++) {
            SizeChange change = pendingSizes.get(i);
            if (change.size() > image.size() && change.byWrite()) {
                holeStart = holeEnd == 0 ? image.size() : Math.min(holeStart, image.size());
                holeEnd = change.size();
            } else if (change.size() < holeEnd) {
                holeEnd = change.size();
                holeStart = Math.min(holeStart, holeEnd);
            }
            image.setSize(change.size());
        }
        if (landed < pendingSizes.size()) {
            SizeChange next = pendingSizes.get(landed);
            long sectors = (next.size() - image.size()) / SECTOR_BYTES;
            // A long write grows the file step by step.
            if (next.byWrite() && sectors >= 2 && choices.pick(2) == 1) {
                long step = 1 + choices.pick((int) Math.min(sectors - 1, 4096));
                long size = (image.size() / SECTOR_BYTES + step) * SECTOR_BYTES;
                holeStart = holeEnd == 0 ? image.size() : Math.min(holeStart, image.size());
                holeEnd = size;
                image.setSize(size);
            }
        }
        return new long[] {holeStart, holeEnd, landed};
    }

    private void fillHole(PagedBytes image, long start, long end, CrashChoices choices) {
        if (start >= end) {
            return;
        }
        switch (choices.fill()) {
            case ZEROS -> {}
            case NOISE -> {
                SplittableRandom random = new SplittableRandom(choices.noise());
                byte[] noise = new byte[SECTOR_BYTES];
                for (long at = start; at < end; at += SECTOR_BYTES) {
                    random.nextBytes(noise);
                    image.write(at, noise, 0, (int) Math.min(SECTOR_BYTES, end - at));
                }
            }
            case OLD_LIFE -> {
                byte[] old = new byte[PAGE_BYTES];
                for (long at = start; at < end; at += PAGE_BYTES) {
                    int n = (int) Math.min(PAGE_BYTES, end - at);
                    formerLife.read(at, old, 0, n);
                    image.write(at, old, 0, n);
                }
            }
        }
    }

    private void landSomeSectors(PagedBytes image, int landedSizes, CrashChoices choices) {
        long sectorEnd = (image.size() + SECTOR_BYTES - 1) / SECTOR_BYTES;
        var within = pendingSectors.headMap(sectorEnd);
        int count = within.size();
        int position = 0;
        for (Map.Entry<Long, List<Version>> pending : within.entrySet()) {
            if (choices.lands(position++, count)) {
                List<Version> versions = pending.getValue();
                // Counted from the newest, which is by far the likeliest.
                int back = choices.pick(versions.size());
                Version version = versions.get(versions.size() - 1 - back);
                land(image, pending.getKey(), version, landedSizes);
            }
        }
    }

    private void land(PagedBytes image, long sector, Version version, int landedSizes) {
        long start = sector * SECTOR_BYTES;
        int keep = (int) Math.min(SECTOR_BYTES, image.size() - start);
        byte[] bytes = version.bytes();
        for (int i = landedSizes - 1; i >= 0 && pendingSizes.get(i).tick() > version.tick(); i--) {
            long cut = pendingSizes.get(i).size() - start;
            if (cut < keep) {
                // The version is older than a cut that landed: what lay behind the cut is gone.
                bytes = bytes == version.bytes() ? bytes.clone() : bytes;
                Arrays.fill(bytes, (int) Math.max(0, cut), keep, (byte) 0);
            }
        }
        image.write(start, bytes, 0, keep);
    }

    // ---- damage at rest -----------------------------------------------------------------------

    /** Changes bytes in the cache and on the platter alike, past everything pending. */
    void damage(long offset, byte[] bytes) {
        cache.write(offset, bytes, 0, bytes.length);
        platter.write(offset, bytes, 0, bytes.length);
        for (long sector = offset / SECTOR_BYTES;
                sector <= (offset + bytes.length - 1) / SECTOR_BYTES;
                sector++) {
            pendingSectors.remove(sector);
        }
    }
}
