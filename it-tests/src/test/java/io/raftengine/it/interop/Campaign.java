package io.raftengine.it.interop;

import io.raftengine.testing.model.Operation;
import io.raftengine.testing.model.ScriptGenerator;
import io.raftengine.testing.model.ScriptJson;
import io.raftengine.testing.model.ScriptProfile;
import io.raftengine.testing.model.ScriptShrinker;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/**
 * Many scripts of one direction. Script {@code n} has the seed {@code base + n}, which decides
 * script, settings and all choices on the way; {@code -Draftengine.scale=0 -Draftengine.seed=S}
 * runs the script of that seed alone.
 */
final class Campaign {
    private static final int WORKERS = 2;
    private static final int ILLEGAL_PERCENT = 5;
    private static final int SHRINK_TRIES_MAX = 400;
    private static final long SEED_DEFAULT = 20_261_121;

    /** A direction: what is done with a script. */
    @FunctionalInterface
    interface Direction {
        void run(ScriptRun run, List<Operation> script);
    }

    /**
     * A kind of script.
     *
     * @param storagePercent share of purges, rewrites and rotations
     */
    record History(ScriptProfile profile, int operations, int storagePercent) {}

    private final String name;
    private final Direction direction;
    private final List<History> histories;
    private final boolean refusals;
    private final Path temp;
    private final Path binary;
    private final Tally tally = new Tally();

    Campaign(
            String name,
            Direction direction,
            List<History> histories,
            boolean refusals,
            Path temp,
            Path binary) {
        this.name = name;
        this.direction = direction;
        this.histories = histories;
        this.refusals = refusals;
        this.temp = temp;
        this.binary = binary;
    }

    static long seed() {
        String seed = System.getProperty("raftengine.seed", "");
        return seed.isEmpty() ? SEED_DEFAULT : Long.parseLong(seed);
    }

    static int scaled(int count) {
        double scale = Double.parseDouble(System.getProperty("raftengine.scale", "1"));
        return (int) Math.max(1, Math.round(count * scale));
    }

    /** Runs so many scripts, times the scale; fails with the first one that fails, made small. */
    Tally run(int count) {
        int scripts = scaled(count);
        AtomicInteger next = new AtomicInteger();
        ExecutorService workers = Executors.newFixedThreadPool(WORKERS);
        try {
            List<Future<?>> done = new ArrayList<>();
            for (int i = 0; i < WORKERS; i++) {
                int worker = i;
                done.add(workers.submit(() -> work(worker, scripts, next)));
            }
            for (Future<?> each : done) {
                each.get();
            }
        } catch (ExecutionException failed) {
            throw failed.getCause() instanceof AssertionError e
                    ? e
                    : new AssertionError(name, failed.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        } finally {
            workers.shutdownNow();
        }
        System.out.println(name + ", seed " + seed() + ": " + tally);
        return tally;
    }

    private void work(int worker, int scripts, AtomicInteger next) {
        try (LocalEngine ours = new LocalEngine();
                ServedEngine reference = reference(worker)) {
            for (int n = next.getAndIncrement(); n < scripts; n = next.getAndIncrement()) {
                long seed = seed() + n;
                List<Operation> script = script(seed);
                Throwable failure = attempt(seed, script, ours, reference, tally);
                if (failure != null) {
                    next.set(scripts);
                    throw report(worker, seed, script, failure);
                }
                tally.scripts.increment();
            }
        }
    }

    private ServedEngine reference(int worker) {
        return ServedEngine.reference(binary, temp.resolve(name + worker + ".stderr"));
    }

    private List<Operation> script(long seed) {
        History history = histories.get(Math.floorMod(seed, histories.size()));
        return new ScriptGenerator(history.profile(), seed)
                .reopens(2)
                .storageOperations(history.storagePercent())
                .illegalWrites(refusals ? ILLEGAL_PERCENT : 0)
                .generate(history.operations());
    }

    /** Runs a script in a directory of its own; null if all went well. */
    private Throwable attempt(
            long seed, List<Operation> script, LocalEngine ours, ServedEngine reference, Tally to) {
        Path dir = temp.resolve(name + "-" + seed);
        try {
            Files.createDirectory(dir);
            direction.run(new ScriptRun(seed, dir, ours, reference, to), script);
            return null;
        } catch (AssertionError | RuntimeException failure) {
            keep(dir);
            ours.close();
            reference.close();
            return failure;
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

    private AssertionError report(
            int worker, long seed, List<Operation> script, Throwable failure) {
        List<Operation> small;
        Throwable[] last = {failure};
        try (LocalEngine ours = new LocalEngine();
                ServedEngine reference = reference(worker)) {
            small =
                    new ScriptShrinker(
                                    candidate -> {
                                        Throwable again =
                                                attempt(
                                                        seed,
                                                        candidate,
                                                        ours,
                                                        reference,
                                                        new Tally());
                                        if (again != null) {
                                            last[0] = again;
                                        }
                                        return again != null;
                                    },
                                    SHRINK_TRIES_MAX)
                            .shrink(script);
        }
        return new AssertionError(
                name
                        + " fails with seed "
                        + seed
                        + ": "
                        + failure.getMessage()
                        + "\nreplay: mvn verify -pl it-tests -am -Dit.test='ReferenceInteropIT#"
                        + name
                        + "' -Draftengine.seed="
                        + seed
                        + " -Draftengine.scale=0\nsmall script, which fails with: "
                        + last[0].getMessage()
                        + "\n"
                        + ScriptJson.print(small),
                failure);
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
}
