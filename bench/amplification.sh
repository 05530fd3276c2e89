#!/usr/bin/env bash
# Measures how many bytes are written to files for each byte a user writes, and how many lie in the directory for each live
# one: ours beside the real engine, on identical arguments.
#
#   bench/amplification.sh [options]
#
#   --time S          seconds per run; default 40
#   --rounds N        runs of each program per case; default 3
#   --rate N          batches per second of each of the two writers; default 1000: both programs write the same volume
#   --path DIR        where the data goes; default the build folder of this module
#   --reference FILE  the reference driver; default the build in bench/reference
#   --cases "..."     of: even skewed idle lagging; default all
#   --keep FILE       append each run's figures as a line of JSON
#
# even     all groups alike
# skewed   a tenth of the groups gets nine tenths of the writes
# idle     as skewed, and a fifth of the groups gets one batch at the beginning and nothing after
# lagging  as idle, and groups keep ten times as many entries
#
# Groups keep at most so many entries as the case says (compactions are part of the writes); a purge each second drops the
# rest. Written bytes are what the device was told to write until all was synced at the end, so rewritten data, watermarks, files
# filled ahead and the file system's journal all count, and whatever else this machine writes; user bytes are the payloads of the
# entries. The kernel's own count for the process (write_bytes) is no measure of it: it counts whole folios, some many times
# larger than what was written. Space is the mean of the
# directory's bytes over the second half of the run, all files with their full lengths: segments in use, and with reserves.
# Live bytes are the payloads of the entries that are there at the end. Nothing is compressed.
set -euo pipefail
# shellcheck source=bench/common.sh
. "$(dirname "$(readlink -f "$0")")/common.sh"

seconds=40 rounds=3 rate=1000 path=$here/target cases="even skewed idle lagging" keep=
while (($#)); do
    case $1 in
        --time) seconds=$2 ;;
        --rounds) rounds=$2 ;;
        --rate) rate=$2 ;;
        --path) path=$2 ;;
        --reference) reference=$2 ;;
        --cases) cases=$2 ;;
        --keep) keep=$2 ;;
        --help | -h) usage ;;
        *) usage 2 >&2 ;;
    esac
    shift 2 || fail "an option lacks its value"
done
need_programs
make_scratch "$path"
figures=$scratch/figures
: >"$figures"

load=(--time "$seconds" --regions 500 --write-threads 2 --write-ops-per-thread "$rate" --write-region-count 1
    --write-entry-count 4 --entry-size 1024 --write-without-sync --purge-interval 1 --sample-interval 1
    --target-file-size 4MB --purge-threshold 32MB --purge-rewrite-threshold 8MB --compression-threshold 0)

run() { # case round program command...
    local name=$1 round=$2 program=$3 before
    shift 3
    rm -rf "$scratch/data"
    sync
    before=$(device_written)
    "$@" --path "$scratch/data" --json "$scratch/result" >"$scratch/log" 2>&1 || {
        cat "$scratch/log" >&2
        fail "$program failed: $*"
    }
    sync
    jq -c --arg case "$name" --arg program "$program" --argjson round "$round" \
        --argjson from "$before" --argjson to "$(device_written)" '
        def mean: add / length;
        (.settings.write_region_count * .settings.write_entry_count * .settings.entry_size * .write.ops) as $user
        | (.engine.live_entries * .settings.entry_size) as $live
        | (.samples[(.samples | length / 2 | floor):]) as $half
        | {$case, $program, $round, user: $user, live: $live, ops: .write.ops, written: (if $from then ($to - $from) / $user else null end),
           log: ([$half[].log_bytes] | mean / $live), space: ([$half[].directory_bytes] | mean / $live),
           reported: .purge.reported_groups, purge_ms: .purge.duration_max_ms}' "$scratch/result" >>"$figures"
    rm -rf "$scratch/data"
}

facts=$(machine_facts)
for case in $cases; do
    case $case in
        even) options=(--compact-count 20) ;;
        skewed) options=(--compact-count 20 --hot-regions 0.1) ;;
        idle) options=(--compact-count 20 --hot-regions 0.1 --idle-regions 0.2) ;;
        lagging) options=(--compact-count 200 --hot-regions 0.1 --idle-regions 0.2) ;;
        *) fail "unknown case: $case" ;;
    esac
    for ((round = 1; round <= rounds; round++)); do
        run "$case" "$round" ours "$ours" stress "${load[@]}" "${options[@]}"
        run "$case" "$round" reference "$reference" stress "${load[@]}" "${options[@]}"
    done
done

[[ -z $keep ]] || cat "$figures" >>"$keep"
echo "$facts; medians of $rounds rounds of $seconds s at $((2 * rate)) batches of 4 KiB per second, 500 groups, 4 MiB segments."
echo
echo "| case | live, MiB | bytes written per user byte | reference | log bytes per live byte | reference | with reserves | reference |"
echo "|---|---:|---:|---:|---:|---:|---:|---:|"
jq -rs "$jq_medians"'
def pick($program; f): [.[] | select(.program == $program) | f] | median | rounded(2);
reduce .[] as $run ([]; if any(.[]; .[0].case == $run.case) then map(if .[0].case == $run.case then . + [$run] else . end)
    else . + [[$run]] end)
| .[] | [.[0].case, ([.[].live] | median / 1048576 | rounded(1)), "**" + pick("ours"; .written) + "**", pick("reference"; .written),
    "**" + pick("ours"; .log) + "**", pick("reference"; .log), pick("ours"; .space), pick("reference"; .space)] | row' "$figures"
