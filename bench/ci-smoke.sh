#!/usr/bin/env bash
# Fails when a hot path begins to allocate on the heap; about two minutes. Names the benchmark and its figure.
#
# Options: --warmups N and --iterations N, for a machine that is too busy to compile the code in time.
set -eu
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
# Allocation is counted, not timed: another JMH run on this machine does no harm.
BENCH_NAME=bench/ci-smoke.sh exec "$here/java" -Djmh.ignoreLock=true io.raftengine.bench.AllocationCheck "$@"
