#!/bin/sh
# Which part of a crate the corpus of a target reaches, in lines: `fuzz/coverage.sh map_evaluator`.
# Needs `rustup component add llvm-tools --toolchain nightly`.
set -eu
target=$1
cd "$(dirname "$0")/.."
cargo +nightly fuzz coverage "$target" >/dev/null 2>&1
tools=$(dirname "$(find "$(rustc +nightly --print sysroot)" -name llvm-cov -type f | head -1)")
binary=$(find target fuzz/target -path "*coverage*release/$target" -type f -perm -u+x | head -1)
"$tools/llvm-cov" report "$binary" -instr-profile="fuzz/coverage/$target/coverage.profdata" \
    --ignore-filename-regex='(registry|rustc|fuzz_targets|/library/)' | awk 'NR==1 || /spanwright|TOTAL|src\//'
