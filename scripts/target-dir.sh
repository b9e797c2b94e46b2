#!/usr/bin/env bash
# Prints cargo's target folder, wherever the environment or a configuration file puts it.
set -euo pipefail

"${CARGO:-cargo}" metadata --no-deps --offline --format-version 1 |
    sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p'
