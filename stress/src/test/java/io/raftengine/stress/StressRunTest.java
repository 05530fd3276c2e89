package io.raftengine.stress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonGenerator;
import io.raftengine.engine.EngineConfig;
import io.raftengine.engine.EngineStatistics;
import io.raftengine.engine.RaftEngine;
import io.raftengine.tools.JsonLines;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class StressRunTest {
    @TempDir Path data;

    /** What the system says at its limit of threads. */
    private static final class RefusedThread extends Thread {
        @Override
        public synchronized void start() {
            throw new OutOfMemoryError("unable to create native thread");
        }
    }

    @Test
    void aThreadThatCannotBeStartedEndsTheRunAndTheOthers() {
        StressOptions options = new StressOptions();
        new CommandLine(options).parseArgs("--path", data.toString(), "--write-threads", "4");
        EngineConfig config = options.engineConfig();
        List<Thread> made = new ArrayList<>();
        ThreadFactory thirdRefused =
                worker -> {
                    made.add(made.size() == 2 ? new RefusedThread() : new Thread(worker));
                    return made.getLast();
                };
        try (RaftEngine engine = RaftEngine.open(config)) {
            StressRun run = new StressRun(options, config, engine, thirdRefused);

            assertThatThrownBy(run::execute)
                    .isInstanceOf(OutOfMemoryError.class)
                    .hasMessageContaining("native thread");

            assertThat(made).hasSize(3).noneMatch(Thread::isAlive);
            assertThat(engine.statistics().batches()).isZero();
        }
    }

    @Test
    void writesPurgesAndSamplesOfTheWarmUpAreDoneAndNotCounted() throws Exception {
        StressOptions options = new StressOptions();
        new CommandLine(options)
                .parseArgs(
                        "--path",
                        data.toString(),
                        "--warm-up",
                        "1",
                        "--time",
                        "0.2",
                        "--write-ops-per-thread",
                        "100",
                        "--purge-interval",
                        "0.05",
                        "--sample-interval",
                        "0.05");
        EngineConfig config = options.engineConfig();
        try (RaftEngine engine = RaftEngine.open(config)) {
            StressRun run = new StressRun(options, config, engine);

            run.execute();

            EngineStatistics all = engine.statistics();
            assertThat(run.writeFigures().ops).isEqualTo(20);
            assertThat(all.batches()).isGreaterThan(20);
            assertThat(run.engineBefore().batches()).isPositive();
            assertThat(run.purgeFigures().purges).isLessThan(all.purges());
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            try (JsonGenerator json = JsonLines.generator(out)) {
                json.writeStartObject();
                run.samples().writeJson(json, run.engineBefore().batches());
                json.writeEndObject();
            }
            assertThat(out.toString(StandardCharsets.UTF_8))
                    .contains("\"s\":")
                    .doesNotContain("\"s\":-", "\"batches\":-");
        }
    }
}
