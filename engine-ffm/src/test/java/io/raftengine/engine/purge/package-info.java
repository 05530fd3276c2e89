/** Tests of purge's parts on simulated disks. */
package io.raftengine.engine.purge;
