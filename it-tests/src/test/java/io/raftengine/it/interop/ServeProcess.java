package io.raftengine.it.interop;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A child process that answers one JSON request per line. One thread at a time. */
final class ServeProcess implements AutoCloseable {
    /** Nothing asked of it takes a tenth of that; a hang must fail and not wait. */
    private static final int ANSWER_SECONDS_MAX = 60;

    private static final String END = "";

    private final Process process;
    private final OutputStream requests;
    private final BlockingQueue<String> answers = new LinkedBlockingQueue<>();
    private final Path errors;

    ServeProcess(List<String> command, Path errors) {
        this.errors = errors;
        try {
            process = new ProcessBuilder(command).redirectError(errors.toFile()).start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        requests = process.getOutputStream();
        Thread.ofPlatform().daemon().name("answers of " + process.pid()).start(this::readAnswers);
    }

    private void readAnswers() {
        try (BufferedReader in =
                new BufferedReader(
                        new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                answers.add(line);
            }
        } catch (IOException killed) {
            // What was not read was not acknowledged.
        } finally {
            answers.add(END);
        }
    }

    /** Sends a request without waiting for its answer. */
    void send(String request) {
        try {
            requests.write((request + "\n").getBytes(StandardCharsets.UTF_8));
            requests.flush();
        } catch (IOException e) {
            throw new UncheckedIOException("the child is gone, see " + errors, e);
        }
    }

    /** The next answer; fails when the child has died or hangs. */
    String answer() {
        try {
            String line = answers.poll(ANSWER_SECONDS_MAX, TimeUnit.SECONDS);
            if (line == null || line.equals(END)) {
                throw new AssertionError(
                        (line == null ? "no answer" : "the child died") + ", see " + errors);
            }
            return line;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    String ask(String request) {
        send(request);
        return answer();
    }

    /** SIGKILL; returns when it is gone. */
    void kill() {
        process.destroyForcibly();
        try {
            if (!process.waitFor(ANSWER_SECONDS_MAX, TimeUnit.SECONDS)) {
                throw new AssertionError("it does not die: " + process.pid());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    /** Kills it. Returns whether an answer to the last request had come out before. */
    boolean killAndDrain() {
        kill();
        try {
            String line = answers.poll(ANSWER_SECONDS_MAX, TimeUnit.SECONDS);
            return line != null && line.contains("\"ok\":true");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    @Override
    public void close() {
        try {
            requests.close();
            if (!process.waitFor(ANSWER_SECONDS_MAX, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (IOException alreadyGone) {
            process.destroyForcibly();
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
