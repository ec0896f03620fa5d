#!/usr/bin/env python3
"""What the sidecar does between a real agent and a real server, one promise a test."""

import json
import os
import pathlib
import re
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from integration.lib import sandbox  # noqa: E402

sandbox.enter()
from integration.lib import postgres  # noqa: E402
from integration.lib.certificates import Authority  # noqa: E402
from integration.lib.chaperone import CLI, COLLECTOR_URL, INIT, Collector, Sidecar, records  # noqa: E402
from integration.lib.patience import PATIENCE_SECONDS, PatientTest  # noqa: E402
from integration.lib.process import Process, as_user  # noqa: E402
from integration.lib.world import World  # noqa: E402

POLICY = """\
version: 1
resources:
- name: shop
  protocol: postgres
  hosts: [db.cluster.test]
  addresses: [10.77.0.2]
  ports: [5432]
  {tls}
  credential: {credential}
  logins: [{{user: app, database: shop, role: {role}, to_database: shop}}]
  {more}
{resources}
rules:
{rules}
"""
EVERYDAY = "- {name: everyday, action: allow, match: {effects: [read, write, delete, session, transaction, describe]}}\n"
READS = "- {name: reads, action: allow, match: {effects: [read, describe, transaction, session]}}\n"
VERIFIED = 'tls: {mode: verify-full, ca_file: "@DIR@/ca.pem"}'
PASSWORD = '{password_file: "@DIR@/password"}'


def policy(tls=VERIFIED, credential=PASSWORD, role="app", rules=EVERYDAY, more="", resources=""):
    return POLICY.format(tls=tls, credential=credential, role=role, rules=rules, more=more, resources=resources)


# One role per way to log in, and no other way in for it.
HBA = """\
local    all all                trust
hostssl  all certified all      cert
hostssl  all md5_role all       md5
hostssl  all clear_role all     password
hostnossl all plain_clear all   password
host     all trusted all        trust
hostssl  all all all            scram-sha-256
"""
FIXTURE = """
set password_encryption = 'md5'; create role md5_role login password 'secret-md5';
set password_encryption = 'scram-sha-256';
create role app login password 'app-secret-of-the-test';
create role clear_role login password 'secret-clear'; create role plain_clear login password 'secret-plain';
create role certified login; create role trusted login;
create database shop owner app;
\\c shop
create table kept(id int primary key, note text); insert into kept values (1, 'one'), (2, 'two'), (3, 'three');
grant all on kept to public; alter table kept owner to app; grant all on schema public to public;
"""


# As the agent: statements from standard input, those with values as drivers bind them.
SENDER = """
import json, sys
for statement, values in json.load(sys.stdin) + [["select 'marker-4711'", []]]:
    db = Wire(sys.argv[1])
    if values:
        db.ask(parse(statement), bind(values=[value.encode() for value in values]), execute(), SYNC)
    else:
        db.ask(query(statement))
    db.close()
print("all sent")
"""


