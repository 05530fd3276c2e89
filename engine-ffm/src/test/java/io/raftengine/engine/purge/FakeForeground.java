package io.raftengine.engine.purge;

/** Writers whose doings a test decides. */
final class FakeForeground implements Foreground {
    long groups;
    long synced;
    long syncedNanos;
    boolean busy;

    /** So many synced groups, each of which took so long. */
    void sync(long count, long nanosEach) {
        groups += count;
        synced += count;
        syncedNanos += count * nanosEach;
    }

    @Override
    public long groups() {
        return groups;
    }

    @Override
    public long syncedGroups() {
        return synced;
    }

    @Override
    public long syncedNanos() {
        return syncedNanos;
    }

    @Override
    public boolean busy() {
        return busy;
    }
}
