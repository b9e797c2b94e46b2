#!/usr/bin/env bash
# Every shell script must parse, be executable if it has a #! line, and pass shellcheck where that is
# installed.
set -euo pipefail
cd "$(dirname "$0")/.."

status=0
for script in .ci/run scripts/*.sh deploy/*.sh gateway-client/*/*.sh; do
    bash -n "$script" || status=1
    if [[ $(head -c 2 "$script") == '#!' && ! -x $script ]]; then
        echo "$script: has a #! line and is not executable" >&2
        status=1
    fi
done
if command -v shellcheck >/dev/null; then
    shellcheck --external-sources .ci/run scripts/*.sh deploy/*.sh gateway-client/*/*.sh || status=1
fi
exit $status
