#!/usr/bin/env python3
"""A spool without room: commands are refused in the protocol's own words, and connections live on."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import stage  # noqa: E402
from stage import wire  # noqa: E402

SYNC = wire.message(b"S")
LONG = "x" * 60_000  # a record keeps 64 KiB of a text
TRIES_MAX = 4000


class FullTest(stage.StageTest):
    SPOOL = "64MiB"  # the smallest, and nobody ships it

    def test_full(self):
        db, other = self.open(), self.open()
        self.assertEqual([], wire.errors(other.ask(wire.query("begin"))))
        self.assertEqual([], wire.errors(other.ask(wire.parse("select 1", "s"), SYNC)))
        for _ in range(TRIES_MAX):
            told = wire.errors(db.ask(wire.query(f"select 1 /* {LONG} */")))
            if told:
                break
        self.assertEqual(["53100"], told)
        while not wire.errors(db.ask(wire.query("select 1"))):
            pass  # the last bytes
        arrived = self.server.statements_seen().count("never to arrive")
        for message in (wire.query("select 1 /* never to arrive */"),
                        wire.parse("select 2 /* never to arrive */") + wire.bind() + wire.execute() + SYNC,
                        wire.parse("select 3 /* never to arrive */", "named") + wire.describe(b"S", "named") + SYNC,
                        wire.query("delete from kept"), wire.query("rollback")):
            heard = db.ask(message)
            self.assertEqual(["53100"], wire.errors(heard))
            self.assertEqual((b"Z", b"I"), heard[-1])
        heard = other.ask(wire.bind("s"), wire.execute(), SYNC)
        self.assertEqual(["53100"], wire.errors(heard))
        self.assertEqual((b"Z", b"E"), heard[-1])
        self.assertEqual(arrived, self.server.statements_seen().count("never to arrive"))
        self.assertIn("spool.size_max", str(db.ask(wire.query("select 1"))))


if __name__ == "__main__":
    stage.main()
