/**
 * Tests of the segment queue that need a simulated disk: here, because the module of the queue
 * cannot use the one of the disk. Knows the queue by its public methods.
 */
package io.raftengine.testing.segment;
