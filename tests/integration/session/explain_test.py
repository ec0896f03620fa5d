#!/usr/bin/env python3
"""`explain recent` and `explain denials`: where a connection went, and which line of which policy spoke."""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import stage  # noqa: E402
from stage import wire  # noqa: E402

KEPT = 100  # of each list


class ExplainTest(stage.StageTest):
    RULES = """\
- {name: all, action: allow, match: {effects: [any]}}
- {name: kept-stays, action: deny, match: {effects: [delete], objects: ["*kept"]}, reason: kept stays}
"""

    def line_of(self, rule):
        lines = self.sidecar.policy_file.read_text().splitlines()
        return f"{self.sidecar.policy_file}:{1 + next(i for i, line in enumerate(lines) if f'name: {rule},' in line)}"

    def digest(self):
        return json.loads(self.explain("status"))["policy"][:12]

    def recent(self):
        return json.loads(self.explain("recent"))

    def test_where_an_ended_connection_went(self):
        db = self.open()
        session = json.loads(self.explain("sessions"))[-1]
        db.ask(wire.query("select 1"))
        db.send(wire.TERMINATE)
        self.assertIsNone(db.next())
        self.eventually(lambda: any(one["session"] == session["id"] for one in self.recent()), "it is among the recent")
        one = next(one for one in self.recent() if one["session"] == session["id"])
        self.assertEqual(("postgres", "shop", "10.77.0.2:5432", "app", "shop", 1, "client_closed"),
                         tuple(one[key] for key in ("kind", "resource", "target", "role", "database", "operations", "ended")))
        self.assertEqual(self.digest(), one["policy"])
        for told in (one, session):
            self.assertTrue(told["rule"])
            self.assertIn(str(self.sidecar.policy_file), told["at"])

    def test_the_line_that_refused(self):
        db = self.open()
        self.assertEqual(["42501"], wire.errors(db.ask(wire.query("delete from kept"))))
        denial = json.loads(self.explain("denials"))[-1]
        self.assertEqual(("kept-stays", self.line_of("kept-stays"), self.digest(), "DELETE"),
                         tuple(denial[key] for key in ("rule", "at", "policy", "verb")))

    def test_no_more_than_a_few_are_kept(self):
        for _ in range(KEPT + 10):
            self.open().close()
        self.eventually(lambda: len(self.recent()) == KEPT, "as many as are kept")


if __name__ == "__main__":
    stage.main()
