/**
 * What only the assembled project can show: the modules together on a real directory. Knows public
 * APIs and command lines, nothing behind them.
 */
package io.raftengine.it;
