/** JMH benchmarks of the engine. */
package io.raftengine.bench;
