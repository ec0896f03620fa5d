#!/usr/bin/env python3
"""The connection by which the catalogue is read, and its view, end with what opened them."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import stage  # noqa: E402
from stage import wire  # noqa: E402

PASSWORD = "app-password"
NOTHING = "- {name: nothing, action: deny, match: {effects: [any, unknown]}}\n"


class CatalogueLifeTest(stage.StageTest):
    HBA = "local all all trust\nhost all all all scram-sha-256\n"
    MORE = 'credential: {password_file: "@DIR@/password"}\n  warm: off'
    SECRETS = {"password": PASSWORD}

    def setUp(self):
        self.server.sql(f"alter role app password '{PASSWORD}'")
        self.allow(stage.RULES)
        self.eventually(self.stands, "a session that no reload met in its login")
        self.works()

    def stands(self):
        self.db = self.open()
        return wire.status(self.db.greeting) == "I"

    def allow(self, rules):
        text = stage.POLICY.format(logins="", more=self.MORE, resources="", rules=rules)
        self.sidecar.write("policy.yaml", text.replace("@DIR@", str(self.sidecar.folder)))

    def works(self, db=None):
        self.assertEqual([["3"]], stage.values((db or self.db).ask(wire.query("select count(*) from kept"))))

    def pids(self):
        return set(self.server.sql("select pid from pg_stat_activity where application_name = 'chaperone'").split())

    def test_a_new_policy(self):
        before = self.pids()
        self.assertEqual(1, len(before))
        self.allow(stage.RULES + "- {name: more, action: allow, match: {effects: [drop]}}\n")
        self.eventually(lambda: len(self.pids()) == 1 and not before & self.pids(), "another connection")
        self.works()
        self.assertEqual(["42501"], wire.errors(self.db.ask(wire.query("drop table kept"))))

    def test_a_policy_that_allows_nothing(self):
        self.allow(NOTHING)
        self.eventually(lambda: not self.pids(), "no connection for a catalogue that nobody may use")

    def test_a_new_credential(self):
        before = self.pids()
        self.server.sql("alter role app password 'another'")
        self.sidecar.write("password", "another", 0o600)
        self.eventually(lambda: len(self.pids()) == 1 and not before & self.pids(), "another connection")
        self.works()
        self.works(self.open())
        self.sidecar.write("password", PASSWORD, 0o600)

    def test_a_credential_that_the_server_refuses(self):
        """The view of the old one does not serve on: what it does not show may be there."""
        self.sidecar.write("password", "wrong", 0o600)
        self.eventually(lambda: not self.pids(), "the old login's connection is gone")
        self.eventually(lambda: wire.errors(self.db.ask(wire.query("select 1 from kept"))) == ["42501"], "no view")
        self.sidecar.write("password", PASSWORD, 0o600)
        self.eventually(lambda: not wire.errors(self.db.ask(wire.query("select 1 from kept"))), "a view again")


if __name__ == "__main__":
    stage.main()
