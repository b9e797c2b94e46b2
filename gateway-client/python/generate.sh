#!/usr/bin/env bash
# Generates the messages and stubs of the contract (proto/florin/v1) into src/florin/v1.
#
#   gateway-client/python/generate.sh           writes them
#   gateway-client/python/generate.sh --check   changes nothing; fails if they are not what the contract gives
#
# The generators are fetched into .florin/python; 3 is the exit status where they cannot be had. The package has the
# contract's own name, florin.v1, so that the imports in what is generated hold as they are.
set -euo pipefail
cd "$(dirname "$0")/../.."

readonly committed=gateway-client/python/src/florin/v1

check=
case ${1-} in
    '') ;;
    --check) check=1 ;;
    *)
        sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0" >&2
        exit 2
        ;;
esac

# shellcheck source-path=SCRIPTDIR source=../../scripts/python-env.sh
source scripts/python-env.sh
python_env_install "${client_packages[@]}" "${client_generate_packages[@]}" || exit 3

fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
PATH="$PYTHON_COMMANDS:$PATH" "$PYTHON" -m grpc_tools.protoc --proto_path=proto \
    --python_out="$fresh" --pyi_out="$fresh" --grpc_python_out="$fresh" --mypy_grpc_out="quiet:$fresh" \
    proto/florin/v1/*.proto
cat >"$fresh/florin/v1/__init__.py" <<'PY'
"""The messages of the contract, proto/florin/v1, as generated. Everything else in this package speaks plainer."""
PY

if [[ -n $check ]]; then
    if ! diff --recursive --brief --exclude=__pycache__ "$fresh/florin/v1" "$committed" >&2; then
        echo 'The committed messages are not those of the contract: run gateway-client/python/generate.sh.' >&2
        exit 1
    fi
    exit
fi
rm -rf "$committed"
mkdir -p "$(dirname "$committed")"
cp -r "$fresh/florin/v1" "$committed"
