#!/usr/bin/env bash
# Tests the image without a container engine: lints the Dockerfile, builds the static binary the way
# the Dockerfile does, and serves, asks and verifies in a root folder that holds nothing but what the
# image would hold.
#
#   deploy/test-image.sh            PROFILE=release builds exactly what is shipped (slower; default dev)
set -euo pipefail
cd "$(dirname "$0")/.."

readonly profile=${PROFILE:-dev}
readonly dockerfile=deploy/Dockerfile

passed=0 failed=0 skipped=0
pass() { printf 'image: %s … ok\n' "$1"; passed=$((passed + 1)); }
skip() { printf 'image: %s … skipped: %s\n' "$1" "$2"; skipped=$((skipped + 1)); }
flunk() { printf 'image: %s … FAILED\n' "$1"; failed=$((failed + 1)); }
# check NAME COMMAND…
check() { if "${@:2}"; then pass "$1"; else flunk "$1"; fi; }
finish() {
    printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
    exit $((failed > 0))
}

# One instruction's arguments, so that this test follows the Dockerfile and cannot drift from it.
instruction() { sed -n "s/^$1 //p" "$dockerfile" | tail -1; }

lint() {
    # shellcheck source-path=SCRIPTDIR source=../scripts/python-env.sh
    source scripts/python-env.sh
    if python_env_install "$hadolint_package"; then
        check 'Dockerfile is clean by hadolint' "$PYTHON_COMMANDS/hadolint" "$dockerfile"
    else
        skip 'Dockerfile is clean by hadolint' "$hadolint_package could not be fetched"
    fi
}

# Sets `in_image`: the words before the binary's arguments that run it as the image would, with its
# root, its user and its environment. Fails where we may not change the root.
find_in_image() {
    local confine
    if ((EUID == 0)) && chroot / true 2>/dev/null; then
        confine=("$(command -v chroot)" "--userspec=$(instruction USER)")
    elif unshare --user --map-root-user chroot / true 2>/dev/null; then
        confine=("$(command -v unshare)" --user --map-root-user "$(command -v chroot)")
    else
        return 1
    fi
    in_image=(env -i FLORIN_DATA=/data FLORIN_LISTEN=127.0.0.1:0 "${confine[@]}" "$root" /florin)
}

make_root() {
    # Not in /tmp, which is often memory: a journal belongs on a disk.
    mkdir -p .florin
    scratch=$(mktemp -d "$PWD/.florin/image.XXXXXX")
    root="$scratch/root"
    server=
    trap '[[ -z $server ]] || kill -KILL "$server" 2>/dev/null || true; rm -rf "$scratch"' EXIT
    mkdir -p "$root/data"
    ((EUID != 0)) || chown "$(instruction USER)" "$root/data"
    install -D -m 644 deploy/florin.toml "$root/etc/florin/florin.toml"
    deploy/build-static.sh "$root/florin" "$profile"
}

# Waits for the line that says where it listens; sets `listen`.
wait_until_ready() {
    local waited
    for ((waited = 0; waited < 600; waited++)); do
        listen=$(sed -n 's/^ready .*"listen":"\([^"]*\)".*/\1/p' "$1")
        [[ -z $listen ]] || return 0
        kill -0 "$server" 2>/dev/null || return 1
        sleep 0.1
    done
    return 1
}

stopped_cleanly() {
    kill -TERM "$server"
    local status=0
    wait "$server" || status=$?
    server=
    ((status == 0))
}

lint
make_root
if ! find_in_image; then
    skip 'static binary in an empty root' 'neither root nor user namespaces'
    finish
fi

check 'runs with nothing else in the root' "${in_image[@]}" --version
"${in_image[@]}" serve --config /etc/florin/florin.toml >"$scratch/out" 2>"$scratch/err" &
server=$!
if wait_until_ready "$scratch/out"; then
    pass 'serves from its own configuration, as its own user'
    check 'answers `florin status`' "${in_image[@]}" status --server "http://$listen"
    check 'ends with 0 on SIGTERM' stopped_cleanly
    check 'leaves a journal that verifies' "${in_image[@]}" verify --data /data
else
    flunk 'serves from its own configuration, as its own user'
    cat "$scratch/out" "$scratch/err"
fi
finish
