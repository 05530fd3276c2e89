/** Admin commands, and the one entry point of the launcher. */
package io.raftengine.ctl;
