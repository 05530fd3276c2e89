/** The public API of the engine. */
package io.raftengine.engine;
