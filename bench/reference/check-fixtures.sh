#!/usr/bin/env bash
# Checks the driver against recorded directories of the real engine.
#
#   ./check-fixtures.sh FIXTURES [DRIVER]
#
# FIXTURES holds index.jsonl and one directory per fixture: data/ and spill/ (the files), script.jsonl
# (what made them), expected.jsonl (the logical state), variants.jsonl (damages, and what each recovery
# mode makes of them). Checks:
#   export    the state of data/ is the recorded one
#   apply     the script, run on an empty directory, gives the recorded state (one-phase settings only)
#   defect    where the engine is known to be wrong by default, it still is
#   serve     the same script through `serve` gives the recorded state too; where the fixture was left by a
#             kill, so is this directory, and its log segments have the recorded names and sizes
# With VARIANTS=1 also every damaged variant in every recovery mode. Needs jq. Exit 1 on any difference.
set -u

fixtures=${1:?usage: check-fixtures.sh FIXTURES [DRIVER]}
driver=${2:-$(dirname "$0")/target/release/reference-driver}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0
failed=0

# report <what> <file with the expected text> <file with the actual text>
report() {
    if cmp -s "$2" "$3"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "DIFFERENT  $1"
        diff "$2" "$3" | head -3 | cut -c1-200
    fi
}

# expected_of <directory> <index line>: what the engine says with one recovery thread. Where it is known
# to be wrong there are two answers, and its own counts unless the files still say the right thing.
expected_of() {
    if [ -f "$1/expected.jsonl" ]; then
        echo "$1/expected.jsonl"
    elif [ "$(jq .directory_intact <<<"$2")" = true ]; then
        echo "$1/expected.correct.jsonl"
    else
        echo "$1/expected.reference.jsonl"
    fi
}

# entries_arg <expected file>: whether the recorded state shows entries
entries_arg() {
    if grep -q '"entries":' "$1"; then echo --entries; fi
}

check_export() { # <name> <directory> <expected>
    local spill=()
    [ -d "$2/spill" ] && spill=(--set "spill-dir=$2/spill")
    "$driver" export --path "$2/data" $(entries_arg "$3") "${spill[@]}" >"$work/state" 2>"$work/error" ||
        cat "$work/error" >>"$work/state"
    report "export $1" "$3" "$work/state"
}

# check_defect <name> <directory>: with the engine's default of four recovery threads it is wrong as recorded
check_defect() {
    local expected=$2/expected.reference.jsonl
    jq -c 'if .error then {error} else . end' "$expected" >"$work/expected"
    "$driver" export --path "$2/data" $(entries_arg "$expected") --set recovery-threads=4 >"$work/actual" 2>"$work/error" ||
        sed 's/^reference-driver: \([A-Za-z]*\):.*/{"error":"\1"}/' "$work/error" >"$work/actual"
    report "defect $1" "$work/expected" "$work/actual"
}

segments() { # <directory>: names and sizes of the append queue's files
    (cd "$1" && stat -c '%n %s' -- *.raftlog)
}

