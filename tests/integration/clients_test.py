#!/usr/bin/env python3
"""Real clients in the pod, directly and through the sidecar: clients/README.md says what they do.

    clients_test.py [--through direct|sidecar] [--server 15|18] [--client NAME ...] [--drivers]
"""

import argparse
import enum
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from integration.lib import sandbox  # noqa: E402

sandbox.enter()
from integration.lib import clients, postgres  # noqa: E402
from integration.lib.certificates import Authority  # noqa: E402
from integration.lib.chaperone import Collector, Sidecar  # noqa: E402
from integration.lib.world import World  # noqa: E402


class Through(enum.Enum):
    DIRECT = "direct"
    SIDECAR = "sidecar"


# Through the sidecar the role owns `guarded`: nothing but the policy stands before it.
FIXTURE = """
create role keeper nologin;
create role app login password '{password}';
create database shop owner {owner};
\\c shop
grant create, usage on schema public to app, keeper;
create table accounts(id int primary key, owner text, balance numeric(12,2) default 0);
insert into accounts values (1, 'ada', 10), (2, 'bob', 20), (3, 'cyd', 30);
create table events(id bigint generated always as identity primary key, kind text, detail text, at timestamptz default now());
create table guarded(id int primary key, note text);
insert into guarded values (1, 'one'), (2, 'two'), (3, 'three');
grant select, insert, update, delete on all tables in schema public to app;
grant usage on all sequences in schema public to app;
alter table guarded owner to {owner};
create table pgbench_accounts(aid int primary key, bid int, abalance int default 0, filler char(84));
create table pgbench_branches(bid int primary key, bbalance int default 0, filler char(88));
create table pgbench_tellers(tid int primary key, bid int, tbalance int default 0, filler char(84));
create table pgbench_history(tid int, bid int, aid int, delta int, mtime timestamp, filler char(22));
insert into pgbench_branches values (1);
insert into pgbench_tellers select g, 1 from generate_series(1, 10) g;
insert into pgbench_accounts select g, 1 from generate_series(1, 100000) g;
grant select, insert, update, delete on all tables in schema public to app;
analyze;
"""


def server(world, version, authority, through):
    database = world.own(postgres.Postgres(version, world.cluster, authority)).start()
    owner = "keeper" if through is Through.DIRECT else postgres.APP_USER
    database.sql(FIXTURE.format(password=postgres.APP_PASSWORD, owner=owner))
    return database


def sidecar(world, authority):
    """The whole product around the agent; its rules are in force from here on."""
    collector = world.own(Collector(world, authority)).start()
    policy = (sandbox.SRC / "tests/integration/policies/clients.yaml").read_text()
    one = world.own(Sidecar(world, policy, collector, authority, {"password": postgres.APP_PASSWORD}))
    one.program_kernel()
    return one.start()


def trust_file(authority):
    bundle = sandbox.folder("trust") / "bundle.pem"
    bundle.write_bytes(authority.certificate.read_bytes())
    return bundle


def judge(name, done):
    """Prints the steps of one client; true if all that must be there are."""
    steps = [line.split()[1] for line in done.stdout.splitlines() if line.startswith(("ok ", "skip "))]
    missing = [step for step in clients.ALL[name].steps if step not in steps]
    if done.returncode == 0 and not missing:
        return True
    print(f"{done.stdout}{done.stderr}\n{name}: exit {done.returncode}, missing: {' '.join(missing) or 'nothing'}")
    return False


def run_clients(world, names, environment, guarded_rows):
    failed = []
    for name in names:
        begin = time.monotonic()
        done = world.agent(*clients.ALL[name].command(), env=environment, timeout=300)
        good = judge(name, done) and guarded_rows() == "3"
        print(f"{name}: {'passed' if good else 'FAILED'} in {time.monotonic() - begin:.1f} s", flush=True)
        if not good:
            failed.append(name)
    return failed


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--through", type=Through, choices=list(Through), default=Through.DIRECT)
    options.add_argument("--server", type=int, choices=(15, 18), default=15)
    options.add_argument("--client", action="append", choices=sorted(clients.ALL))
    options.add_argument("--drivers", action="store_true", help="the clients of slow toolchains")
    chosen = options.parse_args()
    names = chosen.client or [n for n, c in clients.ALL.items() if c.slow == chosen.drivers]
    with World() as world:
        authority = Authority(sandbox.folder("authority"))
        database = server(world, chosen.server, authority, chosen.through)
        environment = {"PGHOST": "db.cluster.test", "PGPORT": "5432", "PGUSER": postgres.APP_USER,
                       "PGDATABASE": "shop", "PGSSLMODE": "disable"}
        if chosen.through is Through.DIRECT:
            environment |= {"PGPASSWORD": postgres.APP_PASSWORD, "PGSSLROOTCERT": str(trust_file(authority))}
        else:
            one = sidecar(world, authority)
            environment |= {"PGPASSWORD": "placeholder", "PGSSLROOTCERT": str(one.bundle)}
        failed = run_clients(world, names, environment,
                             lambda: database.sql("select count(*) from guarded", "shop"))
        if failed and chosen.through is Through.SIDECAR:
            print(f"the sidecar said:\n{one.process.tail()}")
    if failed:
        sys.exit(f"failed: {' '.join(failed)}")


if __name__ == "__main__":
    main()
