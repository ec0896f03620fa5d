#!/usr/bin/env python3
"""Random streams of well-formed messages, from fixed seeds: the sidecar gives the server's answers.

Each stream goes to the server directly and through the sidecar, cut anywhere, with pauses anywhere.
What a rule refuses is, on the direct way, a statement that the server refuses."""

import pathlib
import random
import select
import socket
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import stage  # noqa: E402
from stage import wire  # noqa: E402
from integration.lib.wire import COPY_DONE, FLUSH, SYNC  # noqa: E402

SEEDS = range(1, 121)
STEPS_MAX = 14
FORBIDDEN = "delete from kept"
MISSING = "delete from missing"  # the server's own word for it: 42P01, at the same point
PLAIN = ("select 1", "select * from kept", "insert into t values (1)", "begin", "commit", "rollback", "select 1/0",
         "select nonsense", "", "; ;", "select 1; select 2", "select generate_series(1,50)", "select $1::int",
         "insert into t select $1::int", "lock table t", "copy kept to stdout", "notify x", FORBIDDEN, FORBIDDEN,
         "declare p1 cursor for select * from kept", "close all", "fetch p1", "begin; select 1/0")
# Behind these nothing is judged until the next ReadyForQuery.
BARRIERS = ("set search_path = public", "set search_path = other, public", "reset all", "deallocate all",
            "prepare s1 as select 2", "discard plans", "create table zz(i int)", "drop table zz",
            "savepoint a", "rollback to a", "release a", "set client_encoding = 'UTF8'")
# So that no later group begins with one of them.
CLOSED = wire.close(b"P") + wire.close(b"S")
NAMES = ("", "s1", "s2", "p1")
BEHIND_BARRIER = b"E55000"
IGNORED = b"SKA"  # told at other moments, or of this connection alone
REFUSALS = ("42501", "42P01", "25P02", "26000")  # EXECUTE of what is not there may be anything


def copied(rng):
    data = b"".join(wire.copy_data(rng.choice([b"7\n", b"1\n2\n", b"x" * 300 + b"\n", b""])) for _ in range(rng.randrange(4)))
    return data + rng.choice([COPY_DONE, COPY_DONE, wire.message(b"f", b"no\0")])


def extended(rng):
    kind = rng.randrange(6)
    if kind == 0:
        return wire.parse(rng.choice(PLAIN), rng.choice(NAMES), rng.choice([(), (23,), (25, 23)]))
    if kind == 1:
        return wire.bind(rng.choice(NAMES), rng.choice(NAMES), rng.choice([(), (), (b"5",), (None,)]))
    if kind == 2:
        return wire.execute(rng.choice(NAMES), rng.choice([0, 1, 2]))
    if kind == 3:
        return wire.describe(rng.choice([b"S", b"P"]), rng.choice(NAMES))
    if kind == 4:
        return rng.choice([wire.close(rng.choice([b"S", b"P"]), rng.choice(NAMES)), FLUSH])
    return wire.parse(rng.choice(PLAIN)) + wire.bind() + wire.execute()


def step(rng):
    """Whole groups: each ends with ReadyForQuery, and how many of these it asks for."""
    kind = rng.randrange(8)
    if kind <= 1:
        return wire.query(rng.choice(PLAIN))
    if kind == 2:
        return wire.query(rng.choice((*BARRIERS, "execute s1")))
    if kind == 3:
        return wire.parse(rng.choice(BARRIERS)) + wire.bind() + wire.execute() + SYNC + CLOSED + SYNC
    if kind == 4:
        return wire.query(rng.choice(["copy t from stdin", "copy t from stdin; select 1", "copy missing from stdin"])) + copied(rng)
    if kind == 5:
        return wire.parse("copy t from stdin") + wire.bind() + wire.execute() + rng.choice([b"", SYNC]) + copied(rng) + SYNC
    ending = rng.choice([SYNC, SYNC, SYNC, wire.query("select 4") + SYNC])
    return b"".join(extended(rng) for _ in range(rng.randrange(6))) + (ending if kind == 6 else SYNC)


