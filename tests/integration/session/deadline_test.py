#!/usr/bin/env python3
"""A session is open within the login's time, or ends: whatever dribbles in meanwhile."""

import pathlib
import socket
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import stage  # noqa: E402
from integration.lib.patience import PATIENCE_SECONDS  # noqa: E402
from stage import sandbox, wire  # noqa: E402

HELLO = bytes.fromhex("16030100c8010000c4") + b"\0" * 200  # the beginning of a TLS ClientHello


class DeadlineTest(stage.StageTest):
    CONFIG = "times: {login: 3s}\n"
    RESOURCES = "- {name: named, protocol: opaque, sni: [files.example.org], addresses: [10.77.0.2], ports: [8443]}"

    def ended(self, port, data):
        """Whether the connection is ended while its bytes still come, one by one."""
        db = socket.create_connection((sandbox.CLUSTER4, port), timeout=wire.REPLY_SECONDS)
        self.addCleanup(db.close)
        db.settimeout(0.1)
        end = time.monotonic() + PATIENCE_SECONDS
        for byte in data:
            try:
                db.sendall(bytes([byte]))
                while True:
                    if not db.recv(1000):
                        return True
            except TimeoutError:
                if time.monotonic() > end:
                    break
            except OSError:
                return True
        return False

    def test_startup_packet(self):
        self.assertTrue(self.ended(5432, wire.startup({"user": "app", "application_name": "x" * 1000})))

    def test_client_hello(self):
        self.assertTrue(self.ended(8443, HELLO))

    def test_within_a_tls_handshake(self):
        """Which no farewell can be written into: the session ends, and the sidecar does not."""
        self.assertTrue(self.ended(5432, wire.SSL_REQUEST + HELLO))
        self.assertEqual([["1"]], stage.values(self.open().ask(wire.query("select 1"))))

    def kept_alive(self, upstream):
        """Whether a socket of that side has its timer; it shows while nothing is in flight."""
        for line in stage.run(["ss", "-tnoH", "state", "established"]).splitlines():
            to_server = f"{sandbox.CLUSTER4}:5432" in line.split()[3]
            if "timer:(keepalive" in line and to_server == upstream:
                return True
        return False

    def test_both_sides_are_kept_alive(self):
        self.open().ask(wire.query("select 1"))
        self.eventually(lambda: self.kept_alive(upstream=True), "the server's side is kept alive")
        self.eventually(lambda: self.kept_alive(upstream=False), "the agent's side is kept alive")

    def test_a_session_that_is_open_stays(self):
        db = self.open()
        time.sleep(2.5)
        self.assertEqual([["1"]], stage.values(db.ask(wire.query("select 1"))))


if __name__ == "__main__":
    stage.main()
