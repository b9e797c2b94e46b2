#!/usr/bin/env bash
# Backs a server up under load, restores it to three moments, and goes on from one of them.
#
#   scripts/restore-drill.sh                      with the baskets that `make run` has fetched
#   scripts/restore-drill.sh berka DIR            with the books of a bank (see loadtest/README.md)
#
# While a history is replayed through a server, backups are made of it, the first one full. Then the backup is restored to
# three sequences: the digest must be that of the original journal cut at the same place (`florin fork`). Then the same
# history is replayed through what was restored last: what that knows is answered as the first time, the rest is
# paid, and every balance must be what it should be. Ends with 0 if all of that is so.
set -euo pipefail
cd "$(dirname "$0")/.."

history=("${1:-journey}" "${2:-.florin/journey/baskets.csv}")
[[ -e ${history[1]} ]] || {
    echo "${history[1]} is not there. \`make run ONCE=1\` fetches baskets." >&2
    exit 2
}
"${CARGO:-cargo}" build --release --locked -p florin-server -p florin-loadtest >&2
bin=$(scripts/target-dir.sh)/release

dir=$(mktemp -d)
children=()
finish() {
    ((${#children[@]} == 0)) || kill "${children[@]}" 2>/dev/null || true
    wait
    rm -rf "$dir"
}
trap finish EXIT

# A value of the last JSON line on stdin.
value() { python3 -c 'import json,sys; print(json.loads(sys.stdin.read().strip().splitlines()[-1])[sys.argv[1]])' "$1"; }

# Serves a data directory on a free port; leaves $server and $url.
serve() {
    mkfifo "$dir/ready"
    "$bin/florin" serve --data "$1" --listen 127.0.0.1:0 "${@:2}" >"$dir/ready" 2>"$dir/server.log" &
    server=$!
    children=("$server")
    read -r _ json <"$dir/ready"
    rm "$dir/ready"
    url=http://$(value listen <<<"$json")
}

stop() {
    kill "$server"
    wait "$server"
    children=()
}

digest_of() { "$bin/florin" verify --data "$1" --json | value digest; }

echo "Replaying ${history[*]}, with backups …"
serve "$dir/original"
"$bin/florin-loadtest" replay "${history[@]}" --server "$url" --json >"$dir/first.json" 2>/dev/null &
load=$!
children+=("$load")
moments=()
while kill -0 "$load" 2>/dev/null; do
    # Until the first event is there, there is nothing to back up.
    if "$bin/florin" backup --to "$dir/backup" --server "$url" --json >"$dir/made.json" 2>/dev/null; then
        moments+=("$(value sequence <"$dir/made.json")")
        echo "  backed up through event ${moments[-1]}"
    fi
done
wait "$load" || { cat "$dir/first.json" "$dir/server.log" >&2; exit 1; }
stop

# Three moments: in the middle of the first backup that was made under load, between it and the last, and where that ended.
count=${#moments[@]}
((count >= 2)) || {
    echo "Only $count backups were made under load: too few to tell anything." >&2
    exit 1
}
first=${moments[0]} last=${moments[count - 1]}
wanted=($((first / 2)) $(((first + last) / 2)) "$last")

for sequence in "${wanted[@]}"; do
    "$bin/florin" restore --from "$dir/backup" --data "$dir/at-$sequence" --at "$sequence" --json >"$dir/restored.json" 2>/dev/null
    "$bin/florin" fork --data "$dir/original" --to "$dir/fork" --at "$sequence" --json >"$dir/forked.json" 2>/dev/null
    restored=$(value digest <"$dir/restored.json") expected=$(value digest <"$dir/forked.json")
    [[ $restored == "$expected" && $(digest_of "$dir/at-$sequence") == "$expected" ]] || {
        echo "At event $sequence: restored $restored, the original was $expected." >&2
        exit 1
    }
    echo "Restored to event $(value sequence <"$dir/restored.json"), asked for $sequence: $(value transfers_posted <"$dir/restored.json") transfers, digest ${restored:0:16}… as in the original"
    rm -rf "$dir/fork"
done

echo 'Replaying the history once more through what was restored last …'
serve "$dir/at-${wanted[2]}"
"$bin/florin-loadtest" replay "${history[@]}" --server "$url" --json >"$dir/second.json" 2>/dev/null
stop
cat "$dir/first.json" "$dir/second.json"
python3 - "$dir/first.json" "$dir/second.json" <<'END'
import json, sys

first, second = (json.loads(open(name).read().strip().splitlines()[-1]) for name in sys.argv[1:])
# Of the same history, only how long it took and what was known before may differ.
differ = {"seconds", "transfers_per_s", "payments_per_s", "p50_us", "p99_us", "p999_us", "replayed", "server"}
differs = sorted(key for key in first if key not in differ and first[key] != second.get(key))
if differs or not 0 < second["replayed"]:
    sys.exit(f"It went on otherwise: {differs}, {second['replayed']} known before.")
print(f"It went on to the same end: {second['replayed']} transfers were known before, the rest was paid.")
END
