#!/bin/sh
# Shows that the fuzzer finds what is there: plants a panic deep in the evaluator of a copy, and gives it a minute.
set -eu
repository=$(cd "$(dirname "$0")/.." && pwd)
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
(cd "$repository" && git ls-files | tar cf - -T -) | tar xf - -C "$copy"
cd "$copy"

# `limit` of more than two results: nothing in the corpus asks for that.
planted='            if left > 2 { panic!("planted") }'
file=crates/spanwright-map/src/run/flow.rs
awk -v planted="$planted" '{ print } /let mut theirs = Flow::On;/ && !done { print planted; done = 1 }' "$file" >"$file.new"
mv "$file.new" "$file"
grep -q planted "$file"

began=$(date +%s)
CARGO_TARGET_DIR="$repository/fuzz/target" cargo +nightly fuzz build map_evaluator -s none >/dev/null 2>&1
built=$(date +%s)
if CARGO_TARGET_DIR="$repository/fuzz/target" cargo +nightly fuzz run map_evaluator -s none -- -max_total_time=60 -dict=fuzz/map.dict >log 2>&1; then
    tail -3 log
    echo "the planted panic was not found within 60 s" >&2
    exit 1
fi
grep -q "planted" log || { tail -20 log; exit 1; }
found=$(date +%s)
echo "found after $((found - built)) s (built in $((built - began)) s)"
