"""What the collector takes in, what it refuses, and what it keeps of what it refused."""

import json
import time
import unittest

from stage import Stage


def by_step(lines):
    return {line["step"]: line for line in lines}


class Ingest(unittest.TestCase):
    def setUp(self):
        self.stage = self.enterContext(Stage())

    def records(self):
        return self.stage.all("/v1/records?order=asc", "records")

    def test_a_writer_that_stopped_in_order_is_shown_so(self):
        self.stage.send(sessions=1, commands=5)
        (writer,) = self.stage.all("/v1/writers", "writers")
        self.assertEqual((writer["stopped"], writer["silent"]), (True, False))
        self.assertIn("stopped", self.stage.cli("writers")[0])

    def test_sent_and_stored_once(self):
        sent = self.stage.send(sessions=3, commands=20)
        self.assertTrue(sent["flushed"], sent)
        self.assertEqual(sent["appended"], sent["acknowledged"])
        records = self.records()
        self.assertEqual([r["record"]["sequence"] for r in records], list(range(1, sent["appended"] + 1)))
        # The same spool again: the chain goes on, nothing is stored twice.
        again = self.stage.send(sessions=1, commands=5)
        self.assertEqual(again["writer"], sent["writer"])
        self.assertGreater(again["appended"], sent["appended"])
        self.assertEqual(len(self.records()), again["appended"])
        self.assertEqual(self.stage.alarms(), [])

    def test_duplicates(self):
        steps = [(s["step"], s["status"]) for s in self.stage.forge("duplicates")]
        self.assertEqual(steps, [("enrol", 200), ("enrol", 200), ("first", 200), ("same", 200), ("older", 200),
                                 ("overlap", 200), ("all", 200)])
        self.assertEqual(len(self.records()), 10)
        self.assertEqual(self.stage.metric("chaperone_collector_duplicates_total"), 5 + 2 + 2 + 10)
        self.assertEqual(self.stage.alarms(), [])

    def test_a_gap_is_refused_until_it_is_declared(self):
        steps = by_step(self.stage.forge("gaps"))
        self.assertEqual((steps["hole"]["status"], steps["hole"]["error"], steps["hole"]["expected"]), (409, "gap", "6"))
        self.assertEqual(steps["declared"]["status"], 200)
        self.assertEqual(steps["rest"]["status"], 200)
        self.assertEqual(len(self.records()), 5 + 13)
        (alarm,) = self.stage.alarms("gap")
        self.assertIn("records 6 to 8", alarm["detail"])

    def test_a_fork_is_refused_and_kept_as_evidence(self):
        steps = by_step(self.stage.forge("forks"))
        for step in ("same_sequences", "beyond", "next", "old"):
            self.assertEqual((steps[step]["status"], steps[step]["error"]), (409, "fork"), step)
        self.assertEqual(len(self.records()), 11)
        alarms = self.stage.alarms("fork")
        self.assertGreaterEqual(len(alarms), 3)
        evidence = self.stage.data / "evidence" / alarms[0]["evidence"]
        self.assertGreater(evidence.stat().st_size, 0)
        self.assertEqual(self.stage.metric("chaperone_collector_alarms_total"), 4)

    def test_a_key_changes_by_the_word_of_the_last_alone(self):
        steps = by_step(self.stage.forge("key_change"))
        wanted = {"enrol": (200, ""), "first": (200, ""), "strangers_word": (403, "no_succession"),
                  "own_word": (403, "no_succession"), "of_a_strange_key": (403, "no_succession"),
                  "unenrolled": (403, "not_this_writer"), "next": (200, ""), "next_again": (200, ""),
                  "changed": (200, ""), "old_key": (403, "not_this_writer"), "old_word": (403, "no_succession"),
                  "old_checkpoint": (422, "signature"), "rest": (200, "")}
        self.assertEqual(wanted, {step: (got["status"], got["error"]) for step, got in steps.items()})
        self.assertEqual(len(self.stage.alarms("signature")), 1)
        writer = self.stage.get("/v1/writers")["writers"][0]
        self.assertEqual(len(writer["keys"]), 2)

    def test_keys_change_under_load_and_over_restarts(self):
        for _ in range(3):
            sent = self.stage.send(sessions=4, commands=20, pace_us=2000, key_age_ms=50)
            self.assertEqual((sent["flushed"], sent["last_error"]), (True, ""))
            self.stage.kill()
            self.stage.start()
        self.assertEqual(self.stage.alarms(), [])
        path = self.stage.folder / "whole.export"
        self.stage.cli("export", "--writer", sent["writer"], "-o", path)
        report = json.loads(self.stage.cli("verify", path, "--key", self.stage.key, "--json")[0])
        self.assertTrue(report["whole"])
        self.assertEqual(report["records"], sent["appended"])
        self.assertGreaterEqual(report["sections"][0]["key_changes"], 1)
        self.stage.send(key_age_ms=50, flush_ms=0)
        out, _ = self.stage.cli("verify", "--spool", self.stage.folder / "spool", "--key", self.stage.key)
        self.assertIn("WHOLE", out)

    def test_damage_is_refused_whole(self):
        steps = by_step(self.stage.forge("damage"))
        wanted = {"flipped": (422, "damaged"), "cut": (422, "damaged"), "empty": (422, "empty"),
                  "nonsense": (422, "not_canonical"), "shuffled": (422, "broken_chain"),
                  "checkpoint": (422, "signature"), "wrong_key": (403, "not_this_writer"), "long": (413, "")}
        got = {step: (line["status"], line["error"]) for step, line in steps.items() if step in wanted}
        self.assertEqual(got, wanted)
        # None of it moved the chain: what is sound is still taken.
        self.assertEqual(steps["sound"]["status"], 200)
        self.assertEqual(len(self.records()), 11)
        kinds = {alarm["kind"] for alarm in self.stage.alarms()}
        self.assertEqual(kinds, {"damaged", "broken_chain", "signature", "impostor"})

    def test_a_token_speaks_for_its_own_writers_alone(self):
        owner = by_step(self.stage.forge("owner"))
        self.assertEqual(owner["batch"]["status"], 200)
        steps = self.stage.forge("impostor", token="stranger")
        self.assertEqual([s["status"] for s in steps], [409, 403, 409])
        self.assertEqual(len(self.records()), 4)
        self.assertEqual(self.stage.alarms("impostor")[0]["kind"], "impostor")

    def test_rights(self):
        wanted = {("reader", "/v1/records"): 200, ("reader", "/v1/export"): 403, ("reader", "/metrics"): 403,
                  ("writer", "/v1/records"): 403, ("writer", "/v1/alarms"): 403, ("auditor", "/metrics"): 200,
                  ("nobody", "/v1/records"): 401, (None, "/v1/sessions"): 401, (None, "/healthz"): 200,
                  (None, "/v1/key"): 200}
        got = {(token, path): self.stage.request(path, token)[0] for token, path in wanted}
        self.assertEqual(got, wanted)
        status, _, _ = self.stage.request("/v1/batches", "reader", "POST", b"x" * 1000)
        self.assertEqual(status, 403)

    def test_wrong_tokens_are_slowed_down(self):
        statuses = [self.stage.request("/v1/records", "wrong")[0] for _ in range(40)]
        self.assertEqual(statuses[0], 401)
        self.assertEqual(statuses[-1], 429)
        self.assertEqual(self.stage.request("/v1/records", "reader")[0], 200)

    def test_the_scheme_of_a_token_is_taken_in_any_case(self):
        text = self.stage.token_file("auditor").read_text().strip()
        for scheme, status in (("bearer ", 200), ("BEARER  ", 200), ("Bearer", 401), ("Basic ", 401), ("", 401)):
            got, _, _ = self.stage.request("/v1/writers", token=None, headers={"Authorization": scheme + text})
            self.assertEqual(got, status, scheme)

    def test_tokens_change_without_a_restart(self):
        self.stage.token("late", "read")
        # The file is read again every second; too many wrong tokens would make this address wait.
        statuses = []
        while not statuses or (statuses[-1] == 401 and len(statuses) < 60):
            time.sleep(1)
            statuses.append(self.stage.request("/v1/records", "late")[0])
        self.assertEqual(statuses[-1], 200)

    def test_a_record_that_claims_another_pod_is_refused(self):
        before = len(self.stage.all("/v1/records", "records"))
        self.stage.token("other", "write", "pod=somebody-else")
        for _ in range(100):
            sent = self.stage.send(spool="other-spool", token="other", flush_ms=1000)
            self.assertFalse(sent["flushed"])
            if self.stage.alarms("identity"):
                break
        (alarm,) = self.stage.alarms("identity")
        self.assertIn("somebody-else", alarm["detail"])
        self.assertEqual(len(self.stage.all("/v1/records", "records")), before, "nothing of it is stored")

    def test_reads_are_recorded(self):
        self.stage.get("/v1/sessions?pod=agent-1", token="reader")
        for _ in range(100):
            accesses = [a for a in self.stage.get("/v1/accesses")["accesses"] if a["token"] == "reader"]
            if accesses:
                break
        self.assertEqual((accesses[0]["path"], accesses[0]["query"]), ("/v1/sessions", "pod=agent-1"))

    def test_filters_and_pages(self):
        self.stage.send(sessions=2, commands=10)
        count = lambda query: len(self.stage.all("/v1/records?" + query, "records"))
        self.assertEqual(count("kind=command"), 20)
        self.assertEqual(count("kind=command&decision=deny"), 4)
        self.assertEqual(count("effect=drop"), 4)
        self.assertEqual(count("verb=DROP%20TABLE"), 4)
        self.assertEqual(count("object=public.orders"), 16)
        self.assertEqual(count("object=public.orders.customer"), 16)
        self.assertEqual(count("object=orders.customer"), 0)
        self.assertEqual(count("text=secrets"), 4)
        self.assertEqual(count("text=sele*%20customer"), 16)
        self.assertEqual(count("text=secrets%20OR%20orders"), 0)  # an operator is a word like others
        self.assertEqual(count("text=%22%20secrets*%20(%20)"), 4)
        self.assertEqual(count("rule=no-drops&risk_min=critical&pod=agent-1&namespace=shop&resource=orders-db"), 4)
        self.assertEqual(count("kind=command&status=ok"), 16)
        sessions = self.stage.all("/v1/sessions", "sessions")
        self.assertEqual(len(sessions), 2)
        self.assertEqual((sessions[0]["commands"], sessions[0]["denied"]), (10, 2))
        one = self.stage.get("/v1/sessions/" + sessions[0]["session"][:10])
        self.assertEqual(one["session"], sessions[0]["session"])
        for bad in ("foo=1", "from=yesterday", "limit=0", "cursor=5", "effect=nonsense", "session=abc", "text=%25"):
            status, _, body = self.stage.request("/v1/records?" + bad)
            self.assertEqual(status, 400, bad)
            self.assertIn("message", json.loads(body))

    def test_tail_waits_for_what_comes(self):
        start = self.stage.get("/v1/tail")["next"]
        sending = self.stage.sending(sessions=1, commands=1)
        seen = self.stage.get(f"/v1/tail?kind=session_open&wait_s=30&cursor={start}")
        sending.communicate()
        self.assertEqual(len(seen["records"]), 1)
        self.assertEqual(seen["records"][0]["record"]["kind"], "session_open")


if __name__ == "__main__":
    unittest.main(verbosity=2)
