#!/usr/bin/env python3
"""judge.py: which outcomes of the regression suite pass, and which tables it takes."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import judge  # noqa: E402

TABLES = {judge.ALWAYS: {"temp": "another reason"}, judge.SOMETIMES: {"stats": "a warm connection"}}
RAN = {"temp", "stats", "join", "union"}
HEAD = "| test | cause |\n|---|---|\n"


class Judge(unittest.TestCase):
    def judged(self, differing, weighed=False, ran=RAN):
        return judge.judge(set(ran), set(differing), TABLES, weighed)

    def test_what_differs_sometimes_may_pass_or_differ(self):
        for weighed in (False, True):
            lines, fine = self.judged({"temp"}, weighed)
            self.assertTrue(fine, lines)
            lines, fine = self.judged({"temp", "stats"}, weighed)
            self.assertTrue(fine, lines)
            self.assertIn("known: stats: a warm connection", lines)

    def test_whatever_else_differs_is_an_error(self):
        for weighed in (False, True):
            lines, fine = self.judged({"temp", "join"}, weighed)
            self.assertFalse(fine)
            self.assertIn("DIFFERS: join", lines)

    def test_what_always_differs_must(self):
        lines, fine = self.judged(set())
        self.assertFalse(fine)
        self.assertIn("exceptions.md names temp, which passes: remove the line", lines)
        self.assertTrue(self.judged(set(), weighed=True)[1])

    def test_a_line_for_a_test_that_is_not_there(self):
        for gone in ("temp", "stats"):
            lines, fine = self.judged({"temp"} - {gone}, ran=RAN - {gone})
            self.assertFalse(fine)
            self.assertTrue(any(gone in line and "does not have" in line for line in lines), lines)


class Tables(unittest.TestCase):
    def test_ours_can_be_read(self):
        tables = judge.read_exceptions((pathlib.Path(__file__).parent / "exceptions.md").read_text())
        self.assertIn("temp", tables[judge.ALWAYS])
        self.assertIn("stats", tables[judge.SOMETIMES])

    def test_a_line_needs_a_heading_a_cause_and_a_test_of_its_own(self):
        for text, what in ((f"{HEAD}| `a` | why |\n", "no heading"), (f"## Always\n{HEAD}| `a` | |\n", "no cause"),
                           (f"## Always\n{HEAD}| `a` | why |\n## Sometimes\n{HEAD}| `a` | why |\n", "twice"),
                           (f"## Somtimes\n{HEAD}| `a` | why |\n", "no table is called")):
            with self.subTest(what=what), self.assertRaisesRegex(judge.BadTable, what):
                judge.read_exceptions(text)


if __name__ == "__main__":
    unittest.main()
