package io.raftengine.testing.forge;

import io.raftengine.log.io.FileHandle;
import io.raftengine.log.io.FileSystem;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.concurrent.atomic.AtomicLong;

/** Counts what a file system is asked for. Safe for all threads. */
public final class MeteredFileSystem {
    private final AtomicLong bytesRead = new AtomicLong();
    private final AtomicLong reads = new AtomicLong();
    private final FileSystem metered;

    /** Counts the calls to a file system. */
    public MeteredFileSystem(FileSystem inner) {
        metered = proxy(FileSystem.class, inner);
    }

    /** The file system to be used. */
    public FileSystem fileSystem() {
        return metered;
    }

    /** Bytes that reads returned. */
    public long bytesRead() {
        return bytesRead.get();
    }

    /** Calls that read. */
    public long reads() {
        return reads.get();
    }

    private <T> T proxy(Class<T> type, T inner) {
        InvocationHandler handler = (self, method, arguments) -> call(inner, method, arguments);
        Object made = Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler);
        return type.cast(made);
    }

    private Object call(Object inner, Method method, Object[] arguments) throws Throwable {
        Object result;
        try {
            result = method.invoke(inner, arguments);
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
        if (method.getName().equals("read")) {
            reads.incrementAndGet();
            bytesRead.addAndGet((Integer) result);
        }
        return result instanceof FileHandle handle ? proxy(FileHandle.class, handle) : result;
    }
}
