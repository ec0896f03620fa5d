"""The command line against a real collector; proof offline, with the collector gone."""

import json
import os
import pty
import select
import subprocess
import unittest

from stage import CLI, Stage


class Cli(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stage = cls.enterClassContext(Stage())
        # An agent that speaks to the terminal of whoever reads the trail.
        cls.sent = cls.stage.send(sessions=2, commands=10, text="\x1b[31mred\x07 \u202etxet")

    def lines(self, *words, **more):
        return [json.loads(line) for line in self.stage.cli(*words, "--json", **more)[0].splitlines()]

    def test_sessions_and_show(self):
        sessions = self.lines("sessions", "--pod", "agent-1", "--since", "1h")
        self.assertEqual(len(sessions), 2)
        out, _ = self.stage.cli("sessions")
        self.assertIn("orders-db", out)
        out, _ = self.stage.cli("show", sessions[0]["session"][:12])
        self.assertIn("DROP TABLE secrets", out)
        self.assertIn("no-drops", out)
        self.assertEqual(out.count("deny"), 2)
        _, err = self.stage.cli("show", "00000000", code=1)
        self.assertIn("no session", err)

    def test_labels(self):
        for words, found in ((["team=data"], 20), (["team"], 20), (["ci/run=4711", "team=data"], 20), (["team=dat"], 0),
                             (["tea"], 0), (["team=data", "ci/run=1"], 0), (["=x"], None)):
            flags = [word for label in words for word in ("--label", label)]
            if found is None:
                self.assertIn("label", self.stage.cli("search", *flags, code=1)[1])
                continue
            self.assertEqual(len(self.lines("search", *flags)), found, words)
            self.assertEqual(len(self.lines("sessions", *flags)), found // 10, words)
        outcomes = [line for line in self.lines("search", "--all", "--label", "team=data", "--limit", "1000")
                    if line["record"]["kind"] == "session_open"]
        self.assertEqual(len(outcomes), 2)

    def test_refused_connections_are_shown_as_such(self):
        with Stage() as other:
            other.send(sessions=1, commands=0, refused=2)
            sessions = [json.loads(line) for line in other.cli("sessions", "--pod", "agent-1", "--json")[0].splitlines()]
            refused = [s for s in sessions if s.get("refused")]
            self.assertEqual((len(sessions), len(refused)), (3, 2))
            for session in refused:
                self.assertEqual((session["target"], session["denied"], session["close_reason"]),
                                 ("192.0.2.1:443", 1, "unnamed"))
            table, _ = other.cli("sessions")
            self.assertEqual(table.count("refused"), 2)
            self.assertNotIn("open ", table)
            found, _ = other.cli("search", "--decision", "deny")
            self.assertEqual(found.count("connect_denied to 192.0.2.1:443"), 2)

    def test_fleet_names_pods_on_an_old_policy(self):
        with Stage() as other:
            other.token("anybody", "write")  # vouches for nothing: the records say which pod it is
            other.send(spool="z", token="anybody", sessions=0, policy="reader/first", stay=1)
            self.assertIn("agent-1", other.cli("fleet")[0])
            for spool, policy in (("a", "reader/first"), ("b", "reader/first"), ("c", "builder/other"), ("d", "reader/second")):
                other.send(spool=spool, sessions=1, commands=1, policy=policy, stay=1)
            other.send(spool="gone", sessions=0, policy="reader/third")  # it stopped: no word of a running pod
            fleet = [json.loads(line) for line in other.cli("fleet", "--json")[0].splitlines()]
            self.assertEqual([(p["policy"], p["revision"], p["old"], p["current_revision"]) for p in fleet],
                             [("reader", "second", False, "second"), ("builder", "other", False, "other"),
                              *[("reader", "first", True, "second")] * 3])
            self.assertEqual(other.cli("fleet", "--old")[0].count("agent-1"), 3)
            # Taken back: the second is the old one now.
            other.send(spool="e", sessions=0, policy="reader/first", stay=1)
            old = [json.loads(line) for line in other.cli("fleet", "--old", "--json")[0].splitlines()]
            self.assertEqual([(p["revision"], p["current_revision"]) for p in old], [("second", "first")])
        self.assertEqual(self.stage.cli("fleet", "--old")[0], "no pod is on an old policy\n")

    def test_export_takes_the_beginning_of_a_session_as_show_does(self):
        session = self.lines("sessions")[0]["session"]
        whole, _ = self.stage.cli("export", "--session", session, "-o", str(self.stage.folder / "whole"))
        self.stage.cli("export", "--session", session[:12], "-o", str(self.stage.folder / "begun"))
        files = [(self.stage.folder / name).read_bytes() for name in ("whole", "begun")]
        # Behind the header's frame (length, checksum, content), which says when and what was asked.
        records = [file[8 + int.from_bytes(file[:4], "little"):] for file in files]
        self.assertEqual(records[0], records[1])
        self.assertIn("no session", self.stage.cli("export", "--session", "00000000", code=1)[1])

    def test_search(self):
        self.assertEqual(len(self.lines("search", "secrets")), 4)
        self.assertEqual(len(self.lines("search", "--effect", "drop", "--decision", "deny", "--limit", "3")), 3)
        self.assertEqual(len(self.lines("search", "--all", "--limit", "1000")), self.sent["appended"])
        self.assertEqual(self.stage.cli("search", "nowheretobefound")[0], "no record matches\n")

    def test_text_cannot_speak_to_the_terminal(self):
        out, _ = self.stage.cli("search", "customer")
        self.assertIn("\\x1b[31mred\\x07 \\u202e", out)
        self.assertNotRegex(out, "[\x00-\x09\x0b-\x1f\x7f\u202e]")

    def on_terminal(self, *words, **env):
        main, side = pty.openpty()
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.stage.folder), "TERM": "xterm",
                       "CHAPERONE_COLLECTOR": self.stage.url, "CHAPERONE_CA_FILE": str(self.stage.ca),
                       "CHAPERONE_TOKEN_FILE": str(self.stage.token_file("reader")), **env}
        process = subprocess.Popen([CLI, *words], stdout=side, stderr=subprocess.STDOUT, env=environment)
        os.close(side)
        out = b""
        try:
            while piece := os.read(main, 65536):
                out += piece
        except OSError:
            pass
        process.wait()
        os.close(main)
        return out.decode()

    def test_colour_on_a_terminal_only(self):
        self.assertIn("\x1b[31mdeny\x1b[0m", self.on_terminal("search", "secrets"))
        self.assertNotIn("\x1b", self.on_terminal("search", "secrets", NO_COLOR="1"))

    def export(self, *words):
        path = self.stage.folder / "trail.export"
        self.stage.cli("export", "-o", path, *words)
        return path

    def verify(self, path, code, *more):
        out, _ = self.stage.cli("verify", path, "--key", self.stage.key, *more, code=code, env={"CHAPERONE_COLLECTOR": ""})
        return out

    def test_export_proves_itself(self):
        path = self.export("--writer", self.sent["writer"])
        report = json.loads(self.verify(path, 0, "--json"))
        self.assertEqual((report["whole"], report["records"]), (True, self.sent["appended"]))
        session = self.lines("sessions")[0]["session"]
        part = self.export("--session", session)
        self.assertIn("WHOLE", self.verify(part, 0))
        self.assertIn("WHOLE", self.verify(self.export("--since", "1h"), 0))

    def test_one_altered_byte_is_named(self):
        path = self.export("--writer", self.sent["writer"])
        content = bytearray(path.read_bytes())
        at = content.index(b"DROP TABLE secrets")
        content[at + 5] ^= 1
        path.write_bytes(content)
        records = self.lines("search", "--all", "--oldest-first", "--limit", "1000")
        first = next(r["record"]["sequence"] for r in records if r["record"].get("text") == "DROP TABLE secrets")
        report = json.loads(self.verify(path, 3, "--json"))
        self.assertFalse(report["whole"])
        self.assertEqual(report["breaks"][0]["sequence"], first)
        self.assertIn(f"record {first}", self.verify(path, 3))

    def test_a_removed_record_and_a_cut_file_are_seen(self):
        whole = self.export("--writer", self.sent["writer"]).read_bytes()
        cut = self.stage.folder / "cut.export"
        cut.write_bytes(whole[:-20])
        self.assertIn("NOT WHOLE", self.verify(cut, 3))
        other = "00" * 32
        out, _ = self.stage.cli("verify", self.export("--writer", self.sent["writer"]), "--key", other, code=3)
        self.assertIn("NOT WHOLE", out)

    def test_key_from_a_file(self):
        path = self.export("--writer", self.sent["writer"])
        self.stage.cli("verify", path, "--key", self.stage.data / "collector.key.pub")

    def test_errors_say_what_to_do(self):
        wanted = {("sessions", "--collector", ""): None, ("verify", "x", "--key", "00"): "neither a key",
                  ("search", "--since", "soon"): "give 15m", ("export", "--session", "zz"): "hexadecimal"}
        for words, text in wanted.items():
            if text:
                self.assertIn(text, self.stage.cli(*words, code=1)[1])
        self.assertIn("CHAPERONE_COLLECTOR", self.stage.cli("sessions", code=1, env={"CHAPERONE_COLLECTOR": ""})[1])
        self.assertIn("CA", self.stage.cli("sessions", code=1, env={"CHAPERONE_CA_FILE": ""})[1])
        self.assertIn("lacks the right", self.stage.cli("sessions", code=1, token="writer")[1])
        closed = {"CHAPERONE_COLLECTOR": "https://127.0.0.1:1"}
        self.assertIn("is the collector running", self.stage.cli("sessions", code=1, env=closed)[1])
        self.stage.cli("nonsense", code=2)
        self.stage.cli("search", "--decision", "perhaps", code=2)

    def test_settings_from_a_file(self):
        file = self.stage.folder / "settings"
        file.write_text(f"# here\ncollector = {self.stage.url}\ntoken_file = {self.stage.token_file('reader')}\n"
                        f"ca_file = {self.stage.ca}\n")
        empty = {"CHAPERONE_COLLECTOR": "", "CHAPERONE_TOKEN_FILE": "", "CHAPERONE_CA_FILE": ""}
        self.stage.cli("sessions", env={**empty, "CHAPERONE_CONFIG": str(file)})

    def test_lists(self):
        self.assertIn(self.sent["writer"], self.stage.cli("writers")[0])
        self.stage.cli("accesses")
        self.assertIn("no alarms", self.stage.cli("alarms", "--kind", "fork")[0])

    def test_bash_completion(self):
        script, _ = self.stage.cli("completion", "bash")
        ask = script + '\nCOMP_WORDS=(chaperone "$@"); COMP_CWORD=$#; _chaperone; echo "${COMPREPLY[@]}"\n'
        complete = lambda *words: subprocess.run(["bash", "-c", ask, "bash", *words], check=True, capture_output=True,
                                                 text=True).stdout.split()
        self.assertEqual(complete("sess"), ["sessions"])
        self.assertIn("explain", complete("policy", ""))
        self.assertEqual(complete("search", "--deci"), ["--decision"])
        self.assertEqual(complete("search", "--decision", "d"), ["deny"])
        self.assertEqual(complete("tail", "--effect", "dr"), ["drop"])
        self.assertIn("--spool", complete("verify", "--"))


