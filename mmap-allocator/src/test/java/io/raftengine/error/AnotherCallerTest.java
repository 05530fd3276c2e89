package io.raftengine.error;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** An error that befell several callers is copied for each of them. */
class AnotherCallerTest {
    private static final Exception BELOW = new Exception("what lies below");

    private static final List<RaftEngineException> FAMILY =
            List.of(
                    new BatchFullException("batch", BELOW),
                    new ClosedException("closed", BELOW),
                    new ConfigException("key", "config"),
                    new CorruptionException("file", 3, "checksum", "1", "2"),
                    new EntryCompactedException("compacted", BELOW),
                    new EntryNotFoundException("missing", BELOW),
                    new InvalidArgumentException("invalid", BELOW),
                    new LockedException("dir", "locked"),
                    new MemoryLimitException(1, 2, 3),
                    new OutOfSpaceException("file", "full"),
                    new PoisonedException("poisoned", BELOW),
                    new StorageException("file", "pread", 5, "Input/output error", BELOW),
                    new UnsupportedFeatureException("unsupported", BELOW));

    @Test
    void theWholeFamilyIsLookedAt() {
        Set<Class<?>> types = new HashSet<>();
        FAMILY.forEach(error -> types.add(error.getClass()));
        assertThat(types).isEqualTo(Set.of(RaftEngineException.class.getPermittedSubclasses()));
    }

    @Test
    void aCopySaysTheSameAndNamesWhatFailedFirst() throws ReflectiveOperationException {
        for (RaftEngineException first : FAMILY) {
            RaftEngineException copy = first.forAnotherCaller();
            assertThat(copy)
                    .hasSameClassAs(first)
                    .isNotSameAs(first)
                    .hasMessage(first.getMessage())
                    .hasCause(first);
            for (Method method : first.getClass().getDeclaredMethods()) {
                if (Modifier.isPublic(method.getModifiers())
                        && method.getParameterCount() == 0
                        && !method.getName().equals("forAnotherCaller")) {
                    assertThat(method.invoke(copy))
                            .as("%s", method)
                            .isEqualTo(method.invoke(first));
                }
            }
        }
    }

    @Test
    void whatIsAddedToACopyIsNotAddedToTheOthers() {
        RaftEngineException first = new OutOfSpaceException("file", "full");
        RaftEngineException one = first.forAnotherCaller();
        RaftEngineException other = first.forAnotherCaller();
        one.addSuppressed(BELOW);
        assertThat(other).hasNoSuppressedExceptions();
        assertThat(first).hasNoSuppressedExceptions();
    }
}
