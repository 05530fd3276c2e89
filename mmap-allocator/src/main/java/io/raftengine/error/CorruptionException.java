package io.raftengine.error;

/**
 * Bytes that were good once are not good any more, or never came from an engine. Names the file,
 * the offset of the damaged structure, and what was expected and found there. Nothing was changed
 * on disk.
 */
public final class CorruptionException extends RaftEngineException {
    private static final long serialVersionUID = 1L;

    /** Path of the damaged file; empty where the damage was found in memory only. */
    private final String file;

    /** Byte offset of the damaged structure in the file, or -1 where there is none. */
    private final long offset;

    /** What was checked. */
    private final String what;

    /** The expected value or range. */
    private final String expected;

    /** The value found. */
    private final String found;

    /**
     * Damage at a place in a file.
     *
     * @param file path of the file, or an empty string where only bytes are known
     * @param offset byte offset of the damaged structure, or -1
     * @param what what was checked, such as "item checksum"
     * @param expected the expected value or range
     * @param found the value found
     */
    public CorruptionException(
            String file, long offset, String what, String expected, String found) {
        super(
                (file.isEmpty() ? "" : file + ": ")
                        + what
                        + (offset < 0 ? "" : " at offset " + offset)
                        + ": expected "
                        + expected
                        + ", found "
                        + found,
                null);
        this.file = file;
        this.offset = offset;
        this.what = what;
        this.expected = expected;
        this.found = found;
    }

    private CorruptionException(CorruptionException first) {
        super(first.getMessage(), first);
        this.file = first.file;
        this.offset = first.offset;
        this.what = first.what;
        this.expected = first.expected;
        this.found = first.found;
    }

    /**
     * The damaged file.
     *
     * @return its path, or an empty string where only bytes were known
     */
    public String file() {
        return file;
    }

    /**
     * Where the damaged structure begins.
     *
     * @return a byte offset, or -1
     */
    public long offset() {
        return offset;
    }

    /**
     * What was checked.
     *
     * @return a short noun phrase
     */
    public String what() {
        return what;
    }

    /**
     * The expected value or range.
     *
     * @return readable text
     */
    public String expected() {
        return expected;
    }

    /**
     * The value found.
     *
     * @return readable text
     */
    public String found() {
        return found;
    }

    @Override
    public Advice advice() {
        return Advice.REPAIR;
    }

    @Override
    public CorruptionException forAnotherCaller() {
        return new CorruptionException(this);
    }
}