class Live(unittest.TestCase):
    def setUp(self):
        self.stage = self.enterContext(Stage())

    def test_tail(self):
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.stage.folder)}
        tail = subprocess.Popen([CLI, "tail", "--json", "--decision", "deny", "--collector", self.stage.url, "--ca-file",
                                 self.stage.ca, "--token-file", self.stage.token_file("reader")],
                                stdout=subprocess.PIPE, text=True, env=environment)
        self.addCleanup(lambda: (tail.kill(), tail.wait(), tail.stdout.close()))
        # It begins at the end of the trail: what it shows first came after it asked.
        for spool in range(100):
            self.stage.send(spool=f"tail-{spool}", sessions=1, commands=5)
            if select.select([tail.stdout], [], [], 0.2)[0]:
                break
        self.assertEqual(json.loads(tail.stdout.readline())["record"]["text"], "DROP TABLE secrets")

    def test_a_spool_proves_itself(self):
        # Not flushed: what is acknowledged is deleted.
        self.stage.send(spool="kept", sessions=1, commands=1)
        sent = self.stage.send(spool="kept", sessions=1, commands=10, flush_ms=0)
        spool = self.stage.folder / "kept"
        out, _ = self.stage.cli("verify", "--spool", spool, "--key", self.stage.key)
        self.assertIn("WHOLE", out)
        segment = sorted(spool.glob("*.segment"))[-1]
        content = bytearray(segment.read_bytes())
        at = content.index(b"DROP TABLE secrets")
        content[at] ^= 1
        segment.write_bytes(content)
        out, _ = self.stage.cli("verify", "--spool", spool, "--key", self.stage.key, code=3)
        self.assertRegex(out, r"BROKEN.* record \d+")
        self.assertGreater(sent["appended"], 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
