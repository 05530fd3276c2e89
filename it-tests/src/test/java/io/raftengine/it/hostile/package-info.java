/**
 * Directories, files and arguments that nobody sane would hand to an engine, and what it answers:
 * typed errors, bounded memory, nothing changed. Knows the public API and the bytes on disk.
 */
package io.raftengine.it.hostile;
