#!/usr/bin/env python3
"""Values in binary whose types the client leaves to the server, as asyncpg and pgx do: rules that ask
for values read them once the client had them described."""

import pathlib
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import stage  # noqa: E402
from stage import wire  # noqa: E402

SYNC = wire.message(b"S")
UPDATE = "update other set note = note where id = $1"


def bind(value, name):
    body = wire.text("") + wire.text(name) + struct.pack("!HHHI", 1, 1, 1, len(value)) + value
    return wire.message(b"B", body + struct.pack("!H", 0))


def four(number):
    return struct.pack("!i", number)


class BinaryTest(stage.StageTest):
    RULES = """\
- {name: all, action: allow, match: {effects: [read, describe, transaction, session]}}
- {name: small-ids, action: allow, match: {effects: [write], parameters: [{position: 1, below: 101}]}}
- {name: no-big, action: deny, match: {verbs: [UPDATE], parameters: [{position: 1, above: 100}]}}
"""

    def test_described_then_bound(self):
        db = self.open()
        self.assertEqual("1tnZ", stage.kinds(db.ask(wire.parse(UPDATE, "s"), wire.describe(b"S", "s"), SYNC)))
        self.assertEqual("2CZ", stage.kinds(db.ask(bind(four(100), "s"), wire.execute(), SYNC)))
        self.assertEqual(["42501"], wire.errors(db.ask(bind(four(101), "s"), wire.execute(), SYNC)))
        self.assertEqual("2CZ", stage.kinds(db.ask(bind(four(-5), "s"), wire.execute(), SYNC)))

    def test_described_with_a_flush(self):
        db = self.open()
        db.send(wire.parse(UPDATE) + wire.describe(b"S") + wire.message(b"H"))
        self.assertEqual([b"1", b"t", b"n"], [db.next()[0] for _ in range(3)])
        self.assertEqual("2CZ", stage.kinds(db.ask(bind(four(1), ""), wire.execute(), SYNC)))

    def test_nobody_described(self):
        db = self.open()
        self.assertEqual(["42501"], wire.errors(db.ask(wire.parse(UPDATE, "s"), bind(four(1), "s"), wire.execute(), SYNC)))
        self.assertEqual("12CZ", stage.kinds(db.ask(wire.parse(UPDATE, "t", [23]), bind(four(1), "t"), wire.execute(), SYNC)))


if __name__ == "__main__":
    stage.main()
