/**
 * What goes wrong in code that is not the engine's own: its users' and the libraries'. Without
 * state, so for all threads; must not know the engine.
 */
package io.raftengine.testing.errors;
