#!/usr/bin/env python3
"""The sidecar's own login (sidecar/session/login.h) at a real server, by every method there is.

    login_test.py [--server 15|18]
"""

import argparse
import os
import pathlib
import socket
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from integration.lib import sandbox  # noqa: E402

sandbox.enter()
from integration.lib import postgres  # noqa: E402
from integration.lib.certificates import Authority  # noqa: E402

PROBE = sandbox.BUILD / "tests/integration/login/login_probe"
PASSWORD = "correct-horse"

# Roles are named after the line that lets them in.
HBA = """\
local     all all          trust
host      all trust_role   127.0.0.1/32 trust
hostssl   all cert_role    127.0.0.1/32 cert
host      all clear_role   127.0.0.1/32 password
host      all md5_role     127.0.0.1/32 md5
host      all all          127.0.0.1/32 scram-sha-256
"""
# Passwords that SASLprep leaves, or changes, or cannot read.
SPELLINGS = {
    "ascii_role": "with space, 'quote' and \\",
    "umlaut_role": "pässwörd ∑ 🔑",
    "nbsp_role": "no\u00a0break\u3000space",
    "shy_role": "soft\u00adhyphen",
    "long_role": "x" * 900,
}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


class Logins:
    def __init__(self, server, certificates):
        self.server, self.certificates, self.failures = server, certificates, 0

    def probe(self, role, floor, wire, minor=2, times=1, password=PASSWORD, certificate=()):
        done = subprocess.run(
            [PROBE, str(self.server.port), role, floor, wire, str(minor), str(times), *certificate],
            env={**os.environ, "CHAPERONE_TEST_PASSWORD": password}, text=True, timeout=60,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        return done.stdout.strip()

    def expect(self, wanted, role, floor, wire, **more):
        """What the probe says must have each part of `wanted` in it, and never the password."""
        said = self.probe(role, floor, wire, **more)
        good = all(part in said for part in wanted)
        if PASSWORD in said:
            good = False
        if not good:
            self.failures += 1
        print(f"{'ok  ' if good else 'FAIL'} {role} {floor} {wire} {str(more or '')[:100]}: {said}")

    def methods(self):
        done = "done method="
        self.expect([done + "trust", "who=trust_role/a, b", "application=login probe"],
                    "trust_role", "any", "plain")
        self.expect(["failed", "no proof at all"], "trust_role", "scram", "plain")
        self.expect([done + "certificate"], "cert_role", "plus", "tls",
                    certificate=self.certificates["cert_role"])
        self.expect(["failed [28000]"], "cert_role", "any", "tls")
        self.expect(["failed", "without TLS"], "clear_role", "any", "plain")
        self.expect([done + "cleartext"], "clear_role", "any", "tls")
        self.expect(["failed", "password in clear"], "clear_role", "md5", "tls")
        self.expect([done + "md5"], "md5_role", "md5", "plain")
        self.expect([done + "md5"], "md5_role", "any", "tls")
        self.expect(["failed", "MD5"], "md5_role", "scram", "plain")
        self.expect([done + "SCRAM-SHA-256 "], "scram_role", "scram", "plain")
        self.expect([done + "SCRAM-SHA-256-PLUS "], "scram_role", "scram", "tls")
        self.expect([done + "SCRAM-SHA-256-PLUS "], "scram_role", "plus", "tls")
        self.expect(["failed", "without binding"], "scram_role", "plus", "plain")

    def refusals(self):
        self.expect(["failed [28P01]"], "scram_role", "scram", "plain", password="wrong")
        self.expect(["failed [28P01]"], "md5_role", "md5", "plain", password="wrong")
        self.expect(["failed [28P01]"], "no_such_role", "scram", "plain")
        self.expect(["failed", "name a credential"], "scram_role", "scram", "plain", password="")

    def spellings(self):
        for role, password in SPELLINGS.items():
            self.expect(["done method=SCRAM-SHA-256 "], role, "scram", "plain", password=password)

    def versions(self, version):
        newest = "minor=2 key_bytes=32" if version >= 18 else "minor=0 key_bytes=4"
        self.expect([newest], "scram_role", "scram", "plain", minor=2)
        self.expect(["minor=0 key_bytes=4"], "scram_role", "scram", "plain", minor=0)

    def cache(self):
        self.expect(["derivations=1"], "scram_role", "scram", "tls", times=5)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", type=int, default=15, choices=(15, 18))
    version = parser.parse_args().server
    keys = sandbox.folder("keys")
    authority = Authority(keys)
    certificate, key = authority.issue("cert_role")
    server = postgres.Postgres(version, None, authority, hba=HBA, plain=False, port=free_port())
    server.start()
    try:
        for role in ("trust_role", "cert_role", "clear_role", "scram_role"):
            server.sql(f"CREATE ROLE {role} LOGIN PASSWORD {quoted(PASSWORD)}")
        server.sql("SET password_encryption = 'md5';"
                   f"CREATE ROLE md5_role LOGIN PASSWORD {quoted(PASSWORD)}")
        for role, password in SPELLINGS.items():
            server.sql(f"CREATE ROLE {role} LOGIN PASSWORD {quoted(password)}")
        logins = Logins(server, {"cert_role": (str(certificate), str(key))})
        logins.methods()
        logins.refusals()
        logins.spellings()
        logins.versions(version)
        logins.cache()
    finally:
        server.stop()
    sys.exit(1 if logins.failures else 0)


if __name__ == "__main__":
    main()
