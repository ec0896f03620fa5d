#!/usr/bin/env python3
"""What docs/policy.md and docs/cli.md print about policies, run as printed: every `chaperone policy` line exits 0
in a folder that holds the page's own policy and cases."""

import argparse
import json
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
import unittest

SRC = pathlib.Path(__file__).resolve().parents[3]
parser = argparse.ArgumentParser()
parser.add_argument("--build", default=SRC / "build", type=pathlib.Path)
options, rest = parser.parse_known_args()
CLI = options.build.resolve() / "cli/chaperone"


def yaml_blocks(page):
    return [block for block in re.findall(r"```yaml\n(.*?)```", (SRC / "docs" / page).read_text(), re.S)
            if block.startswith("version: 1")]


def commands(page):
    """The indented lines that begin so, without the remark that stands behind some of them."""
    for line in (SRC / "docs" / page).read_text().splitlines():
        if line.startswith("    chaperone policy "):
            yield shlex.split(re.split(r"\s{3,}", line.strip())[0], comments=True)[1:]


class Docs(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="chaperone-docs-")))
        blocks = yaml_blocks("policy.md")
        self.policies = [block for block in blocks if "\ncases:" not in block]
        (self.cases,) = [block for block in blocks if "\ncases:" in block]
        (self.folder / "policy.yaml").write_text(self.policies[0])
        (self.folder / "policy.test.yaml").write_text(self.cases)

    def run_cli(self, words, code=0):
        done = subprocess.run([CLI, *words], cwd=self.folder, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, code, f"chaperone {shlex.join(words)}\n{done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def test_every_command_of_the_pages_runs_as_printed(self):
        for page, least in (("policy.md", 3), ("cli.md", 3)):
            printed = list(commands(page))
            self.assertGreaterEqual(len(printed), least)
            for words in printed:
                with self.subTest(page=page, words=words):
                    out = self.run_cli(words)
                    self.assertNotIn("0 passed", out)
                    if "explain" in words:
                        self.assertIn("no rule allows delete", out)

    def test_every_policy_of_the_page_is_sound(self):
        self.assertGreaterEqual(len(self.policies), 2)
        for number, policy in enumerate(self.policies):
            path = self.folder / f"block-{number}.yaml"
            path.write_text(policy)
            self.run_cli(["policy", "check", path.name])

    def test_the_cases_fail_where_the_policy_says_otherwise(self):
        (self.folder / "policy.yaml").write_text(self.policies[0].replace("action: deny", "action: observe"))
        self.assertIn("another's card", self.run_cli(["policy", "test", "policy.yaml"], code=3))

    def test_mistakes_name_the_nearest_word(self):
        self.assertIn('did you mean "sessions"?', self.run_cli(["sesions"], code=2))
        self.assertIn('did you mean "check"?', self.run_cli(["policy", "chek"], code=2))
        self.assertIn('did you mean "write"?', self.run_cli(["search", "--effect", "read,wriet"], code=2))
        self.assertIn("whose key?", self.run_cli(["verify", "trail.export"], code=2))
        self.assertIn("name one thing", self.run_cli(["verify"], code=2))

    def test_json_is_one_object_on_one_line(self):
        for words in (["check", "policy.yaml"], ["test", "policy.test.yaml"], ["explain", "SELECT 1"]):
            with self.subTest(words=words):
                said = self.run_cli(["policy", *words, "--json"])
                self.assertEqual(1, said.count("\n"), said)
                json.loads(said)

    def test_capitals_in_a_pattern_are_noted(self):
        (self.folder / "folded.yaml").write_text(self.policies[0].replace("public.cards.number", "public.Cards.number"))
        self.assertIn("note: rule no-card-numbers: public.Cards has capitals", self.run_cli(["policy", "check", "folded.yaml"]))
        self.assertIn("chaperone ", self.run_cli(["--version"]))


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *rest], verbosity=2)
