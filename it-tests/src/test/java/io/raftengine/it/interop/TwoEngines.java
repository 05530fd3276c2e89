package io.raftengine.it.interop;

import io.raftengine.testing.model.Operation;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** Both engines on one real directory, a new one for each script. */
final class TwoEngines implements Campaign.Stage {
    /** A direction: what is done with a script. */
    @FunctionalInterface
    interface Direction {
        void run(ScriptRun run, List<Operation> script);
    }

    private final Direction direction;
    private final Path temp;
    private final LocalEngine ours = new LocalEngine();
    private final ServedEngine reference;

    /**
     * @param temp an existing directory for those of the scripts
     * @param binary the program around the real engine
     */
    TwoEngines(Direction direction, Path temp, Path binary, int worker) {
        this.direction = direction;
        this.temp = temp;
        this.reference = ServedEngine.reference(binary, temp.resolve(worker + ".stderr"));
    }

    @Override
    public void run(Campaign.Play play, Tally tally) {
        Path dir = temp.resolve("seed-" + play.seed());
        try {
            Files.createDirectory(dir);
            boolean referencePurges = play.history().purgers() == Campaign.Purgers.BOTH;
            direction.run(
                    new ScriptRun(play.seed(), dir, ours, reference, tally, referencePurges),
                    play.script());
        } catch (AssertionError | RuntimeException failure) {
            keep(dir);
            ours.close();
            reference.close();
            throw failure;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            delete(dir);
        }
    }

    /** With {@code -Draftengine.keep=DIR} the files of the last failure stay there. */
    private static void keep(Path dir) {
        String keep = System.getProperty("raftengine.keep", "");
        if (keep.isEmpty()) {
            return;
        }
        Path target = Path.of(keep);
        try (Stream<Path> files = Files.list(dir)) {
            if (Files.exists(target)) {
                delete(target);
            }
            Files.createDirectories(target);
            for (Path file : files.toList()) {
                Files.copy(file, target.resolve(file.getFileName().toString()));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static void delete(Path dir) {
        try (Stream<Path> files = Files.walk(dir)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        ours.close();
        reference.close();
    }
}
