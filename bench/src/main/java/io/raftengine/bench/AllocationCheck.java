package io.raftengine.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.BenchmarkResult;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/**
 * Fails when a hot path begins to allocate on the heap (D19).
 *
 * <p>The gc profiler counts all threads of the JVM, so every iteration carries some tens of
 * kilobytes of JMH and of code that is not compiled yet. Noise only ever adds, and not to every
 * iteration, while what an operation allocates is there in each of them: so the figure of a path is
 * the <em>median of its iterations</em>. It is not the least one, which a path that allocates now
 * and then could slip through, and nothing is run a second time. Synced writes run on a file system
 * whose syncs return at once, else a second would hold too few of them to divide the noise by.
 *
 * <p>Before it trusts its own eyes, the check measures {@link PlantedAllocation}: one byte per
 * operation must be seen.
 */
public final class AllocationCheck {
    /**
     * "Nothing": the smallest object has 16 bytes, so one every 32 operations is as much as may
     * escape.
     */
    static final double BYTES_PER_OPERATION_MAX = 0.5;

    private static final String PROFILED = "gc.alloc.rate.norm";

    /** One path's figure. */
    record Figure(String path, double bytesPerOperation) {
        boolean allocates() {
            return !(bytesPerOperation < BYTES_PER_OPERATION_MAX);
        }

        @Override
        public String toString() {
            return String.format(Locale.ROOT, "%-55s %8.3f B/op", path, bytesPerOperation);
        }
    }

    private final int forks;
    private final int warmupIterations;
    private final int iterations;
    private final TimeValue iterationTime;

    AllocationCheck(int forks, int warmupIterations, int iterations, TimeValue iterationTime) {
        this.forks = forks;
        this.warmupIterations = warmupIterations;
        this.iterations = iterations;
        this.iterationTime = iterationTime;
    }

    /**
     * Checks all hot paths.
     *
     * @param args {@code --iterations n} of one second and {@code --warmups n} of two
     * @throws RunnerException a benchmark failed
     */
    public static void main(String[] args) throws RunnerException {
        int iterations = option(args, "--iterations", 5);
        int warmups = option(args, "--warmups", 3);
        AllocationCheck check = new AllocationCheck(1, warmups, iterations, TimeValue.seconds(1));
        if (!check.seesPlantedAllocation()) {
            fail("the check is blind: it did not see an allocation of one byte per operation");
        }
        List<Figure> figures = check.hotPaths();
        figures.forEach(System.out::println);
        String verdict = verdict(figures);
        if (!verdict.isEmpty()) {
            fail(verdict);
        }
        System.out.println("no hot path allocates");
    }

    private static void fail(String why) {
        System.err.println("allocation check: " + why);
        System.exit(1);
    }

    private static int option(String[] args, String name, int otherwise) {
        int at = Arrays.asList(args).indexOf(name);
        return at < 0 ? otherwise : Integer.parseInt(args[at + 1]);
    }

    /** Empty if no path allocates, else a sentence that names those that do. */
    static String verdict(List<Figure> figures) {
        if (figures.isEmpty()) {
            return "nothing was measured";
        }
        List<String> guilty =
                figures.stream()
                        .filter(Figure::allocates)
                        .map(figure ->
                                String.format(
                                        Locale.ROOT,
                                        "%s allocates %.2f B/op, allowed is less than %.1f",
                                        figure.path(),
                                        figure.bytesPerOperation(),
                                        BYTES_PER_OPERATION_MAX))
                        .toList();
        return String.join("; ", guilty);
    }

    /** Whether one byte per operation is told from none. */
    boolean seesPlantedAllocation() throws RunnerException {
        List<Figure> planted = measure(options("PlantedAllocation"));
        return planted.size() == 2
                && planted.stream()
                        .allMatch(figure ->
                                figure.allocates() == figure.path().contains("allocatesOneByte"));
    }

    /** The paths that must not allocate. */
    List<Figure> hotPaths() throws RunnerException {
        List<Figure> figures = new ArrayList<>();
        figures.addAll(
                measure(
                        options("WriteBenchmark\\.(buffered|bufferedBy4|synced|syncedBy4)")
                                .param("entryBytes", "128")
                                .param("deviceSyncs", "false")));
        figures.addAll(measure(options("KeyValueBenchmark\\.(get|getBy4|getAbsent)")));
        figures.addAll(
                measure(
                        options("EntryReadBenchmark\\.(readNewest|readNewestBy4)")
                                .param("compressed", "false")));
        return figures;
    }

    private ChainedOptionsBuilder options(String pattern) {
        return new OptionsBuilder()
                .include("\\." + pattern + (pattern.endsWith(")") ? "$" : "\\."))
                .forks(forks)
                .warmupIterations(warmupIterations)
                .warmupTime(new TimeValue(iterationTime.getTime() * 2, iterationTime.getTimeUnit()))
                .measurementIterations(iterations)
                .measurementTime(iterationTime)
                .addProfiler(GCProfiler.class)
                .jvmArgsAppend(
                        "--enable-native-access=ALL-UNNAMED",
                        "--sun-misc-unsafe-memory-access=allow")
                .verbosity(VerboseMode.SILENT)
                .shouldFailOnError(true);
    }

    private static List<Figure> measure(ChainedOptionsBuilder chain) throws RunnerException {
        Options options = chain.build();
        Collection<RunResult> results = new Runner(options).run();
        List<Figure> figures = new ArrayList<>();
        for (RunResult result : results) {
            String name = result.getParams().getBenchmark();
            String path = name.substring(name.lastIndexOf('.', name.lastIndexOf('.') - 1) + 1);
            figures.add(new Figure(path, median(result)));
        }
        return figures;
    }

    private static double median(RunResult result) {
        double[] sorted =
                result.getBenchmarkResults().stream()
                        .map(BenchmarkResult::getIterationResults)
                        .flatMap(Collection::stream)
                        .mapToDouble(AllocationCheck::allocated)
                        .sorted()
                        .toArray();
        return sorted[sorted.length / 2];
    }

    /** Not a number, which no limit lets pass, where the profiler said nothing. */
    private static double allocated(IterationResult iteration) {
        Result<?> figure = iteration.getSecondaryResults().get(PROFILED);
        return figure == null ? Double.NaN : figure.getScore();
    }
}
