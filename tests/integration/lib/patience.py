"""For what happens on its own: a reload, a record's way to the collector."""

import time
import unittest

PATIENCE_SECONDS = 30  # on a busy machine; nothing waits for as long otherwise


class PatientTest(unittest.TestCase):
    def eventually(self, check, what):
        """Waits until check() is true; fails with `what` if it never is."""
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            if check():
                return
            time.sleep(0.05)
        self.fail(f"after {PATIENCE_SECONDS} s still not: {what}")
