/** Group commit: one group in flight, one write and one sync for all its callers. */
package io.raftengine.engine.commit;
