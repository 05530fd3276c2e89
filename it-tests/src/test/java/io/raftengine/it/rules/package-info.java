/** Rules that the project itself must keep, read off its classes and its files. Opens no engine. */
package io.raftengine.it.rules;
