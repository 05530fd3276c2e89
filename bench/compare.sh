#!/usr/bin/env bash
# Compares this engine with the real one: the same load by the same arguments on the same disk, in turn.
#
#   bench/compare.sh [options]
#
#   --rounds N        runs of each program per case; default 5
#   --time S          seconds per run; default 5
#   --warm-up S       seconds of the same load before that, counted in no figure; default 0
#   --path DIR        where the data goes; default the build folder of this module
#   --reference FILE  the reference driver; default the build in bench/reference
#   --cases "..."     of: synced unsynced read; default all
#   --threads "..."   writers of the synced case; default "1 4 16 64"
#   --sizes "..."     bytes of an entry in the synced case; default "128 1024"
#   --raw-file SIZE   bytes of each prefilled file of the raw loop; default 4MB
#   --keep FILE       append each run's figures as a line of JSON
#
# Per round the programs run one after the other: ours, the reference and, for synced writes, the raw loop, which writes
# and syncs prefilled files, one per thread: the device's limit. Every run starts with an empty directory and, for ours,
# a cold JVM, whose first seconds count unless there is a warm-up. Shown are medians of the rounds; ratios are medians of
# the ratios within a round, since disks drift.
set -euo pipefail
# shellcheck source=bench/common.sh
. "$(dirname "$(readlink -f "$0")")/common.sh"

rounds=5 seconds=5 warm_up=0 path=$here/target cases="synced unsynced read" threads="1 4 16 64" sizes="128 1024"
raw_file=4MB keep=
while (($#)); do
    case $1 in
        --rounds) rounds=$2 ;;
        --time) seconds=$2 ;;
        --warm-up) warm_up=$2 ;;
        --path) path=$2 ;;
        --reference) reference=$2 ;;
        --cases) cases=$2 ;;
        --threads) threads=$2 ;;
        --sizes) sizes=$2 ;;
        --raw-file) raw_file=$2 ;;
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

# Runs one program and notes its figures.
run() { # case kind round program command...
    local name=$1 kind=$2 round=$3 program=$4
    shift 4
    rm -rf "$scratch/data"
    "$@" --path "$scratch/data" --time "$seconds" --warm-up "$warm_up" --json "$scratch/result" >"$scratch/log" 2>&1 || {
        cat "$scratch/log" >&2
        fail "$program failed: $*"
    }
    jq -c --arg case "$name" --arg program "$program" --arg kind "$kind" --argjson round "$round" \
        '{$case, $program, $round, ops_per_s: .[$kind].ops_per_s, p50: .[$kind].latency_us.p50, p99: .[$kind].latency_us.p99,
          max: .[$kind].latency_us.max, batches_per_sync: .engine.batches_per_sync, allocated: .process.allocated_bytes_per_op}' \
        "$scratch/result" >>"$figures"
    rm -rf "$scratch/data"
    # What one run left to the disk must not slow down the next.
    sync -f "$scratch"
}

load=(--regions 100 --write-region-count 1 --write-entry-count 1 --purge-interval 0)

compare() { # case kind raw arguments...
    local name=$1 kind=$2 raw=$3 round
    shift 3
    [[ -t 2 ]] && echo "$name" >&2
    for ((round = 1; round <= rounds; round++)); do
        run "$name" "$kind" "$round" ours "$ours" stress "${load[@]}" "$@"
        run "$name" "$kind" "$round" reference "$reference" stress "${load[@]}" "$@"
        if [[ -n $raw ]]; then
            # shellcheck disable=SC2086
            run "$name" "$kind" "$round" raw "$reference" raw --file-size "$raw_file" $raw
        fi
    done
}

facts=$(machine_facts)
for case in $cases; do
    case $case in
        synced)
            for size in $sizes; do
                for count in $threads; do
                    compare "synced write, $size B, $count threads" write "--write-threads $count --bytes $size" \
                        --write-threads "$count" --entry-size "$size"
                done
            done
            ;;
        unsynced)
            for count in 1 4; do
                compare "unsynced write, 128 B, $count threads" write "" \
                    --write-threads "$count" --entry-size 128 --write-without-sync
            done
            ;;
        read)
            for count in 1 4; do
                # A writer that hardly writes: the tool wants one, and the newest entry should not be the only one.
                compare "read of the newest entry, 1 KiB, $count threads" read "" --read-threads "$count" \
                    --write-threads 1 --write-ops-per-thread 1000 --entry-size 1024 --write-without-sync
            done
            ;;
        *) fail "unknown case: $case" ;;
    esac
done

[[ -z $keep ]] || cat "$figures" >>"$keep"
echo "$facts; $rounds rounds of $seconds s, warm-up $warm_up s."
echo
echo "| case | ours, ops/s | reference | ratio | raw loop | ours p50 / p99, µs | reference | p99 ratio | batches per sync | reference | heap B/op |"
echo "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|"
jq -rs "$jq_medians"'
def pick($program; f): [.[] | select(.program == $program) | f | select(. != null)] | median;
def ratio(f): group_by(.round)
    | map((map(select(.program == "ours"))[0] | f) / (map(select(.program == "reference"))[0] | f)) | median;
def latency($program): (pick($program; .p50) | rounded(1)) + " / " + (pick($program; .p99) | rounded(1));
reduce .[] as $run ([]; if any(.[]; .[0].case == $run.case) then map(if .[0].case == $run.case then . + [$run] else . end)
    else . + [[$run]] end)
| .[] | [.[0].case, (pick("ours"; .ops_per_s) | rounded(0)), (pick("reference"; .ops_per_s) | rounded(0)),
    "**" + (ratio(.ops_per_s) | rounded(2)) + "**", (pick("raw"; .ops_per_s) | rounded(0)),
    latency("ours"), latency("reference"), (ratio(.p99) | rounded(2)),
    (pick("ours"; .batches_per_sync) | rounded(1)), (pick("reference"; .batches_per_sync) | rounded(1)),
    (pick("ours"; .allocated) | rounded(1))] | row' "$figures"
