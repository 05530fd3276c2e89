/** Byte formats, a class per structure. Knows no files, only sources of bytes. */
package io.raftengine.log.format;
