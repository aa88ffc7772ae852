#!/bin/sh
# Proves the peers without Spanwright: the Node.js script of the benches takes 250 customers from PHP and sends them through Prism.
# Right is: right 250, lost 0, duplicates 0, wrong 0, violations [].
set -eu
here=$(cd "$(dirname "$0")" && pwd)
repository=$(cd "$here/../.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

"$here/setup.sh"
cargo build --quiet --manifest-path "$repository/Cargo.toml" -p spanwright-world
mkfifo "$folder/stdin" "$folder/stdout"
"$repository/target/debug/spanwright-world" peers "$repository" 250 "$folder" <"$folder/stdin" >"$folder/stdout" &
exec 3>"$folder/stdin" 4<"$folder/stdout"
read -r variables <&4
node -e 'const { spawnSync } = require("node:child_process");
  const [variables, script] = process.argv.slice(1);
  process.exit(spawnSync("node", [script, "100", "1"], { stdio: "inherit", env: { ...process.env, ...JSON.parse(variables) } }).status)' \
    "$variables" "$repository/benches/node/poll.mjs" || echo "the script failed" >&2
exec 3>&-
cat <&4
wait
