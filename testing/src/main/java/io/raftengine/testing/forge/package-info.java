/**
 * Makes log files byte by byte, sound or hostile, with right checksums around wrong content: what a
 * test needs to get past the first gate. Knows the format from its description alone and shares no
 * line with the code under test; must not know the engine.
 */
package io.raftengine.testing.forge;
