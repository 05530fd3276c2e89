/** File systems for tests: simulated disk, faults on demand. */
package io.raftengine.testing.fs;
