#!/usr/bin/env bash
# Builds `florin` as one file that needs nothing else on the machine, and copies it to OUT.
#
#   deploy/build-static.sh OUT [PROFILE]     PROFILE is release (default) or dev
#
# The Dockerfile and the test of the image both build it this way.
set -euo pipefail

out=${1:?where to?}
profile=${2:-release}
out=$(realpath -m "$out")
cd "$(dirname "$0")/.."

# Naming the target, although it is the host's own, keeps RUSTFLAGS away from build scripts and
# procedural macros: those are loaded by the compiler and cannot be static.
target=$(rustc -vV | sed -n 's/^host: //p')
# Randomness comes from the system call itself: a static binary cannot look its wrapper up, and an empty root has
# no /dev/urandom to fall back on.
RUSTFLAGS='-C target-feature=+crt-static --cfg getrandom_backend="linux_getrandom"' "${CARGO:-cargo}" build --locked \
    -p florin-server --bin florin --profile "$profile" --target "$target" >&2

folder=${profile/#dev/debug}
install -D -m 755 "$(scripts/target-dir.sh)/$target/$folder/florin" "$out"
