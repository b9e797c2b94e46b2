#!/usr/bin/env bash
# The tests of everything that is Python: what prepares the data of `make run`, and the client. What
# needs packages that cannot be fetched is skipped, and says so.
set -euo pipefail
cd "$(dirname "$0")/.."

# shellcheck source-path=SCRIPTDIR source=python-env.sh
source scripts/python-env.sh

skip() { echo "$1 skipped: $2" >&2; }

baskets() {
    if ! python_env_install "${journey_packages[@]}"; then
        skip 'Tests of the baskets' "${journey_packages[*]} could not be fetched."
        return
    fi
    "$PYTHON" -B -m unittest discover --start-directory scripts/tests
}

client() {
    if ! python_env_install "${client_packages[@]}" "${client_test_packages[@]}"; then
        skip 'Tests of the Python client' "${client_packages[*]} ${client_test_packages[*]} could not be fetched."
        return
    fi
    if ! "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
        skip 'Tests of the Python client' 'it needs Python 3.11 or newer.'
        return
    fi

    local generated=0
    gateway-client/python/generate.sh --check || generated=$?
    case $generated in
        0) ;;
        3) skip 'Comparing the generated messages' 'the generators could not be fetched.' ;;
        *) return "$generated" ;;
    esac

    if python_env_install "${client_type_packages[@]}"; then
        (cd gateway-client/python && "$PYTHON" -m mypy --cache-dir ../../.florin/mypy)
    else
        skip 'Checking the types' "${client_type_packages[*]} could not be fetched."
    fi

    (cd gateway-client/python && PYTHONPATH="src${PYTHONPATH:+:$PYTHONPATH}" "$PYTHON" -B -m unittest discover --top-level-directory . --start-directory tests)
}

baskets
client
