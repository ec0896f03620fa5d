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

    def test_a_pipeline_deeper_than_allowed_goes_on(self):
        """Its answers stay with the server until a Sync, which waits behind them."""
        db = self.open()
        one = wire.parse("select 1") + wire.bind() + wire.execute()
        self.assertEqual([["1"]] * 100, stage.values(db.ask(*[one] * 100, SYNC)))


if __name__ == "__main__":
    stage.main()
