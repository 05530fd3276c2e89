package io.raftengine.testing.fs;

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
                    Object result = call(inner, method, arguments);
                    return result instanceof FileHandle handle ? over(handle) : result;
                });
    }

    private static FileHandle over(FileHandle inner) {
        return proxy(
                FileHandle.class,
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
