# Sourced by the comparing scripts: options, programs, and the arithmetic of medians.

here=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd -P)
top=$(dirname "$here")
ours=$top/raft-engine
reference=$here/reference/target/release/reference-driver

fail() {
    echo "${0##*/}: $1" >&2
    exit 2
}

usage() {
    # The comment at the head of the script is its help.
    sed -n '2,/^[^#]/{/^#/s/^# \{0,1\}//p}' "$0"
    exit "${1:-0}"
}

need_programs() {
    command -v jq >/dev/null || fail "jq is needed"
    [[ -x $reference ]] ||
        fail "$reference is not there; build it (bench/reference/README.md) or name it with --reference"
    # Builds what is missing and makes the start-up cache, which must not happen inside a measurement.
    "$ours" --version >/dev/null || fail "$ours does not start"
}

# A directory below the given one, gone at the end whatever happens.
make_scratch() { # parent
    mkdir -p "$1"
    scratch=$(mktemp -d "$1/raft-engine-compare-XXXXXX")
    trap 'rm -rf "$scratch"' EXIT
}

# Bytes that the device under the scratch directory was told to write since it was started, the journal included; null where
# it has no such figure. What the whole machine writes is in it: for machines that do nothing else.
device_written() {
    local device fields
    device=/sys/class/block/$(basename "$(readlink -f "$(df --output=source "$scratch" | tail -n 1)")")/stat
    [[ -r $device ]] && read -r -a fields <"$device" && echo $((fields[6] * 512)) || echo null
}

machine_facts() {
    local model
    model=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)
    echo "$(nproc) cores (${model:-unknown}), Linux $(uname -r), $("$ours" --version | head -n 1)," \
        "$(stat -f -c %T "$scratch") on $(df --output=source "$scratch" | tail -n 1)," \
        "load before $(cut -d ' ' -f 1 /proc/loadavg)"
}

# Definitions for jq programs.
jq_medians='
def median: sort | if length == 0 then null elif length % 2 == 1 then .[length / 2 | floor]
    else (.[length / 2 - 1] + .[length / 2]) / 2 end;
def rounded($digits): if . == null then "-" else
    ([range($digits)] | reduce .[] as $_ (1; . * 10)) as $scale
    | (. * $scale | round) as $signed
    # Sign aside: % truncates where floor does not.
    | (if $signed < 0 then "-" else "" end) as $sign | ($signed | fabs) as $n
    | ($n / $scale | floor | tostring) as $whole
    | $sign + if $digits == 0 then $whole
      else $whole + "." + (("000" + (($n % $scale) | tostring))[-$digits:]) end end;
def row: "| " + join(" | ") + " |";
'
