#!/usr/bin/env bash
# Goes from the release before (docs/VERSIONS.md names it) to this one, back, and forth again, over one data directory:
# whatever either of them acknowledged is answered by the other as the first time.
#
#   scripts/test-rollback.sh                builds both, the release before from this repository's history
#   BEFORE=PATH AFTER=PATH scripts/test-rollback.sh   uses these `florin` instead
set -euo pipefail
cd "$(dirname "$0")/.."

readonly cache=.florin/before

fail() {
    printf '%s\n' "$*" >&2
    exit 1
}

work=$(mktemp -d)
server=
cleanup() {
    [[ -z $server ]] || kill -KILL "$server" 2>/dev/null || true
    rm -rf "$work"
}
trap cleanup EXIT

# Leaves the release before in $BEFORE.
build_before() {
    local commit
    # shellcheck disable=SC2016 # backticks of Markdown
    commit=$(sed -n 's/^The release before is commit `\([0-9a-f]*\)`.*/\1/p' docs/VERSIONS.md)
    [[ -n $commit ]] || fail 'docs/VERSIONS.md does not say which commit the release before is.'
    BEFORE=$cache/florin-$commit
    [[ -x $BEFORE ]] && return
    git cat-file -e "$commit^{commit}" 2>/dev/null ||
        fail "Commit $commit is not here: this needs the history of the repository, not a shallow clone."
    echo "Building the release before ($commit) …" >&2
    mkdir -p "$work/source" "$cache"
    git archive "$commit" | tar -x -C "$work/source"
    (
        cache_dir=$PWD/$cache
        cd "$work/source"
        CARGO_TARGET_DIR="$cache_dir/target" "${CARGO:-cargo}" build --locked -p florin-server
    )
    cp "$cache/target/debug/florin" "$BEFORE"
}

if [[ -z ${BEFORE:-} ]]; then
    build_before
fi
if [[ -z ${AFTER:-} ]]; then
    "${CARGO:-cargo}" build --locked -p florin-server >&2
    AFTER=$(scripts/target-dir.sh)/debug/florin
fi

readonly data=$work/data
export FLORIN_LOG__LEVEL=error
# The smallest, so that segments are sealed.
export FLORIN_JOURNAL__SEGMENT_BYTES=65536

# Serves with this `florin` from now on.
start() {
    florin=$1
    : >"$work/ready"
    "$florin" serve --data "$data" --listen 127.0.0.1:0 >"$work/ready" &
    server=$!
    for _ in {1..200}; do
        if grep -q '^ready ' "$work/ready"; then
            FLORIN_SERVER=http://$(sed -n 's/.*"listen":"\([^"]*\)".*/\1/p' "$work/ready")
            export FLORIN_SERVER
            return
        fi
        kill -0 "$server" 2>/dev/null || break
        sleep 0.05
    done
    fail "$florin does not serve what the other one wrote."
}

stop() {
    kill "-$1" "$server"
    wait "$server" 2>/dev/null || [[ $1 == KILL ]] || fail "$florin did not stop well."
    server=
}


acknowledged=()
declare -A answers

# What is the same however often it is asked.
essence() {
    grep -o '"\(status\|sequence\|timestamp_ns\|reason\)":[^,}]*' <<<"$1" | sort | uniq | tr '\n' ' '
}

# Makes a call with an id of its own, and remembers the answer, yes or no.
ask() {
    local id call answer
    id=$(printf '%032x' $((${#acknowledged[@]} + 1)))
    call="$* --id $id"
    answer=$("$florin" "$@" --id "$id" --json) || [[ -n $answer ]] || fail "No answer to: $call"
    [[ $answer == *'"replayed":false'* ]] || fail "Decided before: $call: $answer"
    acknowledged+=("$call")
    answers[$call]=$(essence "$answer")
    last_id=$id
}

# Asks everything again.
same_answers() {
    local call answer
    for call in "${acknowledged[@]}"; do
        # shellcheck disable=SC2086 # words of a command
        answer=$("$florin" $call --json) || [[ -n $answer ]] || fail "No answer to: $call"
        [[ $answer == *'"replayed":true'* ]] || fail "$florin decides anew: $call: $answer"
        [[ $(essence "$answer") == "${answers[$call]}" ]] ||
            fail "$florin answers differently: $call: $answer, and not ${answers[$call]}"
    done
}

balances() {
    "$florin" account list --json
}

# Payments, a refusal, a hold with a part captured, a payment captured later.
work_a_while() {
    local hold
    for cents in {1..20}; do
        ask transfer --from cash --to alice --amount "1.$((cents + 10))"
    done
    ask transfer --from alice --to cash --amount 1000000
    ask hold --from alice --to cash --amount 3.00 --due 2099-12-31T00:00:00Z
    hold=$last_id
    ask capture "$hold" --amount 1.00
    ask pay --from cash --to alice --amount 7.50 --currency EUR --manual
    ask capture "$last_id"
}

verify() {
    local report
    report=$("$1" verify --data "$data" --json) && return
    # The one known difference: see docs/VERSIONS.md.
    if [[ $1 == "$BEFORE" && $report == *'the state differs from the one that was running'* ]]; then
        echo 'The release before cannot check a digest of this one (docs/VERSIONS.md).' >&2
        return
    fi
    fail "$1 does not verify: $report"
}

# Hands over from one to the other: the balances are the same to the last bit.
hand_over() {
    local before
    before=$(balances)
    stop "$1"
    verify "$florin"
    verify "$2"
    start "$2"
    [[ $(balances) == "$before" ]] || fail "$2 has other balances: $(balances), and not $before"
    same_answers
    work_a_while
}

start "$BEFORE"
"$florin" account create cash --asset EUR --floor none --json >/dev/null
"$florin" account create alice --asset EUR --ceiling 100000 --metadata tier=gold --json >/dev/null
work_a_while
hand_over TERM "$AFTER"
# What a later release keeps beside the journal does not disturb an earlier one.
mkdir -p "$data/partition-0000/kept-by-a-later-release"
echo 1 | tee "$data/kept-by-a-later-release" "$data/partition-0000/kept-by-a-later-release/1" \
    "$data/partition-0000/journal/0000000001.kept-by-a-later-release" >/dev/null
hand_over TERM "$BEFORE"
hand_over TERM "$AFTER"
hand_over KILL "$BEFORE"
hand_over KILL "$AFTER"
stop TERM
verify "$AFTER"
echo "Rolled forward and back: ${#acknowledged[@]} answers are the same in both releases."
