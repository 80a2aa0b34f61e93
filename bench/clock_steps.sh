#!/usr/bin/env bash
# Steps the clock of a running server by an hour, forth and back, and shows what it makes of it: gaps, and no downtime.
# Needs Debian's `faketime`, and a service that answers 200 at http://127.0.0.1:18091/ (python3 serves one here).
# Run from the repository: bench/clock_steps.sh [uphold]
set -euo pipefail
uphold=$(realpath "${1:-target/release/uphold}")
agreement=$(realpath examples/cloud-one/agreement.toml)
library=$(ls /usr/lib/*/faketime/libfaketimeMT.so.1)
folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
{
    printf 'vantage = "local"\n[egress]\nallow = ["127.0.0.0/8"]\n'
    for interface in console api connections; do
        printf '[[check]]\nid = "c-%s"\nsolution = "workload-security"\ninterface = "%s"\nkind = "http"\n' $interface $interface
        printf 'url = "http://127.0.0.1:18091/"\ninterval = "1s"\ntimeout = "1s"\nstaleness = "5s"\n'
    done
} >checks.toml
mkdir www && echo ok >www/index.html
python3 -m http.server --bind 127.0.0.1 --directory www 18091 >/dev/null 2>&1 &
echo +0 >offset
sleep 1
LD_PRELOAD=$library FAKETIME_TIMESTAMP_FILE=$folder/offset FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1 \
    "$uphold" serve --agreement "$agreement" --checks checks.toml --data data --listen 127.0.0.1:0 >/dev/null 2>log &
server=$!
for offset in +0 +3600 +0; do
    echo $offset >offset
    sleep 10
done
kill -TERM $server
wait $server
grep stepped log
"$uphold" export history --data data >history.jsonl
grep observer_gap history.jsonl
"$uphold" evaluate --agreement "$agreement" --history history.jsonl --period "$(date -u +%Y-%m)" \
    --as-known-at "$(date -u -d '+2 hours' +%FT%TZ)" --format json |
    python3 -c 'import json, sys
for row in json.load(sys.stdin)["commitments"]:
    if row["kind"] == "availability": print(row["subject"], row["seconds"])'
"$uphold" ledger verify --data data | tail -2
