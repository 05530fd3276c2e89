package io.raftengine.it.interop;

import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/**
 * Finds the program around the real engine: where the property {@code raftengine.reference} says,
 * else where cargo puts it under {@code bench/reference}, else built there if {@code
 * raftengine.buildReference} is true. Tests that need it are skipped where it is missing, and say
 * why.
 */
final class ReferenceBinary {
    private static final int BUILD_MINUTES_MAX = 15;

    private ReferenceBinary() {}

    static synchronized Path find() {
        String named = System.getProperty("raftengine.reference", "");
        if (!named.isEmpty()) {
            Path binary = Path.of(named);
            if (!Files.isExecutable(binary)) {
                throw new AssertionError("raftengine.reference names no program: " + binary);
            }
            return binary;
        }
        Path project = top().resolve("bench/reference");
        Path binary = project.resolve("target/release/reference-driver");
        if (!Files.isExecutable(binary) && Boolean.getBoolean("raftengine.buildReference")) {
            build(project);
        }
        if (!Files.isExecutable(binary)) {
            abort(
                    "the real engine is not built: "
                            + binary
                            + " is missing; run `cargo build --release` in bench/reference, or"
                            + " -Draftengine.buildReference=true, or -Draftengine.reference=PROGRAM");
        }
        return binary;
    }

    static Path top() {
        String top = System.getProperty("raftengine.top");
        return top == null ? Path.of("").toAbsolutePath().getParent() : Path.of(top);
    }

    private static void build(Path project) {
        try {
            Process cargo =
                    new ProcessBuilder("cargo", "build", "--release", "--quiet")
                            .directory(project.toFile())
                            .redirectErrorStream(true)
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .start();
            if (!cargo.waitFor(BUILD_MINUTES_MAX, TimeUnit.MINUTES)) {
                cargo.destroyForcibly();
                throw new AssertionError("cargo takes more than " + BUILD_MINUTES_MAX + " minutes");
            }
            if (cargo.exitValue() != 0) {
                throw new AssertionError("cargo build failed in " + project);
            }
        } catch (IOException noCargo) {
            abort("neither the real engine nor cargo is there: " + noCargo.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UncheckedIOException(new IOException(e));
        }
    }
}
