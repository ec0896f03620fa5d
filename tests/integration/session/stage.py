"""A real server, a sidecar before it and this process's sockets in the pod: for tests that speak the
protocol by hand. Nothing but the sidecar protects the server: the role is its superuser.

    stage.main(15 or 18 from --server, then unittest's own words)
"""

import argparse
import ctypes
import os
import pathlib
import socket
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from integration.lib import sandbox  # noqa: E402

sandbox.enter()
from integration.lib import postgres, wire  # noqa: E402
from integration.lib.chaperone import SIDECAR, Sidecar  # noqa: E402
from integration.lib.patience import PatientTest  # noqa: E402
from integration.lib.process import run  # noqa: E402
from integration.lib.world import World  # noqa: E402

TRUST = "local all all trust\nhost all all all trust\nhost replication all all trust\n"

POLICY = """\
version: 1
resources:
- name: shop
  protocol: postgres
  addresses: [10.77.0.2]
  ports: [5432]
  tls: off
  logins: [{{user: app, database: shop, role: app, to_database: shop}}{logins}]
  {more}
{resources}
rules:
{rules}
"""
# All but what is named here; "kept" is what every attack is after.
RULES = """\
- {name: all, action: allow}
- {name: kept-stays, action: deny, match: {effects: [write, delete, drop, define], objects: ["*kept"]}, reason: kept stays, hint: ask}
- {name: no-unknown, action: deny, match: {effects: [unknown]}, reason: cannot be read}
"""
FIXTURE = """
create table kept(id int primary key, note text); insert into kept values (1, 'one'), (2, 'two'), (3, 'three');
create table other(id int, note text);
create function wipe() returns int language plpgsql as $$ begin delete from kept; return 1; end $$;
create function twice(n int) returns int language sql immutable as $$ select n * 2 $$;
"""
# Everything an attack on "kept" could change.
STATE = "select * from kept order by 1; select to_regclass('kept') is null"

options = argparse.ArgumentParser(add_help=False)
options.add_argument("--server", type=int, choices=(15, 18), default=15)


def enter_pod(world):
    """This process's sockets are the agent's from here on; servers are reached by their sockets' files."""
    with open(f"/proc/{world.pod.holder.pid}/ns/net") as space:
        if ctypes.CDLL(None, use_errno=True).setns(space.fileno(), 0x40000000) != 0:
            sys.exit(f"setns: {os.strerror(ctypes.get_errno())}")


class StageTest(PatientTest):
    VERSION = 15
    FIXTURE = FIXTURE
    RULES = RULES
    LOGINS = ""     # more of its logins, each behind a comma
    MORE = ""       # more lines of the resource
    RESOURCES = ""  # more resources
    HBA = TRUST
    SECRETS = {}    # files of the sidecar's folder, which is @DIR@ in the policy
    SPOOL = "1GiB"
    CONFIG = ""     # more lines of sidecar.yaml

    @classmethod
    def setUpClass(cls):
        cls.world = World().__enter__()
        cls.addClassCleanup(cls.world.stop)
        cls.server = cls.world.own(postgres.Postgres(
            cls.VERSION, cls.world.cluster, hba=cls.HBA, plain=False, name=cls.__name__.lower(),
            settings="wal_level = logical\nmax_prepared_transactions = 4")).start()
        cls.server.sql("create role app superuser replication login; create database shop owner app")
        cls.server.sql(cls.FIXTURE, "shop", "app")
        text = POLICY.format(logins=cls.LOGINS, more=cls.MORE, resources=cls.RESOURCES, rules=cls.RULES)
        cls.sidecar = cls.world.own(Sidecar(cls.world, text, secrets=cls.SECRETS, spool=cls.SPOOL, config=cls.CONFIG, name=f"sidecar-{cls.__name__.lower()}"))
        cls.sidecar.program_kernel()
        cls.sidecar.start()
        cls.outside = os.open("/proc/self/ns/net", os.O_RDONLY)
        cls.addClassCleanup(os.close, cls.outside)
        enter_pod(cls.world)
        cls.addClassCleanup(cls.leave_pod)
        cls.before = cls.state()

    @classmethod
    def leave_pod(cls):
        ctypes.CDLL(None).setns(cls.outside, 0x40000000)

    @classmethod
    def state(cls):
        return cls.server.sql(STATE, "shop")

    def tearDown(self):
        self.assertEqual(self.before, self.state(), "what is kept was changed")
        self.assertTrue(self.sidecar.process.running(), self.sidecar.process.tail())

    def open(self, **parameters):
        connection = wire.Wire(sandbox.CLUSTER4, **parameters)
        self.addCleanup(connection.close)
        return connection

    def oid_of(self, expression):
        return int(self.server.sql(f"select {expression}::oid", "shop"))

    def explain(self, question):
        return run([SIDECAR, "explain", question, "--json", "--socket", self.sidecar.folder / "admin.sock"])


def raw():
    """A bare connection to the server's address, for what comes before a session."""
    return socket.create_connection((sandbox.CLUSTER4, 5432), timeout=wire.REPLY_SECONDS)


def values(messages):
    """The text values of all DataRows, row by row."""
    rows = []
    for kind, body in messages:
        if kind != b"D":
            continue
        row, at = [], 2
        for _ in range(int.from_bytes(body[:2], "big")):
            size = int.from_bytes(body[at:at + 4], "big", signed=True)
            at += 4
            row.append(None if size < 0 else body[at:at + size].decode(errors="replace"))
            at += max(size, 0)
        rows.append(row)
    return rows


def kinds(messages):
    return b"".join(kind for kind, _ in messages).decode()


def main():
    chosen, words = options.parse_known_args()
    StageTest.VERSION = chosen.server
    unittest.main(argv=[sys.argv[0], *words], verbosity=2)
