/**
 * One queue of segments: active, sealed, recycled, reserved. Knows nothing of groups and entries.
 */
package io.raftengine.log.segment;
