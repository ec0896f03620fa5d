#!/usr/bin/env python3
"""Every matcher of docs/policy.md in a running sidecar, before a real server, as the examples say."""

import datetime
import pathlib
import re
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from integration.lib import sandbox  # noqa: E402

sandbox.enter()
from integration.lib import postgres  # noqa: E402
from integration.lib.certificates import Authority  # noqa: E402
from integration.lib.chaperone import Collector, Sidecar, records  # noqa: E402
from integration.lib.world import World  # noqa: E402

PATIENCE_SECONDS = 30
HEAD = """\
version: 1
resources:
- name: shop
  protocol: postgres
  hosts: [db.cluster.test]
  addresses: [10.77.0.2]
  ports: [5432]
  tls: {mode: verify-full, ca_file: "@DIR@/ca.pem"}
  credential: {password_file: "@DIR@/password"}
  logins: [{user: app, database: shop, role: app, to_database: shop}]
rules:
"""
ALL = "- {name: everything-known, action: allow, match: {effects: [any]}}\n"
FIXTURE = """
create role app login password 'app-secret-of-the-test'; create database shop owner app;
\\c shop
set role app;
create table kept(id int primary key, note text); insert into kept values (1, 'one'), (2, 'two');
create table guarded(secret text); insert into guarded values ('hidden');
create function shout(t text) returns text language sql immutable as 'select upper(t)';
"""
# One extended query with bound values, in text form.
ASK = """
import sys
sys.path.insert(0, sys.argv[1])
from integration.lib import wire
db = wire.Wire("db.cluster.test")
got = db.ask(wire.parse(sys.argv[2]), wire.bind(values=[v.encode() for v in sys.argv[3:]]), wire.execute(), wire.SYNC)
for kind, body in got:
    if kind == b"E":
        print(body.decode(errors="replace").replace(chr(0), " "))
"""


def examples():
    """Title, stands alone, rules, [(expectation, statement, values)] of every block of the section."""
    text = (sandbox.SRC / "docs/policy.md").read_text()
    section = text.split("## Every matcher at work", 1)[1].split("\n## ", 1)[0]
    for block in re.findall(r"```yaml rule\n(.*?)```", section, re.S):
        lines = block.splitlines()
        asked = [re.match(r"# (refused|passes|observed): (.*)", line) for line in lines]
        cases = [(m[1], *[part.strip() for part in (m[2] + "|").split("|")[:2]]) for m in asked if m]
        rules = "\n".join(line for line in lines if not line.startswith("#")) + "\n"
        yield lines[0], "alone" in lines[0], rules, cases


class PolicyTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = World().__enter__()
        cls.addClassCleanup(cls.world.stop)
        authority = Authority(sandbox.folder("authority"))
        cls.server = cls.world.own(postgres.Postgres(15, cls.world.cluster, authority)).start()
        cls.server.sql(FIXTURE)
        cls.collector = cls.world.own(Collector(cls.world, authority)).start()
        cls.sidecar = cls.world.own(Sidecar(cls.world, HEAD + ALL, cls.collector, authority,
                                            {"password": postgres.APP_PASSWORD}))
        config = (cls.sidecar.folder / "sidecar.yaml").read_text()
        cls.sidecar.write("sidecar.yaml", config.replace("subject: {", "subject: {labels: {team: data}, "))
        cls.sidecar.program_kernel()
        cls.sidecar.start()

    def load(self, rules):
        """Until the running sidecar has taken it up."""
        said = self.sidecar.log.read_text(errors="replace")
        self.sidecar.write("policy.yaml", (HEAD + rules).replace("@DIR@", str(self.sidecar.folder)))
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            fresh = self.sidecar.log.read_text(errors="replace")[len(said):]
            self.assertNotIn("policy was not changed", fresh)
            if "policy reloaded" in fresh:
                return
            time.sleep(0.05)
        self.fail("the policy was not taken up")

    def refusal(self, statement, values):
        """What the agent is told; empty if nothing is."""
        if values:
            done = self.world.agent("/usr/bin/python3", "-c", ASK, sandbox.SRC / "tests", statement, *values.split())
            self.assertEqual("", done.stderr)
            return done.stdout
        done = self.world.agent(postgres.PSQL, "-XAtq", "-v", "VERBOSITY=verbose", "-c", statement, env={
            "PGHOST": "db.cluster.test", "PGUSER": "app", "PGDATABASE": "shop"})
        return done.stderr

    def test_every_example(self):
        seen = 0
        for title, alone, rules, cases in examples():
            self.load(rules if alone else ALL + rules)
            name = re.search(r"name: ([\w-]+)", rules)[1]
            said = [m[1] for m in re.finditer(r"(?:reason|hint): ([^,}]+)", rules)]
            for expected, statement, values in cases:
                with self.subTest(title, statement=statement, values=values):
                    seen += 1
                    told = self.refusal(statement, values)
                    if expected != "refused":
                        self.assertEqual("", told)
                        continue
                    self.assertIn("42501", told)
                    self.assertIn("chaperone: ", told)
                    for word in ([] if alone else [name]) + said:
                        self.assertIn(word, told)
        self.assertGreater(seen, 40)

    def test_observed_examples_are_recorded_as_such(self):
        wanted = {}
        for title, alone, rules, cases in examples():
            for expected, statement, _ in cases:
                if expected == "observed":
                    self.load(rules if alone else ALL + rules)
                    self.assertEqual("", self.refusal(statement, ""))
                    wanted[re.search(r"name: ([\w-]+)", rules)[1]] = statement
        end = time.monotonic() + PATIENCE_SECONDS
        found = set()
        while time.monotonic() < end and found != set(wanted.values()):
            page = records(self.world, self.collector, "kind=command&limit=1000")
            found = {e["record"]["text"] for e in page["records"] if e["record"].get("would_be") == "deny"}
            time.sleep(0.2)
        self.assertEqual(set(wanted.values()), found)

    def test_time_is_the_clocks(self):
        days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
        today = datetime.datetime.now(datetime.timezone.utc).weekday()
        # Yesterday's to tomorrow's neighbours are left out: midnight may come while this runs.
        others = [day for number, day in enumerate(days) if (number - today) % 7 not in (0, 1, 6)]
        rule = "- {{name: days, action: deny, match: {{effects: [drop], time: {{weekdays: [{}]}}}}}}\n"
        self.load(ALL + rule.format(", ".join(others)))
        self.assertNotIn("days", self.refusal("drop table if exists nothing_here", ""))
        self.load(ALL + rule.format(", ".join(days)))
        self.assertIn("days", self.refusal("drop table if exists nothing_here", ""))


if __name__ == "__main__":
    unittest.main(verbosity=2)
