#!/usr/bin/env bash
# Backups in S3, against a server of our own that speaks it. Where that cannot be fetched it is skipped, and says so.
set -euo pipefail
cd "$(dirname "$0")/.."

# shellcheck source-path=SCRIPTDIR source=python-env.sh
source scripts/python-env.sh
if ! python_env_install "${s3_packages[@]}"; then
    echo 'Tests of backups in S3 skipped: the server for them could not be fetched.' >&2
    exit
fi

log=$(mktemp)
server=
stop() {
    [[ -z $server ]] || kill "$server" 2>/dev/null || true
    rm -f "$log"
}
trap stop EXIT
PYTHONUNBUFFERED=1 "$PYTHON" -m moto.server --host 127.0.0.1 --port 0 >"$log" 2>&1 &
server=$!

# It says where it listens.
address=
for _ in {1..300}; do
    address=$(sed -n 's|.*Running on \(http://127\.0\.0\.1:[0-9]*\).*|\1|p' "$log" | head -n 1)
    [[ -z $address ]] || break
    if ! kill -0 "$server" 2>/dev/null; then break; fi
    sleep 0.1
done
if [[ -z $address ]]; then
    echo 'The S3 server did not start:' >&2
    cat "$log" >&2
    exit 1
fi
S3_TEST_SERVER=$address "${CARGO:-cargo}" test --locked --workspace --test backup_s3 -- --ignored
