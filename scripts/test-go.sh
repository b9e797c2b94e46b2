#!/usr/bin/env bash
# The Go client: formatting, vet, whether its generated types are those of the contract, and its tests,
# which start the server. Skipped where Go or its modules cannot be fetched.
set -euo pipefail
cd "$(dirname "$0")/.."

# shellcheck source-path=SCRIPTDIR source=go-env.sh
source scripts/go-env.sh
if ! go_env_find; then
    echo "Go tests skipped: no Go $go_version_min or newer, and $go_package could not be fetched." >&2
    exit 0
fi

cd gateway-client/go
if ! "$GO" mod download; then
    echo 'Go tests skipped: the modules of gateway-client/go could not be fetched.' >&2
    exit 0
fi
./generate.sh --check
unformatted=$("$("$GO" env GOROOT)/bin/gofmt" -l .)
if [[ -n $unformatted ]]; then
    echo "Not formatted by gofmt:" >&2
    echo "$unformatted" >&2
    exit 1
fi
"$GO" vet ./...
# Never from the cache: it does not see that the server has changed.
"$GO" test -count=1 ./...
