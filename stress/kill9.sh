#!/usr/bin/env bash
# Kills a running load with SIGKILL at random moments and looks whether anything acknowledged is missing.
#
#   stress/kill9.sh [--rounds N] [--seed N] [--path DIR]
#
# Each round starts `raft-engine stress --verify --ack`, whose acknowledgements another process keeps, kills it
# within two seconds of writing, sometimes before, and then demands of the directory, opened as a user would:
#   - every acknowledged entry is there (the group's last index is at least the acknowledged one),
#   - every entry of every group is whole and has the bytes that were written (the contents check themselves),
#   - the next round goes on behind what is there.
# Exit status 0 only if all rounds held.
set -uo pipefail
top=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)
rounds=20 seed=$RANDOM path=$(mktemp -d)/data
while (($# > 0)); do
    case $1 in
    --rounds) rounds=$2 ;;
    --seed) seed=$2 ;;
    --path) path=$2 ;;
    *)
        echo "usage: stress/kill9.sh [--rounds N] [--seed N] [--path DIR]" >&2
        exit 2
        ;;
    esac
    shift 2
done
RANDOM=$seed
mkdir -p "$(dirname "$path")"
echo "seed $seed, $rounds rounds, directory $path"
load=(--path "$path" --regions 100 --write-threads 4 --write-region-count 1 --write-entry-count 1 --entry-size 200
    --target-file-size 4MB --purge-threshold 1GB --purge-interval 0 --verify)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"$top/raft-engine" --version >"$scratch/version" || exit 2
: >"$scratch/acknowledged"
reuse=()
for ((round = 1; round <= rounds; round++)); do
    size=$(stat -c %s "$scratch/acknowledged")
    # The launcher replaces itself by the JVM, so this is the process to kill.
    "$top/raft-engine" stress "${load[@]}" --time 60 --ack ${reuse[@]+"${reuse[@]}"} \
        > >(exec cat >>"$scratch/acknowledged") 2>"$scratch/errors" &
    victim=$!
    # Mostly while it writes; sometimes earlier, while it starts and reads back what is there.
    if ((RANDOM % 5 > 0)); then
        while kill -0 "$victim" 2>/dev/null && (($(stat -c %s "$scratch/acknowledged") == size)); do sleep 0.05; done
    fi
    sleep "$((RANDOM % 2)).$((RANDOM % 900 + 100))"
    kill -9 "$victim" 2>/dev/null || {
        echo "round $round: the load ended by itself"
        cat "$scratch/errors"
        exit 1
    }
    wait "$victim" 2>/dev/null
    sleep 0.2 # until the keeper of the acknowledgements has read the pipe to its end
    reuse=(--reuse-data)
    [[ -d $path ]] || continue
    "$top/raft-engine" export --path "$path" >"$scratch/state" 2>"$scratch/errors" || {
        echo "round $round: the directory does not open: $(cat "$scratch/errors")"
        exit 1
    }
    # The kill may have cut the last line off; what is left of it names a smaller index at worst.
    echo >>"$scratch/acknowledged"
    missing=$(awk '
        FILENAME ~ /state$/ { match($0, /"group":[0-9]+/); group = substr($0, RSTART + 8, RLENGTH - 8)
            match($0, /"last":[0-9a-z]+/); last[group] = substr($0, RSTART + 7, RLENGTH - 7); next }
        NF == 2 { if (!($1 in seen) || $2 + 0 > seen[$1] + 0) seen[$1] = $2; count++ }
        END { bad = 0; for (g in seen) if (last[g] == "null" || last[g] + 0 < seen[g] + 0) bad++; print bad, count + 0 }
    ' "$scratch/state" "$scratch/acknowledged")
    read -r bad acknowledged <<<"$missing"
    if ((bad > 0)); then
        echo "round $round: $bad groups miss acknowledged entries; kept in $path"
        exit 1
    fi
    "$top/raft-engine" stress "${load[@]}" --time 0.1 --reuse-data >"$scratch/check" 2>&1 || {
        echo "round $round: wrong bytes: $(tail -3 "$scratch/check")"
        exit 1
    }
    echo "round $round: $acknowledged acknowledgements so far, none missing"
done
echo "$rounds rounds, nothing lost"
