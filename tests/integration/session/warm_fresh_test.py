#!/usr/bin/env python3
"""`warm: fresh` (default): logins ahead of need, and no more of them than there is need."""

import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import stage  # noqa: E402
from stage import wire  # noqa: E402

SHELVES = 12         # more than one resource may have full at once
STILL_SECONDS = 1.5  # several sweeps of the pool


def dials():
    """How many TCP connections were begun in the pod so far."""
    names, counts = [line.split() for line in pathlib.Path("/proc/thread-self/net/snmp").read_text().splitlines()
                     if line.startswith("Tcp:")]
    return int(counts[names.index("ActiveOpens")])


def nobody_dials():
    before = dials()
    time.sleep(STILL_SECONDS)
    return dials() == before


class WarmFreshTest(stage.StageTest):
    def test_logins_come_to_rest(self):
        """Settings of the client's make shelves of their own. Those that gave way to others are not
        filled again until somebody asks: else they would log in and out in turn, without end."""
        for turn in range(SHELVES):
            db = self.open(application_name=f"agent-{turn}")
            self.assertEqual([["1"]], stage.values(db.ask(wire.query("select 1"))))
            db.close()
        self.eventually(nobody_dials, "no more logins while nobody asks")
        db = self.open(application_name="agent-0")
        self.assertEqual([["1"]], stage.values(db.ask(wire.query("select 1"))))


if __name__ == "__main__":
    stage.main()
