#!/usr/bin/env bash
# Builds `florin` and `florin-loadtest` for release and runs the latter with the arguments given:
#   scripts/loadtest.sh bench --quick --json
set -euo pipefail
cd "$(dirname "$0")/.."

"${CARGO:-cargo}" build --release --locked -p florin-server -p florin-loadtest >&2
exec "$(scripts/target-dir.sh)/release/florin-loadtest" "$@"
