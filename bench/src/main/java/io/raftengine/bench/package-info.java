/**
 * Measures the engine through its public API: JMH benchmarks, the check that hot paths allocate
 * nothing, resident memory per entry and per group, and profiles.
 *
 * <p>Runs on the class path, where JMH can live. Nothing else depends on this package, and it must
 * know no package of the engine that users cannot see, so that a figure is what a user gets.
 */
package io.raftengine.bench;
