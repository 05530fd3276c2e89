package io.raftengine.engine;

import java.util.function.LongSupplier;

/**
 * Where an engine's time comes from, and who does its background work. Tests that replay a run call
 * by call bring their own clock and take the agent's steps themselves.
 *
 * @param nanoClock nanoseconds, as {@link System#nanoTime}; asked by several threads
 * @param agentThread whether a thread of the engine's own does the background work
 */
record EngineClockwork(LongSupplier nanoClock, boolean agentThread) {
    /** Real time, own thread. */
    static final EngineClockwork REAL = new EngineClockwork(System::nanoTime, true);
}
