/**
 * Looks a directory over without changing it: every segment batch by batch, past all damage, and
 * what the damage means for the groups.
 *
 * <p>{@link io.raftengine.ctl.check.DirectoryCheck} is the main type; {@link
 * io.raftengine.ctl.check.SegmentCheck} walks one segment, {@link
 * io.raftengine.ctl.check.GroupStates} follows the groups. Findings go to a {@link
 * io.raftengine.ctl.check.Findings}. For one thread.
 *
 * <p>This package must not write to a file, and must not know how findings are printed.
 */
package io.raftengine.ctl.check;
