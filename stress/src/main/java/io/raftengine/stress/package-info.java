/** The load generator. */
package io.raftengine.stress;
