#!/usr/bin/env bash
# Runs the load generator for long with small segments, a compaction and a purge each second, and checks that nothing grows.
#
#   bench/soak.sh [options]
#
#   --time S          seconds to run; default 600
#   --path DIR        where the data goes; default the build folder of this module
#   --rate N          batches per second of each of the two writers; default 500. Both programs then write the same
#   --regions N       groups; default 200
#   --compact-count N entries a group keeps at most; default 200
#   --with-reference  run the real engine as well, for its own ratio; takes the same time again
#   --reference FILE  the reference driver; default the build in bench/reference
#   --keep FILE       append each run's JSON as a line
#   --checked         check every access to off-heap memory; slow, latencies mean nothing then
#
# Synced batches of 10 KiB in segments of 8 MiB. Checked, by the samples of each second: the directory's bytes, open
# descriptors, mappings and resident memory of the last third of the run are not above those of the second third by more
# than a tenth (the first third fills the directory, and the JVM). The exit status is 1 if one of them grew. The heap has a fixed
# size and is touched at the start (RAFT_ENGINE_JAVA_OPTS, if set, replaces this): a collector that has no reason to work would
# otherwise look like memory that grows. Printed beside:
# the 99th percentile of writes that met a purge over that of writes that met none, from one run, and so for the reference; the
# same of windows as long as the purges in which nothing was done, which is what a purge without any effect would show;
# and what the device was told to write, the file system's journal and everything else on this machine included.
set -euo pipefail
# shellcheck source=bench/common.sh
. "$(dirname "$(readlink -f "$0")")/common.sh"

seconds=600 path=$here/target rate=500 regions=200 compact_count=200 with_reference= keep= checked=()
while (($#)); do
    case $1 in
        --time) seconds=$2 ;;
        --path) path=$2 ;;
        --rate) rate=$2 ;;
        --regions) regions=$2 ;;
        --compact-count) compact_count=$2 ;;
        --reference) reference=$2 ;;
        --keep) keep=$2 ;;
        --with-reference | --checked)
            [[ $1 == --checked ]] && checked=(--checked) || with_reference=1
            shift
            continue
            ;;
        --help | -h) usage ;;
        *) usage 2 >&2 ;;
    esac
    shift 2 || fail "an option lacks its value"
done
if [[ -n $with_reference ]]; then
    need_programs
else
    command -v jq >/dev/null || fail "jq is needed"
    "$ours" --version >/dev/null || fail "$ours does not start"
fi
make_scratch "$path"

load=(--time "$seconds" --regions "$regions" --write-threads 2 --write-ops-per-thread "$rate" --write-region-count 1
    --write-entry-count 10 --entry-size 1024 --compact-count "$compact_count" --purge-interval 1 --sample-interval 1
    --target-file-size 8MB --purge-threshold 64MB --purge-rewrite-threshold 16MB --compression-threshold 0)

run() { # name program options...
    local name=$1 program=$2
    shift 2
    local before
    rm -rf "$scratch/data"
    sync
    before=$(device_written)
    "$program" stress "${load[@]}" "$@" --path "$scratch/data" --json "$scratch/result" >"$scratch/log" 2>&1 || {
        cat "$scratch/log" >&2
        fail "$name failed"
    }
    sync
    jq --argjson from "$before" --argjson to "$(device_written)" \
        '. + {device_bytes: (if $from then $to - $from else null end)}' "$scratch/result" >"$scratch/$name"
    [[ -z $keep ]] || jq -c --arg program "$name" '{$program} + .' "$scratch/$name" >>"$keep"
    rm -rf "$scratch/data"
    sync -f "$scratch"
}

report() { # name
    jq -r --arg name "$1" "$jq_medians"'
    def ms: . / 1000 | rounded(3);
    [$name, (.write.ops_per_s | rounded(0)), (.purge.purges | tostring), (.purge.duration_max_ms | rounded(1)),
     (.write.outside_purge.latency_us.p99 | ms), (.write.during_purge.latency_us.p99 | ms),
     "**" + (.write.purge_p99_ratio | rounded(2)) + "**", (.write.control_p99_ratio | rounded(2)), (.write.during_purge.ops / .write.ops * 100 | rounded(1)),
     (.write.latency_us.max | ms),
     (if .device_bytes then .device_bytes / (.write.ops * .settings.write_region_count * .settings.write_entry_count
        * .settings.entry_size) else null end | rounded(2))] | row' "$scratch/$1"
}

# One line per figure: name, its middle and last third, and how much it grew.
growth='
def third($from): (length / 3 | floor) as $n | .[$n * $from : $n * $from + $n];
def mean: add / length;
def mib: . / 1048576 | rounded(1);
.samples as $samples
| [["directory", "directory_bytes", true], ["descriptors", "descriptors", false], ["mappings", "mappings", false],
   ["resident memory", "resident_bytes", true]][]
| . as [$name, $field, $bytes]
| [$samples[] | .[$field]] as $series
| ($series | third(1) | mean) as $middle | ($series | third(2) | mean) as $last
| {name: $name, grew: ($last > $middle * 1.1 + (if $bytes then 1048576 else 4 end)),
   text: ([$name, ($middle | if $bytes then mib + " MiB" else rounded(0) end),
           ($last | if $bytes then mib + " MiB" else rounded(0) end), (($last / $middle - 1) * 100 | rounded(1)) + " %"] | row)}'

facts=$(machine_facts)
export RAFT_ENGINE_JAVA_OPTS=${RAFT_ENGINE_JAVA_OPTS:--Xms64m -Xmx64m -XX:+AlwaysPreTouch}
run ours "$ours" "${checked[@]}"
[[ -z $with_reference ]] || run reference "$reference"

echo "$facts; $seconds s, 2 writers of $rate synced batches of 10 KiB per second, $regions groups, 8 MiB segments."
echo
echo "| | writes/s | purges | longest, ms | p99 outside purge, ms | p99 during purge, ms | ratio | of purges without effect | writes that met a purge, % | max, ms | device bytes per user byte |"
echo "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|"
report ours
[[ -z $with_reference ]] || report reference
echo
echo "| ours | middle third | last third | growth |"
echo "|---|---:|---:|---:|"
jq -r "$jq_medians $growth | .text" "$scratch/ours"
if [[ -n $with_reference ]]; then
    echo
    echo "| reference | middle third | last third | growth |"
    echo "|---|---:|---:|---:|"
    jq -r "$jq_medians $growth | .text" "$scratch/reference"
fi
grown=$(jq -r "$jq_medians $growth | select(.grew) | .name" "$scratch/ours")
if [[ -n $grown ]]; then
    echo "these grow without end:" $grown >&2
    exit 1
fi
