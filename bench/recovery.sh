#!/usr/bin/env bash
# Compares how long a directory takes to open: this engine in a fresh JVM, and the real one with its default of four
# threads, in turn, on one directory that the real engine filled.
#
#   bench/recovery.sh [options]
#
#   --batches N       batches in the directory, one entry each; default 3000000
#   --regions N       groups; default 1000
#   --entry-size B    default 128
#   --rounds N        opens by each program; default 5
#   --path DIR        where the data goes; default the build folder of this module
#   --reference FILE  the reference driver; default the build in bench/reference
#   --set KEY=VALUE   a setting of ours, such as recovery-threads=2; repeatable
#
# The figure is open_ms of `info`: from the call of open to an open engine, so the start of the JVM does not count. Ours
# is also opened without the start-up cache of the launcher, as an application without one would. The files are in the
# page cache. Shown are medians; ratios are medians of the ratios within a round.
set -euo pipefail
# shellcheck source=bench/common.sh
. "$(dirname "$(readlink -f "$0")")/common.sh"

batches=3000000 regions=1000 entry_size=128 rounds=5 path=$here/target settings=()
while (($#)); do
    case $1 in
        --batches) batches=$2 ;;
        --regions) regions=$2 ;;
        --entry-size) entry_size=$2 ;;
        --rounds) rounds=$2 ;;
        --path) path=$2 ;;
        --reference) reference=$2 ;;
        --set) settings+=(--set "$2") ;;
        --help | -h) usage ;;
        *) usage 2 >&2 ;;
    esac
    shift 2 || fail "an option lacks its value"
done
need_programs
make_scratch "$path"
figures=$scratch/figures
: >"$figures"

"$reference" fill --path "$scratch/data" --batches "$batches" --regions "$regions" --entry-size "$entry_size" >/dev/null
sync -f "$scratch"

open() { # round program command...
    local round=$1 program=$2
    shift 2
    "$@" --path "$scratch/data" >"$scratch/result" || fail "$program could not open the directory"
    jq -c --arg program "$program" --argjson round "$round" \
        '{$program, $round, open_ms, entries, groups, resident_bytes, index_bytes, peak_resident_bytes}' "$scratch/result" \
        >>"$figures"
}

facts=$(machine_facts)
for ((round = 0; round <= rounds; round++)); do
    open "$round" ours "$ours" info ${settings[@]+"${settings[@]}"}
    open "$round" reference "$reference" info
    open "$round" uncached env RAFT_ENGINE_NO_CACHE=1 "$ours" info ${settings[@]+"${settings[@]}"}
done
# The first round read the files into the page cache.
jq -c 'select(.round > 0)' "$figures" >"$figures.warm"

jq -es '[.[] | [.entries, .groups]] | unique | length == 1' "$figures" >/dev/null ||
    fail "the programs do not agree about what the directory holds: $(jq -c '[.program, .entries, .groups]' "$figures" | sort -u | tr '\n' ' ')"

echo "$facts; $batches batches of one entry of $entry_size B in $regions groups," \
    "$(du -sh --apparent-size "$scratch/data" | cut -f 1); $rounds rounds."
echo
echo "| opened by | open, ms | min - max | to the reference | resident, MiB |"
echo "|---|---:|---:|---:|---:|"
jq -rs "$jq_medians"'
def of($program): [.[] | select(.program == $program)];
def ratio($program): group_by(.round)
    | map((of($program)[0].open_ms) / (of("reference")[0].open_ms)) | median;
. as $all | [["ours", "this engine, fresh JVM"], ["uncached", "this engine, fresh JVM without start-up cache"],
    ["reference", "the real engine, 4 threads"]]
| .[] | . as [$program, $name] | ($all | of($program)) as $runs
| [$name, ($runs | map(.open_ms) | median | rounded(0)),
    (($runs | map(.open_ms) | min | rounded(0)) + " - " + ($runs | map(.open_ms) | max | rounded(0))),
    ($all | ratio($program) | rounded(2)), ($runs | map(.resident_bytes / 1048576) | median | rounded(0))] | row' "$figures.warm"
