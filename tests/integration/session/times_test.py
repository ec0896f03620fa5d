#!/usr/bin/env python3
"""`times.statement` and `times.idle` before a real server: a command ends in time whatever bytes pass,
a session that has nothing to say ends in its transaction too, and nothing else ends."""

import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import stage  # noqa: E402
from stage import wire  # noqa: E402

BETWEEN_SECONDS = 0.1  # bytes of a client that dribbles
LIVES_SECONDS = 60     # and then is taken to live for ever
STANDS_SECONDS = 3     # more than `statement`, less than `idle`


class TimesTest(stage.StageTest):
    CONFIG = "times: {statement: 1500ms, idle: 9s}\n"

    def dribble(self, db, data):
        """Sends `data` again and again until the session ends; the SQLSTATEs told meanwhile."""
        db.socket.settimeout(BETWEEN_SECONDS)
        until, told = time.monotonic() + LIVES_SECONDS, []
        while time.monotonic() < until:
            try:
                db.send(data)
                while one := db.next():
                    told += wire.errors([one])
                return told
            except TimeoutError:
                continue
            except OSError:
                return told
        self.fail("the session went on")

    def test_a_copy_that_dribbles_ends(self):
        db = self.open()
        db.send(wire.query("copy other from stdin"))
        self.assertEqual(b"G", db.next()[0])
        self.assertEqual(["57014"], self.dribble(db, wire.copy_data(b"1\tx\n")))

    def test_a_command_ends_though_more_is_sent_behind_it(self):
        db = self.open()
        db.send(wire.query("select pg_sleep(60)"))
        self.assertEqual(["57014"], self.dribble(db, wire.query("select 1")))

    def test_what_stands_in_a_transaction_stays(self):
        plain, failed, bound, suspended = (self.open() for _ in range(4))
        plain.ask(wire.query("begin"))
        failed.ask(wire.query("begin"))
        self.assertEqual("E", wire.status(failed.ask(wire.query("delete from kept"))))
        for db, rows in ((bound, None), (suspended, 1)):
            db.ask(wire.query("begin"))
            parts = [wire.parse("select generate_series(1, 3)"), wire.bind(portal="p")]
            if rows:
                parts.append(wire.execute("p", rows))
            db.ask(*parts, wire.SYNC)
        time.sleep(STANDS_SECONDS)
        self.assertEqual([["1"]], stage.values(plain.ask(wire.query("select 1"))))
        self.assertEqual("I", wire.status(failed.ask(wire.query("rollback"))))
        self.assertEqual(3, len(stage.values(bound.ask(wire.execute("p"), wire.SYNC))))
        self.assertEqual(2, len(stage.values(suspended.ask(wire.execute("p"), wire.SYNC))))

    def test_who_says_nothing_in_a_transaction_ends(self):
        db = self.open()
        self.assertEqual("T", wire.status(db.ask(wire.query("begin; lock table other"))))
        told = []
        while one := db.next():
            told += wire.errors([one])
        self.assertEqual(["25P03"], told)
        locks = "select count(*) from pg_locks where relation = 'other'::regclass"
        self.eventually(lambda: self.server.sql(locks, "shop") == "0", "its lock is gone with it")


if __name__ == "__main__":
    stage.main()
