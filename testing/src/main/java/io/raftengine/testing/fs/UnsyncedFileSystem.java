package io.raftengine.testing.fs;

import io.raftengine.log.io.DirectoryHandle;
import io.raftengine.log.io.FileHandle;
import io.raftengine.log.io.FileSystem;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;

/**
 * A file system whose syncs return at once, for tests that open thousands of directories and cut no
 * power.
 */
public final class UnsyncedFileSystem {
    private UnsyncedFileSystem() {}

    /**
     * The same file system without its syncs.
     *
     * @param inner what does everything else
     * @return a view of it
     */
    public static FileSystem over(FileSystem inner) {
        return proxy(
                FileSystem.class,
                (self, method, arguments) -> {
                    if (method.getName().equals("syncDirectory")) {
                        return null;
                    }
                    if (method.getName().equals("openDirectory")) {
                        return unsynced(DirectoryHandle.class, call(inner, method, arguments));
                    }
                    Object result = call(inner, method, arguments);
                    return result instanceof FileHandle handle
                            ? unsynced(FileHandle.class, handle)
                            : result;
                });
    }

    private static <T> T unsynced(Class<T> type, Object inner) {
        return proxy(
                type,
                (self, method, arguments) ->
                        method.getName().equals("sync") ? null : call(inner, method, arguments));
    }

    private static Object call(Object target, Method method, Object[] arguments) throws Throwable {
        try {
            return method.invoke(target, arguments);
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }

    private static <T> T proxy(Class<T> type, InvocationHandler handler) {
        return type.cast(
                Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler));
    }
}