class SidecarTest(PatientTest):
    @classmethod
    def setUpClass(cls):
        cls.world = World().__enter__()
        cls.addClassCleanup(cls.world.stop)
        cls.authority = Authority(sandbox.folder("authority"))
        cls.server = cls.world.own(postgres.Postgres(15, cls.world.cluster, cls.authority, hba=HBA, plain=False)).start()
        cls.server.sql(FIXTURE)
        cls.collector = cls.world.own(Collector(cls.world, cls.authority)).start()
        cls.programmed = False

    def sidecar(self, text, secrets=None, config="", authority=None, start=True):
        one = Sidecar(self.world, text, self.collector, authority or self.authority,
                      {"password": postgres.APP_PASSWORD, **(secrets or {})}, config, name=self.id().split(".")[-1])
        self.addCleanup(one.stop)
        if not type(self).programmed:
            one.program_kernel()
            type(self).programmed = True
        return one.start() if start else one

    def psql(self, *statements, user="app", database="shop", host="db.cluster.test", **env):
        words = [word for text in statements for word in ("-c", text)]
        return self.world.agent(postgres.PSQL, "-XAtq", "-v", "VERBOSITY=verbose", *words, env={
            "PGHOST": host, "PGUSER": user, "PGDATABASE": database, "PGPASSWORD": "placeholder", **env})

    def answers(self, wanted, *statements, **options):
        done = self.psql(*statements, **options)
        self.assertIn(wanted, done.stdout + done.stderr)
        return done

    # Login.

    def login(self, role, credential, secrets, tls=VERIFIED):
        one = self.sidecar(policy(tls=tls, role=role, credential=credential), secrets)
        done = self.psql("select current_user")
        one.stop()
        return done.stdout.strip() + done.stderr

    def test_login_scram(self):
        self.assertEqual("app", self.login("app", PASSWORD, {}))

    def test_login_md5(self):
        self.assertEqual("md5_role", self.login("md5_role", PASSWORD, {"password": "secret-md5"}))

    def test_login_cleartext_over_tls(self):
        self.assertEqual("clear_role", self.login("clear_role", PASSWORD, {"password": "secret-clear"}))

    def test_login_never_cleartext_without_tls(self):
        said = self.login("plain_clear", PASSWORD, {"password": "secret-plain"}, tls="tls: off")
        self.assertIn("FATAL", said)
        self.assertNotIn("secret-plain", said)

    def test_login_trust(self):
        self.assertEqual("trusted", self.login("trusted", "{}", {}, tls="tls: off"))

    def test_login_client_certificate(self):
        certificate, key = self.authority.issue("certified")
        credential = '{certificate_file: "@DIR@/client.crt", key_file: "@DIR@/client.key"}'
        self.assertEqual("certified", self.login("certified", credential, {
            "client.crt": certificate.read_text(), "client.key": key.read_text()}))

    def test_login_wrong_authority(self):
        other = Authority(sandbox.folder("other-authority"), "somebody else")
        self.sidecar(policy(), authority=other)
        self.assertNotEqual(0, self.psql("select 1").returncode)

    def test_login_wrong_name(self):
        tls = 'tls: {mode: verify-full, ca_file: "@DIR@/ca.pem", name: other.cluster.test}'
        self.sidecar(policy(tls=tls))
        self.assertNotEqual(0, self.psql("select 1").returncode)

    def test_login_unmapped_says_what_to_write(self):
        self.sidecar(policy())
        done = self.answers("FATAL", "select 1", user="stranger")
        self.assertIn("logins", done.stderr)

    def test_credential_rotated_under_load(self):
        """As a mounted Secret rotates: role and password change at once, the old pair stays valid a while."""
        credential = '{user_file: "@DIR@/secret/user", password_file: "@DIR@/secret/password"}'
        one = self.sidecar(policy(credential=credential), start=False)
        for number in range(4):
            self.server.sql(f"create role app_{number} login password 'secret-{number}' in role app")
            folder = one.folder / f"secret-{number}"
            folder.mkdir()
            (folder / "user").write_text(f"app_{number}")
            (folder / "password").write_text(f"secret-{number}")
        (one.folder / "secret").symlink_to("secret-0")
        one.start()
        load = Process("load", self.world.agent_words(
            "/usr/lib/postgresql/15/bin/pgbench", "-n", "-C", "-c", "4", "-T", "6", "-f", "/mnt/tmp/rotate.sql",
            "-h", "db.cluster.test", "-U", "app", "shop"), sandbox.TMP / "rotation.log", env={"HOME": "/mnt/tmp"})
        self.addCleanup(load.stop)
        for number in range(1, 4):
            time.sleep(1.5)
            (one.folder / "fresh").symlink_to(f"secret-{number}")
            (one.folder / "fresh").rename(one.folder / "secret")
            self.answers(f"app_{number}", "select current_user")
        load.popen.wait(60)
        self.assertEqual(0, load.popen.returncode, load.tail())
        self.assertNotIn("error", load.tail(200))

    # TLS towards the agent.

    def test_tls_towards_the_agent(self):
        one = self.sidecar(policy())
        for mode in ("require", "verify-ca", "verify-full"):
            self.answers("1", "select 1", PGSSLMODE=mode, PGSSLROOTCERT=str(one.bundle))
        self.assertNotEqual(0, self.psql("select 1", PGSSLMODE="verify-full",
                                         PGSSLROOTCERT=str(self.authority.certificate)).returncode)

    # Policy.

    def test_refusal_names_rule_reason_hint(self):
        self.sidecar(policy(rules=EVERYDAY + "- {name: no-drops, action: deny, match: {effects: [drop]}, "
                                             "reason: tables stay, hint: ask first}\n"))
        done = self.answers("3", "drop table kept", "select count(*) from kept")
        for word in ("42501", "no-drops", "tables stay", "ask first"):
            self.assertIn(word, done.stderr)

    def test_policy_reload(self):
        one = self.sidecar(policy())
        self.answers("three", "select note from kept where id = 3")
        one.write("policy.yaml", policy(rules="- {name: nothing, action: deny}\n").replace("@DIR@", str(one.folder)))
        self.eventually(lambda: "FATAL" in self.psql("select note from kept").stderr, "the new policy is in force")

    def test_policy_reload_reaches_live_sessions(self):
        one = self.sidecar(policy())
        live = subprocess.Popen(list(map(str, self.world.agent_words(postgres.PSQL, "-XAtq"))), text=True,
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                env={"PGHOST": "db.cluster.test", "PGUSER": "app", "PGDATABASE": "shop"})
        self.addCleanup(live.kill)
        live.stdin.write("select 'before';\n")
        live.stdin.flush()
        self.assertEqual("before\n", live.stdout.readline())
        one.write("policy.yaml", policy(rules="- {name: nothing, action: deny}\n").replace("@DIR@", str(one.folder)))
        self.eventually(lambda: self.psql("select 1").returncode != 0, "the new policy is in force")
        said, _ = live.communicate("select 'after';\n", timeout=PATIENCE_SECONDS)
        self.assertNotIn("after\n", said.replace("select 'after'", ""))

    def test_policy_error_keeps_the_last_good_one(self):
        one = self.sidecar(policy())
        one.write("policy.yaml", "version: 1\nresuorces: []\n")
        self.eventually(lambda: "resources" in one.log.read_text(), "the log names the nearest valid word")
        self.answers("3", "select count(*) from kept")

    def test_policy_by_symlink_swap(self):
        """As a mounted ConfigMap changes: ..data is a link that is renamed over."""
        one = self.sidecar(policy(), start=False)
        mounted = one.folder / "mounted"
        mounted.mkdir()
        for version, rules in (("one", EVERYDAY), ("two", "- {name: nothing, action: deny}\n")):
            (mounted / version).mkdir()
            (mounted / version / "policy.yaml").write_text(policy(rules=rules).replace("@DIR@", str(one.folder)))
        (mounted / "..data").symlink_to("one")
        (mounted / "policy.yaml").symlink_to("..data/policy.yaml")
        config = one.folder / "sidecar.yaml"
        config.write_text(config.read_text().replace(f"{one.folder}/policy.yaml", f"{mounted}/policy.yaml"))
        one.start()
        self.answers("3", "select count(*) from kept")
        (mounted / "..new").symlink_to("two")
        (mounted / "..new").rename(mounted / "..data")
        self.eventually(lambda: "FATAL" in self.psql("select note from kept").stderr, "the swapped policy is in force")

    def test_read_only_by_the_server_too(self):
        self.sidecar(policy(rules=READS))
        self.answers("on", "show transaction_read_only")
        done = self.psql("set default_transaction_read_only = off", "begin read write", "show transaction_read_only")
        self.assertNotIn("off\n", done.stdout)

    def test_observe_passes_and_records(self):
        self.sidecar(policy(rules=EVERYDAY + "- {name: try-out, action: deny, match: {effects: [delete]}, observe: true}\n"))
        marker = "observed-7411"
        self.answers("DELETE 0", "\\unset QUIET", f"delete from kept where note = '{marker}'")
        self.eventually(lambda: marker in str(records(self.world, self.collector, f"text={marker}")), "its record is there")

    # Where connections go.

    def test_unnamed_destination_is_refused(self):
        self.sidecar(policy())
        begin = time.monotonic()
        done = self.psql("select 1", PGPORT="5433")
        self.assertNotEqual(0, done.returncode)
        self.assertLess(time.monotonic() - begin, 10)

    def test_opaque_passage(self):
        echo = self.world.own(Process("echo", self.world.cluster.words("/usr/bin/python3", "-c", (
            "import socket; s = socket.create_server(('10.77.0.2', 7777))\n"
            "while True:\n c = s.accept()[0]\n c.sendall(c.recv(100).upper())\n c.close()")), sandbox.TMP / "echo.log"))
        self.addCleanup(echo.stop)
        self.sidecar(policy(rules=EVERYDAY + "- {name: echo, action: allow, match: {resources: [echo], effects: [opaque]}}\n",
                            resources="- {name: echo, protocol: opaque, addresses: [10.77.0.2], ports: [7777]}"))
        done = self.world.agent("/usr/bin/python3", "-c", (
            "import socket; c = socket.create_connection(('10.77.0.2', 7777), 10); c.sendall(b'hello'); print(c.recv(100))"))
        self.assertIn("HELLO", done.stdout, done.stderr)
        self.eventually(lambda: "echo" in str(records(self.world, self.collector, "kind=opaque_close")), "its record is there")

    def test_a_refused_connection_names_the_rule_that_spoke(self):
        rules = EVERYDAY + ("- {name: no-echo, action: deny, match: {resources: [echo]}, reason: the echo is closed}\n"
                            "- {name: no-shop, action: deny, match: {resources: [shop]}, reason: the shop is closed}\n")
        echo = "- {name: echo, protocol: opaque, addresses: [10.77.0.2], ports: [7777]%s}"
        self.sidecar(policy(rules=rules, resources=echo % ""))
        self.world.agent("/usr/bin/python3", "-c", "import socket; socket.create_connection(('10.77.0.2', 7777), 10).recv(1)")
        self.answers("the shop is closed", "select 1")
        denials = self.metrics("chaperone_denials_total")
        for rule in ("no-echo", "no-shop"):
            self.eventually(lambda: f"'rule': '{rule}'" in str(records(self.world, self.collector, "kind=connect_denied")),
                            f"the record names {rule}")
            self.assertGreaterEqual(denials[f'{{rule="{rule}"}}'], 1)  # libpq tries again without TLS

    def test_observed_opaque_connections_are_counted(self):
        self.sidecar(policy(resources="- {name: echo, protocol: opaque, addresses: [10.77.0.2], ports: [7777], observe: true}"))
        for _ in range(2):
            self.world.agent("/usr/bin/python3", "-c", "import socket; socket.create_connection(('10.77.0.2', 7777), 10).recv(1)")
        self.assertEqual(self.metrics("chaperone_observed_total"), {"": 2})

    def test_observe_passes_what_nobody_has_named(self):
        """A whole session of psql's with a server that no resource names: passes, and is told."""
        elsewhere = policy(rules=EVERYDAY + "observe: true\n").replace("10.77.0.2", "10.77.0.9")
        one = self.sidecar(elsewhere)
        options = {"user": "trusted", "host": "10.77.0.2", "PGSSLMODE": "disable"}
        self.answers("trusted 42", "select current_user || ' ' || 6 * 7", **options)
        self.assertGreaterEqual(self.metrics("chaperone_observed_total")[""], 1)
        for kind in ("session_open", "opaque_close"):
            self.eventually(lambda: self.told(kind, "unnamed"), f"its {kind} is there")
        opened = self.told("session_open", "unnamed")[0]
        self.assertEqual(("10.77.0.2:5432", "allow", "deny"),
                         tuple(opened[key] for key in ("target_address", "verdict", "would_be")))
        strict = elsewhere.replace("observe: true", "observe: false")
        one.write("policy.yaml", strict.replace("@DIR@", str(one.folder)))
        self.eventually(lambda: self.psql("select 1", **options).returncode != 0, "without it nobody passes")

    def told(self, kind, resource):
        """The records of a kind about a resource."""
        found = records(self.world, self.collector, f"kind={kind}")["records"]
        return [one["record"] for one in found if one["record"].get("resource") == resource]

    # Life and death.

    def test_drain(self):
        self.drains("")

    def test_drain_of_many_workers(self):
        self.drains("workers: 4\n")  # the session is with any of them, seldom with the first

    def drains(self, config):
        one = self.sidecar(policy(), config=config)
        live = Process("live", self.world.agent_words("env", "PGHOST=db.cluster.test", "PGUSER=app", postgres.PSQL, "-XAtc",
                       "select count(*) from generate_series(1, 5000000)", "shop"), sandbox.TMP / "live.log")
        self.eventually(lambda: "5000000" in self.server.sql(
            "select query from pg_stat_activity where pid <> pg_backend_pid() and query like 'select count%'", "shop"),
            "the query has reached the server")
        self.assertEqual(0, one.stop())
        live.popen.wait(60)
        self.assertIn("5000000", live.tail())

    def test_nothing_without_a_sidecar(self):
        one = self.sidecar(policy())
        one.process.kill()
        self.assertNotEqual(0, self.psql("select 1", PGCONNECT_TIMEOUT="3").returncode)
        one.start()
        self.answers("1", "select 1")

    # Records.

    def test_full_spool_denies_and_says_so(self):
        """Without a collector nothing is taken from the spool; its end is the agent's."""
        one = Sidecar(self.world, policy(), None, self.authority, {"password": postgres.APP_PASSWORD},
                      name="full-spool", spool="64MiB")
        self.addCleanup(one.stop)
        if not type(self).programmed:
            one.program_kernel()
            type(self).programmed = True
        one.start()
        large = "".join(f"select length('{'x' * 60000}'), {n};\n" for n in range(1300))
        past = f"update kept set note = 'past the end' where '{'x' * 60000}' <> '';\n"  # a short one may fit yet
        done = self.world.agent(postgres.PSQL, "-XAtq", stdin=large + past, env={
            "PGHOST": "db.cluster.test", "PGUSER": "app", "PGDATABASE": "shop"})
        self.assertIn("60000|0", done.stdout)
        self.assertIn("spool.size_max", done.stderr)
        ready = self.world.pod.run("/usr/bin/python3", "-c", (
            "import http.client as h; c = h.HTTPConnection('127.0.0.1', 19090, timeout=20); "
            "c.request('GET', '/readyz'); r = c.getresponse(); print(r.status, r.read().decode())"))
        self.assertIn("503 not ready: the spool is full", ready)
        self.assertEqual("0", self.server.sql("select count(*) from kept where note = 'past the end'", "shop"))
        self.assertTrue(one.process.running())

    def test_every_command_has_a_record_without_secrets(self):
        self.sidecar(policy())
        marker = "marker-8812"
        self.psql(f"select '{marker}'", f"alter role app password '{marker}-secret'", f"drop table {marker.replace('-', '_')}")
        found = {}

        def arrived():
            found["text"] = str(records(self.world, self.collector, "kind=command&limit=50"))
            return all(word in found["text"] for word in (marker, "alter role", "marker_8812"))
        self.eventually(arrived, "the records arrived")
        self.assertNotIn("-secret", found["text"])

    def metrics(self, name):
        """The series of this name, label text to value."""
        page = self.world.pod.run("/usr/bin/python3", "-c", "import urllib.request as u; "
                                  "print(u.urlopen('http://127.0.0.1:19090/metrics', timeout=20).read().decode())")
        series = (line.rsplit(" ", 1) for line in page.splitlines() if line.startswith(name))
        return {key[len(name):]: float(value) for key, value in series}

    def test_escape_counters_reach_the_metrics(self):
        folder = sandbox.folder("counters", 65532, mode=0o755)
        path = folder / "escapes"
        self.sidecar(policy(), config=f"escape_counters_file: {path}\n")
        self.assertEqual({"": 0}, self.metrics("chaperone_escape_counters_readable"))
        self.assertEqual({}, self.metrics("chaperone_escapes_total"))
        watcher = Process("counters", self.world.pod.words(
            *as_user(65532, capabilities=("net_admin",)), INIT, "--counters", path, "--counters-every", "1"),
            sandbox.TMP / "counters.log")
        self.addCleanup(watcher.stop)
        out = '{counter="escaped_out"}'
        self.eventually(lambda: out in self.metrics("chaperone_escapes_total"), "the counters are there")
        before = self.metrics("chaperone_escapes_total")
        tried = self.world.agent("/usr/bin/python3", "-c", "import socket; socket.socket(socket.AF_INET, "
                                 "socket.SOCK_DGRAM).sendto(b'out', ('10.77.0.2', 9))")
        self.assertIn("PermissionError", tried.stderr)
        self.eventually(lambda: self.metrics("chaperone_escapes_total")[out] > before[out], "the attempt counts")
        self.assertEqual({"": 1}, self.metrics("chaperone_escape_counters_readable"))
        watcher.stop()
        for wrong in ("", "chaperone-counters 1 x\n", "chaperone-counters 1 5\nescaped_out\n",
                      'chaperone-counters 1 5\na"b 1\n', "chaperone-counters 1 5\nx -1\n", "x" * 5000):
            path.write_text(wrong)
            self.assertEqual({"": 0}, self.metrics("chaperone_escape_counters_readable"), wrong)
            self.assertEqual({}, self.metrics("chaperone_escapes_total"), wrong)

    def test_the_counters_need_the_right_to_read_them(self):
        done = self.world.agent(INIT, "--counters", "/mnt/tmp/none")
        self.assertEqual(1, done.returncode)
        self.assertIn("NET_ADMIN", done.stderr)

    def test_no_secret_reaches_the_trail(self):
        """Every spelling that the redaction knows, over the wire and back out of the collector."""
        self.server.sql("create table users(id int, name text, password text); alter table users owner to app;", "shop")
        self.addCleanup(self.server.sql, "drop view if exists v; drop table if exists users, t, made; drop function if exists f, fp", "shop")
        one = self.sidecar(policy(rules="- {name: all, action: allow}\n"))
        folder = pathlib.Path(__file__).resolve().parents[1]
        sent = [self.asked(block) for block in (folder / "golden/sql/redact.txt").read_text().split("\n\n")]
        program = (folder / "integration/lib/wire.py").read_text() + SENDER
        done = self.world.agent("/usr/bin/python3", "-c", program, sandbox.CLUSTER4, stdin=json.dumps(sent))
        self.assertEqual("all sent", done.stdout.strip(), done.stderr)
        self.eventually(lambda: "marker-4711" in str(records(self.world, self.collector, "text=marker-4711")), "the last record arrived")
        trail = sandbox.folder("trail") / "trail.export"
        self.world.cluster.run("/usr/bin/env", f"CHAPERONE_COLLECTOR={COLLECTOR_URL}", f"CHAPERONE_TOKEN_FILE={self.reader_file()}",
                               f"CHAPERONE_CA_FILE={self.authority.certificate}", CLI, "export", "--since", "1h", "-o", trail)
        kept = {"the trail": trail.read_bytes(), "the sidecar's log": one.log.read_bytes(),
                "the collector": b"".join(path.read_bytes() for path in (self.collector.folder / "data").rglob("*") if path.is_file()),
                "the spool": b"".join(path.read_bytes() for path in (one.folder / "spool").rglob("*") if path.is_file())}
        self.assertIn(b"marker-4711", kept["the trail"])
        self.assertIn(b"in the cupboard", kept["the trail"])
        for where, content in kept.items():
            self.assertEqual(set(), set(re.findall(rb"TOPSE\w*|AKIAIO\w+|ghp_a\w+|github_pat_\w+|xoxb-\w+|sk-ex\w+|eyJhb\w+", content)), where)

    @staticmethod
    def asked(block):
        """[statement, values] of a block of tests/golden/sql/redact.txt."""
        lines = block.splitlines()
        return ["\n".join(line[2:] for line in lines if line.startswith("> ")),
                [line[2:] for line in lines if line.startswith("= ")]]

    def reader_file(self):
        path = sandbox.folder("reader") / "token"
        path.write_text(self.collector.reader)
        return path

    def test_an_old_signing_key_names_its_successor(self):
        one = self.sidecar(policy())
        one.stop()
        key = one.folder / "keys/writer.key"
        os.utime(key, (0, 0))
        old = key.read_bytes()
        one.start()
        self.answers("1", "select 1")
        self.eventually(lambda: key.read_bytes() != old, "the key was replaced")
        self.eventually(lambda: "key_change" in str(records(self.world, self.collector, "kind=key_change")),
                        "the chain says so")
        self.answers("2", "select 2")
        self.assertFalse((one.folder / "keys/writer.key.next").exists())

    def test_every_record_says_who(self):
        self.sidecar(policy())
        self.psql("select 1", "drop table kept")
        found = []

        def arrived():
            found[:] = [entry["record"] for entry in records(self.world, self.collector, "limit=1000")["records"]]
            return {"outcome", "heartbeat", "login", "writer_start"} <= {record["kind"] for record in found}
        self.eventually(arrived, "one of each, a heartbeat too")
        nameless = [record for record in found if record.get("pod") != "agent-1" and record["kind"] not in ("checkpoint", "key_change")]
        self.assertEqual([], nameless)


if __name__ == "__main__":
    (sandbox.TMP / "rotate.sql").write_text("select 1;\n")
    (sandbox.TMP / "rotate.sql").chmod(0o644)
    unittest.main(verbosity=2)
