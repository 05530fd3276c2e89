/**
 * The one family of errors every module throws and every caller catches.
 *
 * <p>It lives in the lowest module so that each layer throws the final type where the fact is
 * known, and nothing has to be wrapped or translated on the way up. The family is sealed and small:
 * a caller matches on the type, or only on {@link
 * io.raftengine.error.RaftEngineException#advice()}, never on message text.
 *
 * <p>This package knows nothing of files, groups or memory beyond the facts an error carries.
 */
package io.raftengine.error;
