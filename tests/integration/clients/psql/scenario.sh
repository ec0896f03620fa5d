#!/usr/bin/env bash
# The scenario of ../README.md with psql.
set -uo pipefail
psql=${PSQL:-psql}
die() { echo "FAIL $1: $2" >&2; exit 1; }
q() { "$psql" -XAtq -v VERBOSITY=verbose "$@" 2>&1; }
# expect STEP WANTED ACTUAL: equal, line for line.
expect() { [ "$2" = "$3" ] || die "$1" "wanted [$2], got [$3]"; }
# contains STEP TEXT ACTUAL...
contains() { [[ "$3" == *"$2"* ]] || die "$1" "wanted [$2] in [$3]"; }
ok() { echo "ok $1"; }

expect connect 2 "$(PGSSLMODE=disable q -c 'select 1 + 1')"; ok connect
expect tls_require t "$(PGSSLMODE=require q -c 'select true')"; ok tls_require
expect tls_verify_full t "$(PGSSLMODE=verify-full q -c 'select true')"; ok tls_verify_full

expect simple $'1|ada\n2|bob\n3|cyd' "$(q -c 'select id, owner from accounts order by id')"; ok simple
echo "skip parameters this psql has no \\bind"
expect prepared $'ada\nbob\ncyd' "$(q -c "prepare owner_of(int) as select owner from accounts where id = \$1" \
  -c 'execute owner_of(1)' -c 'execute owner_of(2)' -c 'execute owner_of(3)')"; ok prepared
echo "skip pipeline psql sends one at a time"

expect transaction $'1\n2\n1' "$(q <<'SQL'
begin; insert into events(kind) values ('psql-a'); savepoint s; insert into events(kind) values ('psql-a');
rollback to s; select count(*) from events where kind = 'psql-a'; commit;
begin; insert into events(kind) values ('psql-a'); select count(*) from events where kind = 'psql-a'; rollback;
select count(*) from events where kind = 'psql-a';
SQL
)"; ok transaction

expect copy_in 2 "$(q <<'SQL'
copy events(kind, detail) from stdin;
psql-copy	one
psql-copy	two
\.
select count(*) from events where kind = 'psql-copy';
SQL
)"; ok copy_in
expect copy_out $'1\tada\n2\tbob\n3\tcyd' "$(q -c 'copy (select id, owner from accounts order by id) to stdout')"
ok copy_out

contains notice "WARNING:  25001" "$(q -c begin -c begin -c rollback)"; ok notice
contains notify 'Asynchronous notification "psql_ch" with payload "hello"' \
  "$(q -c 'listen psql_ch' -c "notify psql_ch, 'hello'" -c 'select 1')"; ok notify

# psql turns an interrupt into a cancel request (and then ends, as its input is no terminal).
output=$(mktemp)
"$psql" -XAtq -v VERBOSITY=verbose >"$output" 2>&1 <<'SQL' &
select count(*) from (select generate_series(1, 1000000000000)) x;
SQL
long=$!
running="select count(*) from pg_stat_activity where query like '%1000000000000%' and pid <> pg_backend_pid()"
for _ in $(seq 300); do
  [ "$(q -c "$running")" != 0 ] && break
  sleep 0.1
done
kill -INT $long
wait $long
cancelled=$(<"$output"); rm -f "$output"
contains cancel 57014 "$cancelled"; ok cancel

failed=$(q <<'SQL'
begin; select 1/0;
select 'unreachable';
rollback;
select 'alive';
SQL
)
contains failed_transaction 22012 "$failed"; contains failed_transaction 25P02 "$failed"
contains failed_transaction alive "$failed"; [[ "$failed" != *unreachable* ]] || die failed_transaction "$failed"
ok failed_transaction

refused=$(q -c 'drop table guarded' -c "select 'alive'")
contains refused_idle 42501 "$refused"; contains refused_idle alive "$refused"; ok refused_idle

refused=$(q <<'SQL'
begin;
insert into events(kind) values ('psql-lost');
drop table guarded;
select 'unreachable';
\unset QUIET
commit;
\set QUIET
select 'left', count(*) from events where kind = 'psql-lost';
SQL
)
contains refused_in_transaction 42501 "$refused"; contains refused_in_transaction 25P02 "$refused"
contains refused_in_transaction ROLLBACK "$refused"; contains refused_in_transaction 'left|0' "$refused"
ok refused_in_transaction

# The nearest that psql has to a pipeline: one message with several statements.
refused=$(q -c "insert into events(kind) values ('psql-batch'); drop table guarded; select 'unreachable'")
contains refused_in_pipeline 42501 "$refused"
[[ "$refused" != *unreachable* ]] || die refused_in_pipeline "$refused"
expect refused_in_pipeline 0 "$(q -c "select count(*) from events where kind = 'psql-batch'")"; ok refused_in_pipeline

echo "skip refused_prepared PREPARE takes no DROP"
contains refused_copy_program 42501 "$(q -c "copy guarded to program 'true'")"; ok refused_copy_program
expect still_there 3 "$(q -c 'select count(*) from guarded')"; ok still_there
