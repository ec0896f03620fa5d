#!/usr/bin/env python3
"""A text is judged as the server will read it, whatever changed that reading, and however the change
is taken back: by a rollback, by an error, by a statement that never ran. The policy lets the agent
only read, so that the second fence is up as well."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import stage  # noqa: E402
from stage import wire  # noqa: E402

# Read with backslashes as escapes a string and nothing else; without them the end of it all.
SMUGGLED = "'\\'; commit; begin read write; drop table kept; commit; --'"
OFF = "set standard_conforming_strings = off"
CURSOR = "declare c cursor for select set_config('standard_conforming_strings', 'off', false)"


class ReadOnlyTest(stage.StageTest):
    RULES = """\
- {name: reads, action: allow, match: {effects: [read, describe, transaction, session]}}
- {name: kept-stays, action: deny, match: {objects: ["*kept"]}}
"""

    def flights(self, *flights):
        """Each a text or a list of texts sent at once; tearDown asserts that nothing happened."""
        db = self.open()
        seen = []
        for flight in flights:
            texts = flight if isinstance(flight, list) else [flight]
            seen += db.ask(*[t if isinstance(t, bytes) else wire.query(t) for t in texts],
                           ready=sum(isinstance(t, str) or t.endswith(wire.SYNC) for t in texts))
        db.close()
        return seen

    def test_an_error_takes_the_setting_back(self):
        behind = f"rollback; select {SMUGGLED}"
        self.flights("begin", OFF, ["select 1/0", behind])
        self.flights("begin", "set local standard_conforming_strings = off", ["select 1/0", behind])
        self.flights("begin", "savepoint a", OFF, ["select 1/0", f"rollback to a; select {SMUGGLED}"])
        self.flights("begin", OFF, ["drop table kept", behind])
        self.flights("begin", OFF, [wire.parse("select 1/0") + wire.bind() + wire.execute() + wire.SYNC, behind])
        self.flights("begin", OFF, "select 1/0", behind)
        self.flights(["begin", OFF, "select 1/0", behind])

    def test_the_encoding_is_taken_back(self):
        smuggled = b"rollback; select E'\x95\\'; commit; begin read write; drop table kept; commit; --'"
        self.flights("set client_encoding = 'SJIS'", "begin", "set client_encoding = 'UTF8'",
                     ["select 1/0", wire.message(b"Q", smuggled + b"\0") + wire.SYNC])

    def test_a_cursor_sets_it_when_it_is_fetched(self):
        for verb in ("fetch c", "move c", "fetch all from c"):
            self.flights("begin", CURSOR, [verb, f"select {SMUGGLED}"])
            self.flights(["begin", CURSOR, verb, f"select {SMUGGLED}"])
        hidden = "select 'a\\'', ' ; commit; begin read write; drop table kept; commit; --'"
        self.flights("begin", CURSOR, ["fetch c", hidden])

    def test_a_portal_sets_it_when_it_is_fetched(self):
        bound = wire.parse("select set_config('standard_conforming_strings', 'off', false)") + wire.bind(portal="c")
        self.flights("begin", [bound + wire.SYNC], ["fetch c", f"select {SMUGGLED}"])

    def test_by_query_behind_an_open_group(self):
        hidden = "select 'a\\''; commit; begin read write; drop table kept; commit; --'"
        self.flights([wire.parse(OFF) + wire.bind() + wire.execute(), hidden, "select 1"])

    def test_commit_of_a_failed_transaction(self):
        self.flights("begin", OFF, "select 1/0", f"commit; select {SMUGGLED}")


class NamesTest(stage.StageTest):
    RULES = """\
- {name: most, action: allow, match: {effects: [read, write, delete, describe, transaction, session]}}
- {name: kept-first, action: deny, match: {effects: [delete], objects: ["*kept"], parameters: [{position: 1, above: 0}]}}
- {name: kept-stays, action: deny, match: {effects: [delete], row_bound: unbounded}}
"""

    def prepared(self):
        db = self.open()
        db.ask(wire.parse("delete from kept where id = $1", "s", [23]), wire.SYNC)
        return db

    def test_a_replacement_that_was_skipped(self):
        db = self.prepared()
        done = db.ask(wire.describe(b"S", "zz"), wire.close(b"S", "s"), wire.parse("select $1::int", "s", [23]), wire.SYNC,
                      wire.bind("s", values=[b"1"]), wire.execute(), wire.SYNC, ready=2)
        self.assertEqual(["26000", "42501"], wire.errors(done))

    def test_a_replacement_that_came_about(self):
        db = self.prepared()
        done = db.ask(wire.close(b"S", "s"), wire.parse("select $1::int", "s", [23]), wire.SYNC,
                      wire.bind("s", values=[b"1"]), wire.execute(), wire.SYNC, ready=2)
        self.assertEqual(([], [["1"]]), (wire.errors(done), stage.values(done)))

    def test_a_replacement_that_failed(self):
        db = self.prepared()
        done = db.ask(wire.parse("select $1::int", "s", [23]), wire.SYNC,
                      wire.bind("s", values=[b"1"]), wire.execute(), wire.SYNC, ready=2)
        self.assertEqual(["42P05", "42501"], wire.errors(done))

    def test_a_skipped_replacement_of_the_unnamed(self):
        db = self.open()
        db.ask(wire.parse("delete from kept where id = $1", types=[23]), wire.SYNC)
        done = db.ask(wire.describe(b"S", "zz"), wire.parse("select $1::int", types=[23]), wire.SYNC,
                      wire.bind(values=[b"1"]), wire.execute(), wire.SYNC, ready=2)
        self.assertEqual("42501", wire.errors(done)[-1])

    def test_names_alike_after_a_refusal(self):
        """What was refused has no name: another's, or none, answers to it."""
        db = self.open()
        db.ask(wire.parse("drop table kept", "n"), wire.SYNC)
        self.assertEqual(["26000"], wire.errors(db.ask(wire.bind("n"), wire.execute(), wire.SYNC)))
        self.assertEqual([], wire.errors(db.ask(wire.parse("select 1", "n"), wire.SYNC)))
        self.assertEqual(["42501"], wire.errors(db.ask(wire.parse("drop table kept", "n"), wire.SYNC)))
        self.assertEqual([["1"]], stage.values(db.ask(wire.bind("n"), wire.execute(), wire.SYNC)))


if __name__ == "__main__":
    stage.main()
