/** What the engine should answer: a model made of maps, and the scripts it is driven with. */
package io.raftengine.testing.model;
