/** From a location to the bytes of an entry; the block cache. */
package io.raftengine.engine.read;
