package io.raftengine.testing.fs;

import io.raftengine.allocator.Memory;
import java.util.Arrays;
import java.util.BitSet;

/**
 * The bytes of a file in pages, copied on write. Snapshots and syncs share pages instead of copying
 * bytes, so that an image of a disk costs little more than what differs. Not safe for threads; its
 * file system's lock guards it.
 *
 * <p>A page is in one of three states: absent (a hole, reads as zeros, takes no space), shared
 * (never written again by anybody), owned (only this object refers to it).
 */
final class PagedBytes {
    static final int PAGE_BYTES = 4096;
    static final int SECTOR_BYTES = 512;
    static final int SECTORS_PER_PAGE = PAGE_BYTES / SECTOR_BYTES;

    /** Space that is reserved and reads as zeros. Shared by all, never written. */
    private static final byte[] ZERO_PAGE = new byte[PAGE_BYTES];

    private byte[][] pages;
    private final BitSet owned = new BitSet();
    private int presentPages;
    private long size;

    PagedBytes() {
        pages = new byte[0][];
    }

    private PagedBytes(PagedBytes source) {
        pages = source.pages.clone();
        presentPages = source.presentPages;
        size = source.size;
        source.owned.clear();
    }

    /** The same bytes; both sides share all pages from now on. */
    PagedBytes snapshot() {
        return new PagedBytes(this);
    }

    long size() {
        return size;
    }

    long spaceBytes() {
        return (long) presentPages * PAGE_BYTES;
    }

    /** Cuts, so that bytes behind the new end are forgotten, or grows by a hole. */
    void setSize(long newSize) {
        if (newSize < size) {
            int firstGone = pageCount(newSize);
            for (int page = firstGone; page < pages.length; page++) {
                if (pages[page] != null) {
                    pages[page] = null;
                    presentPages--;
                }
            }
            owned.clear(firstGone, Math.max(firstGone, pages.length));
            if (pages.length > firstGone) {
                pages = Arrays.copyOf(pages, firstGone);
            }
            int within = (int) (newSize % PAGE_BYTES);
            if (within != 0 && firstGone <= pages.length && pages[firstGone - 1] != null) {
                byte[] last = writable(firstGone - 1);
                Arrays.fill(last, within, PAGE_BYTES, (byte) 0);
            }
        }
        size = newSize;
    }

    void read(long position, byte[] target, int offset, int length) {
        int done = 0;
        while (done < length) {
            byte[] page = pageAt(position + done);
            int within = (int) ((position + done) % PAGE_BYTES);
            int n = Math.min(PAGE_BYTES - within, length - done);
            System.arraycopy(page, within, target, offset + done, n);
            done += n;
        }
    }

    void read(long position, long address, int length) {
        int done = 0;
        while (done < length) {
            byte[] page = pageAt(position + done);
            int within = (int) ((position + done) % PAGE_BYTES);
            int n = Math.min(PAGE_BYTES - within, length - done);
            Memory.copyFromArray(page, within, address + done, n);
            done += n;
        }
    }

    /** Writes without changing the size; the caller grows it. */
    void write(long position, byte[] source, int offset, int length) {
        int done = 0;
        while (done < length) {
            int within = (int) ((position + done) % PAGE_BYTES);
            int n = Math.min(PAGE_BYTES - within, length - done);
            System.arraycopy(
                    source, offset + done, writable(pageIndex(position + done)), within, n);
            done += n;
        }
    }

    /** Writes without changing the size; the caller grows it. */
    void write(long position, long address, int length) {
        int done = 0;
        while (done < length) {
            int within = (int) ((position + done) % PAGE_BYTES);
            int n = Math.min(PAGE_BYTES - within, length - done);
            Memory.copyToArray(address + done, writable(pageIndex(position + done)), within, n);
            done += n;
        }
    }

    byte[] sector(long sector) {
        byte[] bytes = new byte[SECTOR_BYTES];
        read(sector * SECTOR_BYTES, bytes, 0, SECTOR_BYTES);
        return bytes;
    }

    /** Takes over a whole page of {@code source}; the page is shared from now on. */
    void sharePage(PagedBytes source, int page) {
        source.owned.clear(page);
        put(page, page < source.pages.length ? source.pages[page] : null);
    }

    /** Whether a page takes space. */
    boolean present(int page) {
        return page < pages.length && pages[page] != null;
    }

    /** The first position at or behind {@code from} in a page that was written; else the end. */
    long dataFrom(long from) {
        for (long at = from; at < size; at = (at / PAGE_BYTES + 1) * PAGE_BYTES) {
            if (at / PAGE_BYTES >= pages.length) {
                return size;
            }
            byte[] page = pages[(int) (at / PAGE_BYTES)];
            if (page != null && page != ZERO_PAGE) {
                return at;
            }
        }
        return Math.max(from, size);
    }

    /** Makes a hole take space; it still reads as zeros. */
    void reserve(int page) {
        if (!present(page)) {
            put(page, ZERO_PAGE);
        }
    }

    static int pageIndex(long position) {
        return Math.toIntExact(position / PAGE_BYTES);
    }

    /** How many pages bytes [0, size) touch. */
    static int pageCount(long size) {
        return Math.toIntExact((size + PAGE_BYTES - 1) / PAGE_BYTES);
    }

    /** Pages that are there, for whoever wants to skip holes. */
    int pageLimit() {
        return pages.length;
    }

    private byte[] pageAt(long position) {
        long index = position / PAGE_BYTES;
        byte[] page = index < pages.length ? pages[(int) index] : null;
        return page == null ? ZERO_PAGE : page;
    }

    private byte[] writable(int page) {
        if (!owned.get(page)) {
            byte[] present = page < pages.length ? pages[page] : null;
            put(page, present == null ? new byte[PAGE_BYTES] : present.clone());
            owned.set(page);
        }
        return pages[page];
    }

    private void put(int page, byte[] bytes) {
        if (page >= pages.length) {
            if (bytes == null) {
                return;
            }
            // Grown in steps: a file written byte by byte must not copy its page table for each
            // page.
            pages = Arrays.copyOf(pages, Math.max(page + 1, pages.length + pages.length / 2));
        }
        if (pages[page] == null && bytes != null) {
            presentPages++;
        } else if (pages[page] != null && bytes == null) {
            presentPages--;
        }
        pages[page] = bytes;
        owned.clear(page);
    }
}
