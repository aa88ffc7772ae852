#!/bin/sh
# Shows that the fuzzer finds what is there: plants a panic deep in the evaluator of a copy, and gives it a minute.
set -eu
repository=$(cd "$(dirname "$0")/.." && pwd)
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
(cd "$repository" && git ls-files | tar cf - -T -) | tar xf - -C "$copy"
cd "$copy"

# The item of a list behind the fourth: no index in the corpus is as large.
planted='    if at > 3 && matches!(value, Value::List(_)) { panic!("planted") }'
file=crates/spanwright-map/src/run/path.rs
awk -v planted="$planted" '{ print } /^fn item</ { print planted }' "$file" >"$file.new" 2>/dev/null
mv "$file.new" "$file"
grep -q planted "$file"

began=$(date +%s)
CARGO_TARGET_DIR="$repository/fuzz/target" cargo +nightly fuzz build map_evaluator -s none >/dev/null 2>&1
if ! CARGO_TARGET_DIR="$repository/fuzz/target" cargo +nightly fuzz run map_evaluator -s none -- -runs=0 >log 2>&1; then
    tail -20 log
    echo "the corpus has what was planted: plant something else" >&2
    exit 1
fi
built=$(date +%s)
if CARGO_TARGET_DIR="$repository/fuzz/target" cargo +nightly fuzz run map_evaluator -s none -- -max_total_time=60 -max_len=48 -dict=fuzz/map.dict >log 2>&1; then
    tail -3 log
    echo "the planted panic was not found within 60 s" >&2
    exit 1
fi
grep -q "planted" log || { tail -20 log; exit 1; }
found=$(date +%s)
echo "found after $((found - built)) s (built in $((built - began)) s)"
