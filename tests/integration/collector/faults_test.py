"""kill -9 of the collector under load and at rest, and a collector that is away: nothing lost,
nothing twice."""

import json
import signal
import sqlite3
import time
import unittest

from stage import Stage


class Faults(unittest.TestCase):
    def setUp(self):
        self.stage = self.enterContext(Stage())

    def sequences(self):
        return [r["record"]["sequence"] for r in self.stage.all("/v1/records?order=asc", "records")]

    def wait_for_records(self, count):
        while len(self.sequences()) < count:
            time.sleep(0.05)

    def test_kill_9_under_load(self):
        sending = self.stage.sending(sessions=60, commands=20, pace_us=1000, flush_ms=60000)
        for round in range(4):
            self.wait_for_records(100 * (round + 1))
            self.stage.kill()
            self.stage.start()
        sent = json.loads(sending.communicate(timeout=120)[0])
        self.assertTrue(sent["flushed"], sent)
        self.assertEqual(self.sequences(), list(range(1, sent["appended"] + 1)))
        self.assertEqual(self.stage.alarms(), [])

    def test_kill_9_of_the_sender(self):
        sending = self.stage.sending(sessions=1000, commands=20, pace_us=1000)
        self.wait_for_records(200)
        sending.send_signal(signal.SIGKILL)
        sending.communicate()
        sent = self.stage.send(sessions=1, commands=5)
        self.assertTrue(sent["flushed"], sent)
        self.assertEqual(self.sequences(), list(range(1, sent["appended"] + 1)))
        self.assertEqual(self.stage.alarms(), [])

    def test_a_collector_that_is_away_is_waited_for(self):
        self.stage.kill()
        sending = self.stage.sending(sessions=5, commands=20, pace_us=100, flush_ms=60000)
        self.stage.start()
        sent = json.loads(sending.communicate(timeout=120)[0])
        self.assertTrue(sent["flushed"], sent)
        self.assertEqual(len(self.sequences()), sent["appended"])

    def test_the_index_is_made_again_from_the_log(self):
        sent = self.stage.send(sessions=3, commands=20)
        self.stage.forge("forks")
        before = (self.sequences(), self.stage.all("/v1/sessions", "sessions"),
                  {(a["kind"], a["sequence"]) for a in self.stage.alarms()})
        self.assertEqual(self.stage.stop(), 0)
        for path in self.stage.data.glob("index.sqlite*"):
            path.unlink()
        self.stage.start()
        after = (self.sequences(), self.stage.all("/v1/sessions", "sessions"),
                 {(a["kind"], a["sequence"]) for a in self.stage.alarms()})
        self.assertEqual(before, after)
        again = self.stage.send(sessions=1, commands=5)
        self.assertEqual((again["writer"], again["flushed"]), (sent["writer"], True))

    def test_a_torn_tail_of_the_log_is_passed_over(self):
        sent = self.stage.send(sessions=1, commands=5)
        self.stage.kill()
        (log,) = sorted((self.stage.data / "log").glob("*.log"))
        with open(log, "ab") as file:
            file.write(b"\x40\x00\x00\x00torn in the middle of a wri")
        self.stage.start()
        self.assertEqual(len(self.sequences()), sent["appended"])
        again = self.stage.send(sessions=1, commands=5)
        self.assertTrue(again["flushed"], again)
        self.assertEqual(self.sequences(), list(range(1, again["appended"] + 1)))

    def damage_record(self, sequence, byte):
        (log,) = sorted((self.stage.data / "log").glob("*.log"))
        database = sqlite3.connect(self.stage.data / "index.sqlite")
        (offset,) = database.execute("SELECT offset FROM records WHERE sequence = ?", (sequence,)).fetchone()
        database.close()
        with open(log, "r+b") as file:
            file.seek(offset + byte)
            old = file.read(1)
            file.seek(offset + byte)
            file.write(bytes([old[0] ^ 1]))

    def wait_for_alarm(self):
        while not (alarms := self.stage.alarms("store_damaged")):
            time.sleep(0.05)
        return alarms

    def export_around(self, sequence):
        """The export goes on around the record, the client is told, and verify names it."""
        trail = self.stage.folder / "trail.chp"
        _, told = self.stage.cli("export", "-o", str(trail))
        self.assertIn("store is damaged", told)
        verdict, _ = self.stage.cli("verify", str(trail), "--key", self.stage.key, code=3)
        self.assertIn(f"record {sequence} is missing", verdict)

    def test_damage_in_the_store_is_an_alarm(self):
        sent = self.stage.send(sessions=1, commands=5)
        self.assertEqual(self.stage.stop(), 0)
        self.damage_record(5, 60)
        self.stage.start()
        self.assertEqual([a["sequence"] for a in self.wait_for_alarm()], [5])
        self.assertGreaterEqual(self.stage.metric("chaperone_collector_alarms_total"), 1)
        records = self.stage.all("/v1/records?order=asc", "records")
        self.assertEqual([r.get("damaged") or r["record"]["sequence"] for r in records],
                         list(range(1, sent["appended"] + 1)))
        self.assertNotIn("record", records[4])
        self.assertIn("record 5 is damaged", self.stage.cli("search", "--all")[0])
        self.export_around(5)

    def test_damage_costs_its_record_alone_when_the_index_is_made_again(self):
        for byte in (0, 2, 5, 60):  # length, checksum, record
            with self.subTest(byte=byte), Stage() as self.stage:
                sent = self.stage.send(sessions=1, commands=5)
                self.assertEqual(self.stage.stop(), 0)
                self.damage_record(5, byte)
                for path in self.stage.data.glob("index.sqlite*"):
                    path.unlink()
                self.stage.start()
                self.assertEqual(len(self.wait_for_alarm()), 1)
                self.assertEqual(self.sequences(), [n for n in range(1, sent["appended"] + 1) if n != 5])
                self.export_around(5)
                again = self.stage.send(sessions=1, commands=5)
                self.assertEqual((again["writer"], again["flushed"]), (sent["writer"], True))

    def test_a_log_that_lost_its_end_is_an_alarm(self):
        self.stage.send(sessions=1, commands=5)
        self.assertEqual(self.stage.stop(), 0)
        (log,) = sorted((self.stage.data / "log").glob("*.log"))
        with open(log, "r+b") as file:
            file.truncate(log.stat().st_size - 500)
        self.stage.start()
        self.assertEqual({a["kind"] for a in self.stage.alarms()}, {"store_damaged"})

    def test_one_folder_serves_one_collector(self):
        first = self.stage.process
        self.stage.port = 0
        try:
            with self.assertRaisesRegex(RuntimeError, "in use by another collector"):
                self.stage.start()
        finally:
            self.stage.process = first

    def test_a_stranger_in_the_collectors_place_gets_nothing(self):
        with Stage() as other:
            sent = self.stage.send(ca=other.ca, sessions=1, commands=5, flush_ms=1000)
        self.assertEqual((sent["enrolled"], sent["acknowledged"]), (False, 0))
        self.assertIn("certificate is not trusted", sent["last_error"])
        self.assertEqual(self.sequences(), [])

    def test_a_wrong_token_keeps_the_records_in_the_spool(self):
        self.stage.token_file("wrong").write_text("chp_wrong")
        sent = self.stage.send(token="wrong", sessions=1, commands=5, flush_ms=1000)
        self.assertEqual((sent["enrolled"], sent["acknowledged"]), (False, 0))
        self.assertIn("401", sent["last_error"])
        told = (self.stage.folder / "sender.stderr").read_text()
        self.assertGreater(sent["errors"], 1)
        self.assertEqual(told.count("shipping to the collector failed"), 1)  # more within a minute are not told
        self.assertNotIn("chp_wrong", told)
        sent = self.stage.send(sessions=1, commands=5)
        self.assertEqual(self.sequences(), list(range(1, sent["appended"] + 1)))

    def test_more_busy_writers_than_threads_are_all_served(self):
        self.assertEqual(self.stage.stop(), 0)
        self.stage.start("--threads", "4")
        senders = [self.stage.sending(spool=f"spool-{n}", sessions=20, commands=10, pace_us=2000, flush_ms=60000)
                   for n in range(9)]
        sent = [json.loads(sender.communicate(timeout=120)[0]) for sender in senders]
        self.assertEqual([s["flushed"] for s in sent], [True] * 9, sent)
        self.assertEqual(len(self.sequences()), sum(s["appended"] for s in sent))

    def test_a_full_store_refuses(self):
        self.assertEqual(self.stage.stop(), 0)
        self.stage.start("--store-bytes-max", "3000")
        sent = self.stage.send(sessions=1, commands=50, flush_ms=1500)
        self.assertFalse(sent["flushed"])
        self.assertGreater(sent["errors"], 0)
        self.assertEqual(self.stage.stop(), 0)
        self.stage.start()
        self.assertTrue(self.stage.send(sessions=1, commands=1)["flushed"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
