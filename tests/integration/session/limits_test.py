#!/usr/bin/env python3
"""The operator's limits on one connection, before a real server: refused or waiting, never hanging."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import stage  # noqa: E402
from stage import wire  # noqa: E402

SYNC = wire.message(b"S")


class LimitsTest(stage.StageTest):
    CONFIG = "limits: {statement_bytes_max: 4KiB, bind_bytes_max: 4KiB, pipeline_depth_max: 4, prepared_statements_max: 3}\n"

    def test_a_long_statement_is_refused(self):
        db = self.open()
        self.assertEqual(["54000"], wire.errors(db.ask(wire.query(f"select length('{'a' * 5000}')"))))
        self.assertEqual([["1"]], stage.values(db.ask(wire.query("select 1"))))

    def test_long_values_are_refused(self):
        db = self.open()
        self.assertEqual(["54000"], wire.errors(db.ask(
            wire.parse("select length($1)", types=[25]), wire.bind(values=[b"a" * 5000]), wire.execute(), SYNC)))
        self.assertEqual([["1"]], stage.values(db.ask(wire.query("select 1"))))

    def test_prepared_statements_are_counted(self):
        db = self.open()
        for name in ("a", "b", "c"):
            self.assertEqual([], wire.errors(db.ask(wire.parse("select 1", name), SYNC)))
        self.assertEqual(["54000"], wire.errors(db.ask(wire.parse("select 1", "d"), SYNC)))
        self.assertEqual([], wire.errors(db.ask(wire.close(b"S", "a"), SYNC)))
        self.assertEqual([], wire.errors(db.ask(wire.parse("select 1", "d"), SYNC)))

    def test_what_sql_prepares_is_counted_too(self):
        db = self.open()
        for name in ("a", "b", "c"):
            self.assertEqual([], wire.errors(db.ask(wire.query(f"prepare {name} as select 1"))))
        for message in (wire.query("prepare d as select 1"),
                        wire.parse("prepare d as select 1") + wire.bind() + wire.execute() + SYNC):
            heard = db.ask(message)
            self.assertEqual(["54000"], wire.errors(heard))
            self.assertIn("limits.prepared_statements_max allows (3)", str(heard))
        self.assertEqual([["1"]], stage.values(db.ask(wire.query("execute c"))))
        self.assertEqual([], wire.errors(db.ask(wire.query("deallocate a"))))
        self.assertEqual([], wire.errors(db.ask(wire.query("prepare d as select 1"))))
        self.assertIn("limits.prepared_statements_max", self.explain("denials"))

    def test_a_pipeline_deeper_than_allowed_goes_on(self):
        """Its answers stay with the server until a Sync, which waits behind them."""
        db = self.open()
        one = wire.parse("select 1") + wire.bind() + wire.execute()
        self.assertEqual([["1"]] * 100, stage.values(db.ask(*[one] * 100, SYNC)))


class HeldTest(stage.StageTest):
    CONFIG = "limits: {held_bytes_max: 64KiB}\n"

    def test_half_commands_of_many_connections(self):
        """What they hold together is bounded; who is refused for it goes on, and so do the others."""
        long, half = wire.query(f"select length('{'a' * 20000}')"), 15000
        open_ones = [self.open() for _ in range(8)]
        for db in open_ones:
            db.send(long[:half])
        self.eventually(lambda: "limits.held_bytes_max allows (65536)" in self.explain("denials"), "one is refused")
        answers = [db.ask(long[half:]) for db in open_ones]
        self.assertEqual({"54000", ""}, {"".join(wire.errors(heard)) for heard in answers})
        for db in open_ones:
            self.assertEqual([["20000"]], stage.values(db.ask(long)))


if __name__ == "__main__":
    stage.main()