def stream(seed):
    rng = random.Random(seed)
    return [step(rng) for _ in range(rng.randrange(1, STEPS_MAX))]


class StreamsTest(stage.StageTest):
    FIXTURE = stage.FIXTURE + "create table t(id int);"
    RULES = """\
- {name: all, action: allow, match: {effects: [any, unknown]}}
- {name: kept-stays, action: deny, match: {effects: [delete], objects: ["*kept"]}}
"""

    def connect(self, direct):
        if not direct:
            return self.open()
        db = wire.Wire.__new__(wire.Wire)
        db.received = db._pending = b""
        db.socket = socket.socket(socket.AF_UNIX)
        db.socket.settimeout(wire.REPLY_SECONDS)
        db.socket.connect(f"{self.server.folder}/.s.PGSQL.{self.server.port}")
        db.send(wire.startup({"user": "app", "database": "shop"}))
        db.until_ready()
        self.addCleanup(db.close)
        return db

    def play(self, seed, direct):
        self.server.sql("truncate t; drop table if exists zz", "shop")
        db = self.connect(direct)
        rng = random.Random(-seed)
        steps = stream(seed)
        data = b"".join(steps) + wire.query("rollback") + wire.query("select 'the end'")
        if direct:
            data = self.without_forbidden(data)
        for at in self.cuts(rng, len(data)):
            db.send(data[at[0]:at[1]])
            if rng.random() < .2:
                select.select([db.socket], [], [], 0.002)
        heard = []
        while not (heard and heard[-1][0] == b"Z" and any(b"the end" in body for kind, body in heard if kind == b"D")):
            try:
                one = db.next()
            except TimeoutError:
                self.fail(f"seed {seed}, {'direct' if direct else 'sidecar'}: no more answers behind {heard[-6:]}")
            if one is None:
                break
            heard.append(one)
        db.close()
        return [self.said(kind, body) for kind, body in heard if kind not in IGNORED]

    @staticmethod
    def cuts(rng, size):
        at = 0
        while at < size:
            end = min(size, at + rng.choice([1, 5, 50, 1000, 100000]))
            yield at, end
            at = end

    @staticmethod
    def without_forbidden(data):
        out, at = b"", 0
        while at < len(data):
            size = 1 + int.from_bytes(data[at + 1:at + 5], "big")
            out += wire.message(data[at:at + 1], data[at + 5:at + size].replace(FORBIDDEN.encode(), MISSING.encode()))
            at += size
        return out

    @staticmethod
    def said(kind, body):
        if kind not in (b"E", b"N"):
            return kind + body
        code = next(field[1:] for field in body.split(b"\0") if field[:1] == b"C").decode()
        return kind + (b"refused" if code in REFUSALS else code.encode())

    def test_data_of_two_copies_sent_ahead(self):
        """Behind the first CopyDone it is known of no second COPY yet."""
        data = wire.copy_data(b"7\n") + COPY_DONE
        for piece in (0, 7):
            self.server.sql("truncate t", "shop")
            heard = self.open().ask(wire.query("copy t from stdin; copy t from stdin"), data, data,
                                    wire.query("select count(*) from t"), ready=2, piece=piece)
            self.assertEqual("GCGCZTDCZ", stage.kinds(heard))
            self.assertEqual([["2"]], stage.values(heard))

    def test_streams(self):
        for seed in SEEDS:
            with self.subTest(seed=seed):
                direct, through = self.play(seed, True), self.play(seed, False)
                if BEHIND_BARRIER in through:  # an honest refusal, and from there on another stream
                    self.assertEqual(b"ZI", through[-1])
                    at = through.index(BEHIND_BARRIER)
                    direct, through = direct[:at], through[:at]
                self.assertEqual(direct, through)


if __name__ == "__main__":
    stage.main()
