#!/usr/bin/env python3
"""chaperone-sidecar --check: the configuration, the policy and every file that both name."""

import argparse
import pathlib
import subprocess
import sys
import tempfile
import unittest

SRC = pathlib.Path(__file__).resolve().parents[3]
parser = argparse.ArgumentParser()
parser.add_argument("--build", default=SRC / "build", type=pathlib.Path)
options, rest = parser.parse_known_args()
SIDECAR = options.build.resolve() / "sidecar/chaperone-sidecar"

CONFIG = """\
version: 1
policy_file: @/policy.yaml
spool: {dir: @/spool}
key_dir: @/keys
trust_dir: @/trust
collector: {url: "https://collector.test:8443", ca_file: @/ca.pem, token_file: @/token}
subject: {pod: p, namespace: n, service_account: s}
"""
POLICY = """\
version: 1
resources:
- name: shop
  protocol: postgres
  hosts: [db.test]
  addresses: [10.0.0.1]
  tls: {ca_file: @/shop.pem}
  credential: {password_file: @/password}
  logins: [{user: "*", role: app}]
rules:
- {name: read, action: allow, match: {effects: [read]}}
"""


class Check(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="chaperone-check-")))
        for name, text in (("sidecar.yaml", CONFIG), ("policy.yaml", POLICY), ("ca.pem", "x"), ("token", "x"),
                           ("shop.pem", "x"), ("password", "x")):
            self.put(name, text)

    def put(self, name, text):
        (self.folder / name).write_text(text.replace("@", str(self.folder)))

    def check(self, code, *words):
        done = subprocess.run([SIDECAR, "--config", self.folder / "sidecar.yaml", "--check", *words],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, code, done.stderr)
        return done.stderr

    def test_all_is_well(self):
        self.assertEqual("", self.check(0))

    def test_a_file_that_is_missing_or_empty_is_named_with_its_key(self):
        for name, key in (("ca.pem", "collector.ca_file"), ("token", "collector.token_file"),
                          ("shop.pem", "resource shop: tls.ca_file"), ("password", "credential.password_file")):
            with self.subTest(name=name):
                before = (self.folder / name).read_text()
                (self.folder / name).unlink()
                said = self.check(2)
                self.assertIn(str(self.folder / name), said)
                self.assertIn(key, said)
                self.put(name, "")
                self.assertIn("it is empty", self.check(2))
                self.put(name, before)

    def test_the_policy_is_checked_too(self):
        self.put("policy.yaml", POLICY.replace("action: allow", "action: alow"))
        self.assertIn("policy.yaml:11", self.check(2))
        (self.folder / "policy.yaml").unlink()
        self.assertIn("policy.yaml", self.check(2))
        self.assertEqual("", self.check(0, "--config-only"))

    def test_every_finding_is_told_at_once(self):
        (self.folder / "token").unlink()
        (self.folder / "password").unlink()
        said = self.check(2)
        self.assertIn("token_file", said)
        self.assertIn("password_file", said)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *rest], verbosity=2)
