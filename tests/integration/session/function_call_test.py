#!/usr/bin/env python3
"""The protocol's FunctionCall through the sidecar: judged by what the function does."""

import pathlib
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import stage  # noqa: E402
from stage import wire  # noqa: E402

LO_CREAT, LO_OPEN, LOREAD, LOWRITE, LO_CLOSE, LO_UNLINK, LO_EXPORT = 957, 952, 954, 955, 953, 964, 765


def call(function, *arguments, texts=False):
    """Binary arguments; integers as int4."""
    body = struct.pack("!IHHH", function, 1, 0 if texts else 1, len(arguments))
    for one in arguments:
        data = struct.pack("!i", one) if isinstance(one, int) else one
        body += struct.pack("!I", len(data)) + data
    return wire.message(b"F", body + struct.pack("!H", 1))


def result(messages):
    bodies = [body for kind, body in messages if kind == b"V"]
    return bodies[0][4:] if bodies else None


class FunctionCallTest(stage.StageTest):
    RULES = """\
- {name: most, action: allow, match: {effects: [read, write, describe, session, transaction, define, run_code, lock]}}
- {name: kept-stays, action: deny, match: {effects: [write, delete], objects: ["*kept"]}}
- {name: no-deletes, action: deny, match: {effects: [delete]}, reason: deletes are not for agents}
- {name: no-settings, action: deny, match: {functions: ["*set_config"]}}
"""

    def test_large_object_as_libpq_does(self):
        db = self.open()
        db.ask(wire.query("begin"))
        number = struct.unpack("!I", result(db.ask(call(LO_CREAT, 0x60000))))[0]
        fd = struct.unpack("!i", result(db.ask(call(LO_OPEN, number, 0x60000))))[0]
        self.assertEqual(struct.pack("!i", 5), result(db.ask(call(LOWRITE, fd, b"hello"))))
        db.ask(call(LO_CLOSE, fd))
        fd = struct.unpack("!i", result(db.ask(call(LO_OPEN, number, 0x40000))))[0]
        self.assertEqual(b"hello", result(db.ask(call(LOREAD, fd, 5))))
        self.assertEqual("T", wire.status(db.ask(call(LO_CLOSE, fd))))
        done = db.ask(call(LO_UNLINK, number))
        self.assertEqual((["42501"], "E"), (wire.errors(done), wire.status(done)))
        self.assertEqual("I", wire.status(db.ask(wire.query("rollback"))))

    def test_refused_by_effect(self):
        db = self.open()
        for function in (LO_UNLINK, LO_EXPORT, self.oid_of("'wipe()'::regprocedure")):
            done = db.ask(call(function))
            self.assertEqual((["42501"], "I"), (wire.errors(done), wire.status(done)))
        self.assertEqual([["1"]], stage.values(db.ask(wire.query("select 1"))))

    def test_a_function_of_ones_own(self):
        db = self.open()
        done = db.ask(call(self.oid_of("'twice(int)'::regprocedure"), 21))
        self.assertEqual(struct.pack("!i", 42), result(done))

    def test_defined_a_moment_ago_by_somebody_else(self):
        db = self.open()
        db.ask(wire.query("select 1"))
        self.server.sql("create function wipe_late() returns int language sql as $$ delete from kept returning 1 $$", "shop", "app")
        done = db.ask(call(self.oid_of("'wipe_late()'::regprocedure")))
        self.assertEqual(["42501"], wire.errors(done))

    def test_defined_in_this_transaction(self):
        db = self.open()
        db.ask(wire.query("begin; create function young(int) returns int language sql as $$ select $1 $$"))
        oid = stage.values(db.ask(wire.query("select 'young(int)'::regprocedure::oid")))[0][0]
        self.assertEqual(struct.pack("!i", 7), result(db.ask(call(int(oid), 7))))
        db.ask(wire.query("rollback"))

    def test_pipelined_behind_its_own_definition(self):
        """What the number means is made in the same flight."""
        db = self.open()
        oid = self.oid_of("'twice(int)'::regprocedure")
        evil = "create or replace function twice(n int) returns int language sql as $$ select n * 2 $$"
        done = db.ask(wire.parse(evil), wire.bind(), wire.execute(), call(oid, 1))
        self.assertEqual(["55000"], wire.errors(done))

    def test_failed_transaction(self):
        db = self.open()
        db.ask(wire.query("begin"), wire.query("select 1/0"), ready=2)
        self.assertEqual(["25P02"], wire.errors(db.ask(call(LO_CREAT, 0x60000))))
        self.assertEqual("E", wire.status(db.ask(call(LO_UNLINK, 1))))
        self.assertEqual("I", wire.status(db.ask(wire.query("rollback"))))

    def test_a_setting_by_number_is_seen(self):
        """set_config by its number: what is behind it is read as the server reads it."""
        db = self.open()
        hidden = "select 'a\\''; delete from kept; --'"
        done = db.ask(call(2078, b"standard_conforming_strings", b"off", b"\0"), wire.query(hidden), ready=2)
        self.assertIn("42501", wire.errors(done))

    def test_split_at_every_byte(self):
        db = self.open()
        self.assertEqual(struct.pack("!i", 8), result(db.ask(call(self.oid_of("'twice(int)'::regprocedure"), 4), piece=1)))


if __name__ == "__main__":
    stage.main()
