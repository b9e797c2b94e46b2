#!/usr/bin/env bash
# Runs the simulator's tests whose names contain NAME: `seeds` (SEEDS=n of them) or `planted`.
#
#   SEEDS=500 scripts/simulate.sh seeds       PROFILE=dev builds faster and runs slower (default release)
set -euo pipefail
cd "$(dirname "$0")/.."

name=${1:?which tests: seeds or planted}
output=$(mktemp)
trap 'rm -f "$output"' EXIT

"${CARGO:-cargo}" test --profile "${PROFILE:-release}" --locked --workspace --test simulation -- --nocapture "$name" |
    tee "$output"
# A filter that matches nothing passes, and proves nothing.
if ! grep -Eq '^test result: ok\. [1-9]' "$output"; then
    echo "No simulator test is named \"$name\"." >&2
    exit 1
fi
