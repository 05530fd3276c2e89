#!/usr/bin/env bash
# Measures the resident memory of the index: per entry, with one and with ten entries per batch, and per idle group.
#
#   bench/memory.sh [options]
#
#   --entries N   entries, in so many groups as --groups says; default 3000000
#   --groups N    default 1000
#   --idle N      idle groups: no entry, one key of 6 bytes with a value of 16; default 1000000
#   --rounds N    fresh JVMs per case; the median is shown; default 3
#   --path DIR    where the data goes; default the build folder of this module
#
# Each figure is what a fresh JVM grew by (anonymous memory in smaps_rollup): once while it wrote the data, once while it
# opened a directory that another process wrote. "budget" is what the engine itself counts. Live figures include the
# engine's fixed buffers of about a megabyte.
set -euo pipefail
# shellcheck source=bench/common.sh
. "$(dirname "$(readlink -f "$0")")/common.sh"

entries=3000000 groups=1000 idle=1000000 rounds=3 path=$here/target
while (($#)); do
    case $1 in
        --entries) entries=$2 ;;
        --groups) groups=$2 ;;
        --idle) idle=$2 ;;
        --rounds) rounds=$2 ;;
        --path) path=$2 ;;
        --help | -h) usage ;;
        *) usage 2 >&2 ;;
    esac
    shift 2 || fail "an option lacks its value"
done
command -v jq >/dev/null || fail "jq is needed"
make_scratch "$path"
figures=$scratch/figures
: >"$figures"

measure() { # mode shape count
    # One malloc arena: memory that the JVM's own threads keep back would be counted as the index's.
    MALLOC_ARENA_MAX=1 BENCH_NAME=bench/memory.sh "$here/java" -Xms64m -Xmx64m -XX:+AlwaysPreTouch -XX:+UseSerialGC \
        io.raftengine.bench.MemoryMeasurement "$1" "$2" "$3" "$groups" "$scratch/data"
}

for shape in single tens idle; do
    count=$entries
    [[ $shape == idle ]] && count=$idle
    for ((round = 1; round <= rounds; round++)); do
        rm -rf "$scratch"/data*
        measure live $shape "$count" >>"$figures"
    done
    rm -rf "$scratch"/data*
    measure fill $shape "$count"
    for ((round = 1; round <= rounds; round++)); do
        measure recovered $shape "$count" >>"$figures"
    done
done

echo "$entries entries in $groups groups, $idle idle groups; medians of $rounds fresh JVMs."
echo
echo "| | target, B | written: resident, B | budget, B | recovered: resident, B | budget, B |"
echo "|---|---:|---:|---:|---:|---:|"
jq -rs "$jq_medians"'
def figure($shape; $mode; f): [.[] | select(.shape == $shape and .mode == $mode) | f] | median | rounded(1);
. as $all | [["single", "per entry, 1 per batch", "28"], ["tens", "per entry, 10 per batch", "8"], ["idle", "per idle group", "160"]]
| .[] | . as [$shape, $name, $target]
| [$name, $target] + ([("live", "recovered") as $mode | ($all | figure($shape; $mode; .resident_each)), ($all | figure($shape; $mode; .budget_each))])
| row' "$figures"
