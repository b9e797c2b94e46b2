#!/usr/bin/env bash
# The unit tests of the Python that prepares the data of `make run`. Skipped where its packages cannot
# be fetched.
set -euo pipefail
cd "$(dirname "$0")/.."

# shellcheck source-path=SCRIPTDIR source=python-env.sh
source scripts/python-env.sh
if ! python_env_install "${journey_packages[@]}"; then
    echo "Python tests skipped: ${journey_packages[*]} could not be fetched." >&2
    exit 0
fi
"$PYTHON" -B -m unittest discover --start-directory scripts/tests