check_script() { # <name> <directory> <expected> <"close" or "abandon"> <settings...>
    local name=$1 directory=$2 expected=$3 leave=$4 sets=()
    shift 4
    local setting
    for setting in "$@"; do sets+=(--set "$setting"); done

    rm -rf "$work/db"
    "$driver" apply --path "$work/db" --script "$directory/script.jsonl" "${sets[@]}" >"$work/log" 2>&1 ||
        echo "apply $name: $(grep error "$work/log" | head -1)"
    "$driver" export --path "$work/db" $(entries_arg "$expected") "${sets[@]}" >"$work/state" 2>&1
    report "apply $name" "$expected" "$work/state"

    rm -rf "$work/db"
    {
        jq -nc --arg path "$work/db" '{cmd:"open",path:$path,set:($ARGS.positional|map(split("=")|{(.[0]):.[1]})|add//{})}' --args "$@"
        grep -v '^ *\(#\|$\)' "$directory/script.jsonl" | sed 's/^/{"cmd":"line","line":/; s/$/}/'
        echo "{\"cmd\":\"$leave\"}"
        jq -nc --arg path "$work/db" --argjson entries "$([ -n "$(entries_arg "$expected")" ] && echo true || echo false)" \
            '{cmd:"export",path:$path,entries:$entries}'
    } | "$driver" serve >"$work/answers"
    tail -n 1 "$work/answers" | sed 's/^{"state":\[//; s/\]}$//' | sed 's/},{"group"/}\n{"group"/g' | grep . >"$work/state"
    report "serve $name" "$expected" "$work/state"
    # atomic-groups-interrupted was put together from two directories: no script makes its files
    if [ "$leave" = abandon ] && [ "$name" != atomic-groups-interrupted ]; then
        segments "$directory/data" >"$work/expected"
        segments "$work/db" >"$work/actual"
        report "files $name" "$work/expected" "$work/actual"
    fi
}

check_variants() { # <name> <directory>
    local answers=$work/answers spec dir mode expected
    while IFS= read -r spec; do
        for mode in absolute-consistency tolerate-tail-corruption tolerate-any-corruption; do
            dir=$work/variant
            rm -rf "$dir" && cp -r "$2/data" "$dir"
            jq -r '.changes[] | [.file, (if has("truncate") then "truncate \(.truncate)"
                elif has("hex") then "hex \(.offset) \(.hex)"
                elif has("rename") then "rename \(.rename)" else "delete" end)] | join(" ")' <<<"$spec" |
                while read -r file action first second; do
                    case $action in
                    truncate) truncate -s "$first" "$dir/$file" ;;
                    hex) xxd -r -p <<<"$second" | dd of="$dir/$file" bs=1 seek="$first" conv=notrunc status=none ;;
                    rename) mv "$dir/$file" "$dir/$first" ;;
                    delete) rm "$dir/$file" ;;
                    esac
                done
            # "as" points at another mode; a state is compared as lines, an error by its class
            expected=$(jq -c --arg mode "$mode" '.expected as $e | $e[$mode] | if .as then $e[.as] else . end' <<<"$spec")
            jq -r 'if .state then "state" else "error \(.error // .read_error)" end' <<<"$expected" >"$work/expected"
            if "$driver" export --path "$dir" --set "recovery-mode=$mode" >"$work/out" 2>&1; then
                echo state >"$work/actual"
                jq -c '.state[]' <<<"$expected" >>"$work/expected" 2>/dev/null
                cat "$work/out" >>"$work/actual"
            else
                sed 's/^reference-driver: \([A-Za-z]*\):.*/error \1/' "$work/out" >"$work/actual"
            fi
            report "variant $1 $(jq -r .name <<<"$spec") $mode" "$work/expected" "$work/actual"
        done
    done <"$2/variants.jsonl"
}

while IFS= read -r line; do
    name=$(jq -r .name <<<"$line")
    directory=$fixtures/$name
    expected=$(expected_of "$directory" "$line")
    check_export "$name" "$directory" "$expected"
    [ -f "$directory/expected.reference.jsonl" ] && check_defect "$name" "$directory"
    if [ "$(jq '.settings | length' <<<"$line")" = 1 ] && [ -f "$directory/script.jsonl" ]; then
        settings=$(jq -r '.settings[0] | if . == "defaults" then "" else . end' <<<"$line")
        leave=$(jq -r 'if .closed_cleanly then "close" else "abandon" end' <<<"$line")
        # shellcheck disable=SC2086 -- one setting per word
        check_script "$name" "$directory" "$expected" "$leave" $settings
    fi
    if [ "${VARIANTS:-0}" = 1 ] && [ -f "$directory/variants.jsonl" ]; then
        check_variants "$name" "$directory"
    fi
done <"$fixtures/index.jsonl"

echo "$passed as recorded, $failed different"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
