/** What the command lines share: configuration files, JSON output, command base classes. */
package io.raftengine.tools;
