#!/bin/bash
# One month of timelines with ten transitions and two exclusion windows: Uphold beside PostgreSQL, in one run.
#
# Usage: bench/timelines.sh [COUNT]     (1,000,000 timelines; needs Debian's `postgresql`, and root to start it as `postgres`)
# Both get the same timelines; the sums of up time outside the windows must be equal to the millisecond.
set -euo pipefail
cd "$(dirname "$0")/.."
count=${1:-1000000}
data=$(mktemp -d)
trap 'sudo_pg pg_ctl -D "$data/pg" -m immediate stop >/dev/null 2>&1 || true; rm -rf "$data"' EXIT
bin=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -1)
sudo_pg() { (cd "$data" && setpriv --reuid=postgres --regid=postgres --clear-groups env PATH="$bin:$PATH" "$@"); }

cargo build --quiet --release -p uphold --example million_timelines
chmod 755 "$data"
target/release/examples/million_timelines "$count" "$data/timelines" >/dev/null
# One core, as PostgreSQL's single backend has.
taskset -c 0 target/release/examples/million_timelines "$count" | tee "$data/uphold"

mkdir "$data/pg" && chown postgres "$data/pg"
sudo_pg initdb -D "$data/pg" --auth=trust --no-sync >/dev/null
sudo_pg pg_ctl -D "$data/pg" -w -o "-k $data -c listen_addresses='' -c fsync=off -c max_parallel_workers_per_gather=0 -c shared_buffers=1GB" -l "$data/pg/log" start >/dev/null 2>&1 || { chmod 777 "$data"; sudo_pg pg_ctl -D "$data/pg" -w -o "-k $data -c listen_addresses='' -c fsync=off -c max_parallel_workers_per_gather=0 -c shared_buffers=1GB" -l "$data/pg/log" start >/dev/null; }
sql() { sudo_pg psql -h "$data" -X -q -At -d postgres "$@"; }
sql -c 'CREATE UNLOGGED TABLE timelines (up int8multirange)'
sql -c '\copy timelines FROM STDIN' <"$data/timelines"
sql -c 'VACUUM ANALYZE timelines'
# The windows of the example: 4 hours from the 10th, 3 hours from the 21st of October 2026, UTC.
start=1790812800000; day=86400000; hour=3600000
a=$((start + 9 * day)); b=$((start + 20 * day))
query="SELECT sum(u) FROM (SELECT (SELECT sum(upper(r) - lower(r)) FROM unnest(up - '{[$a,$((a + 4 * hour))),[$b,$((b + 3 * hour)))}'::int8multirange) AS r) AS u FROM timelines) AS each"
sql -c "$query" >/dev/null
begun=$(date +%s.%N)
sum=$(sql -c "$query")
ended=$(date +%s.%N)
uphold=$(sed -n 's/^uphold_seconds: //p' "$data/uphold")
ours=$(sed -n 's/^uphold_up_ms: //p' "$data/uphold")
[ "$sum" = "$ours" ] || { echo "the sums differ: PostgreSQL $sum, Uphold $ours" >&2; exit 1; }
sql -c 'SELECT version()'
awk -v a="$begun" -v b="$ended" -v u="$uphold" 'BEGIN { printf "postgresql_seconds: %.3f\nratio: %.1f\n", b - a, (b - a) / u }'
