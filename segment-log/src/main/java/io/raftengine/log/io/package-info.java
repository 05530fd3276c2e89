/** The file system as the engine sees it. Knows nothing of what is in the files. */
package io.raftengine.log.io;
