#!/usr/bin/env bash
# pgbench in its three protocols, eight clients at a time; then a script that is refused.
set -uo pipefail
die() { echo "FAIL $1" >&2; exit 1; }
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"

for mode in simple extended prepared; do
  for script in select-only tpcb-like; do
    output=$(pgbench -n -M "$mode" -b "$script" -c 8 -j 2 -t 25 2>&1) || die "$mode $script: $output"
    [[ "$output" == *"processed: 200/200"* ]] || die "$mode $script: $output"
  done
  echo "ok $mode"
done

cat >"$work/pipeline.sql" <<'SQL'
\set aid random(1, 1000)
\startpipeline
begin;
update pgbench_accounts set abalance = abalance + 1 where aid = :aid;
select abalance from pgbench_accounts where aid = :aid;
end;
\endpipeline
SQL
output=$(pgbench -n -M extended -f "$work/pipeline.sql" -c 8 -t 25 2>&1) || die "pipeline: $output"
[[ "$output" == *"processed: 200/200"* ]] || die "pipeline: $output"
echo "ok pipeline"

echo 'drop table guarded;' >"$work/drop.sql"
for mode in simple extended prepared; do
  output=$(pgbench -n -M "$mode" -f "$work/drop.sql" -c 2 -t 1 2>&1) && die "refused $mode: $output"
  [[ "$output" == *"aborted in command 0"* ]] || die "refused $mode: $output"
  echo "ok refused_$mode"
done
