package io.raftengine.engine;

import java.util.List;
import java.util.ResourceBundle;
import java.util.concurrent.CopyOnWriteArrayList;

/** Keeps what is logged and then does what a test wants: most backends of a log can fail. */
final class TestLog implements System.Logger {
    /** What is done with each record. */
    interface Backend {
        void publish(int record);
    }

    private final Backend backend;
    private final List<String> records = new CopyOnWriteArrayList<>();

    TestLog(Backend backend) {
        this.backend = backend;
    }

    /** Throws at each record, in turn what a handler may throw and what it may not. */
    static TestLog broken() {
        return new TestLog(record -> {
            if (record % 2 == 1) {
                throw new IllegalStateException("the log is broken, on purpose");
            }
            throw new OutOfMemoryError("the log is broken, on purpose");
        });
    }

    EngineLog engineLog() {
        return new EngineLog(() -> this);
    }

    /** Level and text of each, oldest first. */
    List<String> records() {
        return records;
    }

    @Override
    public String getName() {
        return "test";
    }

    @Override
    public boolean isLoggable(Level level) {
        return true;
    }

    @Override
    public void log(Level level, ResourceBundle bundle, String text, Throwable thrown) {
        publish(level, text);
    }

    @Override
    public void log(Level level, ResourceBundle bundle, String format, Object... arguments) {
        publish(level, format);
    }

    private void publish(Level level, String text) {
        records.add(level + " " + text);
        backend.publish(records.size());
    }
}
