#!/usr/bin/env bash
# Makes the Go types of the contract, florinv1/, from proto/florin/v1.
#
#   gateway-client/go/generate.sh           writes them
#   gateway-client/go/generate.sh --check   fails if the committed ones are others; changes nothing
#
# The compilers are fetched at fixed versions into .florin/. Where they cannot be had, --check is
# skipped with a message.
set -euo pipefail
cd "$(dirname "$0")/../.."

readonly out=gateway-client/go/florinv1
readonly tools="$PWD/.florin/go-tools"
readonly protoc_gen_go=google.golang.org/protobuf/cmd/protoc-gen-go@v1.36.12
readonly protoc_gen_go_grpc=google.golang.org/grpc/cmd/protoc-gen-go-grpc@v1.6.2

check=
case ${1-} in
    '') ;;
    --check) check=1 ;;
    *)
        echo "Unknown argument $1: only --check." >&2
        exit 2
        ;;
esac

# shellcheck source-path=SCRIPTDIR source=../../scripts/go-env.sh
source scripts/go-env.sh

# Leaves `go install`ed commands in a folder named after their versions, so that another version is
# another folder.
fetch_plugins() {
    local plugin
    for plugin in "$protoc_gen_go" "$protoc_gen_go_grpc"; do
        [[ -x $tools/${plugin##*@}/$(basename "${plugin%@*}") ]] ||
            GOBIN="$tools/${plugin##*@}" GOFLAGS='' "$GO" install "$plugin" || return
    done
}

fetch() {
    go_env_find && python_env_install "$protoc_package" && fetch_plugins
}

if ! fetch; then
    echo "The compilers for the Go types could not be fetched." >&2
    [[ -n $check ]] || exit 1
    echo 'Check of the generated Go types skipped.' >&2
    exit 0
fi

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"$PYTHON" -m grpc_tools.protoc --proto_path=proto \
    --plugin="$tools/${protoc_gen_go##*@}/protoc-gen-go" \
    --plugin="$tools/${protoc_gen_go_grpc##*@}/protoc-gen-go-grpc" \
    --go_out="$scratch" --go_opt=module=florin.dev/gateway-client/go \
    --go-grpc_out="$scratch" --go-grpc_opt=module=florin.dev/gateway-client/go \
    proto/florin/v1/*.proto

if [[ -z $check ]]; then
    rm -f "$out"/*.pb.go
    mkdir -p "$out"
    cp "$scratch"/florinv1/*.pb.go "$out/"
elif ! diff --unified --recursive "$out" "$scratch/florinv1" >&2; then
    echo "$out is not what the contract gives: run gateway-client/go/generate.sh." >&2
    exit 1
fi
