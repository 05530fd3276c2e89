/** What is common to tests that draw what they do: where their seed comes from. */
package io.raftengine.testing.campaign;
