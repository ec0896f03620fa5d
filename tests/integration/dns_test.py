#!/usr/bin/env python3
"""The pod's resolver behind real rules: real clients ask, a real dnsmasq answers, and a connection
is judged by the name under which its address was given out."""

import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from integration.lib import sandbox  # noqa: E402

sandbox.enter()
from integration.lib import postgres  # noqa: E402
from integration.lib.certificates import Authority  # noqa: E402
from integration.lib.chaperone import Collector, Sidecar, records  # noqa: E402
from integration.lib.patience import PatientTest  # noqa: E402
from integration.lib.process import Process  # noqa: E402
from integration.lib.world import World  # noqa: E402

DB = "shop.db.svc.cluster.test"  # not in /etc/hosts: only the resolver knows it

POLICY = f"""\
version: 1
resources:
- name: shop
  protocol: postgres
  hosts: [{DB}]
  tls: {{mode: verify-full, ca_file: "@DIR@/ca.pem", name: db.cluster.test}}
  credential: {{password_file: "@DIR@/password"}}
  logins: [{{user: app, database: shop, role: app, to_database: shop}}]
rules:
- {{name: reads, action: allow, match: {{effects: [read, describe, transaction, session]}}}}
dns:
  names: [plain.example.test, "*.open.example.test"]
  private: [{DB}]
"""
NO_SHOP = "version: 1\nrules: []\n"

MANY = 90  # addresses that do not fit a datagram of 1232 bytes


class Dnsmasq:
    """The cluster's resolver: authoritative for everything it is asked here."""

    def __init__(self, world):
        big = [f"--host-record=big.open.example.test,198.51.100.{n}" for n in range(1, MANY + 1)]
        self.log = sandbox.TMP / "dnsmasq.log"
        self.process = Process("dnsmasq", world.cluster.words(
            "dnsmasq", "--keep-in-foreground", "--no-resolv", "--no-hosts", "--conf-file=/dev/null", "--pid-file=",
            "--user=root", "--bind-interfaces", "--listen-address=10.77.0.2", "--log-queries", "--log-facility=-",
            "--local=/test/", "--local-ttl=60", "--edns-packet-max=1232",
            f"--host-record={DB},10.77.0.2",
            "--host-record=plain.example.test,198.51.100.7,2001:db8::7",
            "--host-record=rebind.open.example.test,169.254.169.254",
            "--host-record=inner.open.example.test,10.77.0.2",
            "--host-record=evil.example.test,198.51.100.66",
            "--cname=www.open.example.test,plain.example.test",
            "--txt-record=plain.example.test,data",
            *big), self.log)
        self.process.wait_until(lambda: "started" in self.log.read_text())

    def asked(self, name):
        return sum(f" {name} from" in line for line in self.log.read_text().splitlines())

    def stop(self):
        self.process.stop()


def resolv_conf(text):
    path = pathlib.Path("/mnt/resolv.conf")
    path.write_text(text)
    target = pathlib.Path("/etc/resolv.conf").resolve()
    subprocess.run(["mount", "--bind", path, target], check=True)


class DnsTest(PatientTest):
    @classmethod
    def setUpClass(cls):
        # Any resolver will do: port 53 of every address is the sidecar's.
        resolv_conf("nameserver 192.0.2.53\nsearch tests.svc.cluster.test svc.cluster.test\noptions ndots:5 timeout:5\n")
        cls.world = World().__enter__()
        cls.addClassCleanup(cls.world.stop)
        cls.authority = Authority(sandbox.folder("authority"))
        cls.server = cls.world.own(postgres.Postgres(15, cls.world.cluster, cls.authority)).start()
        cls.server.sql("create role app login password 'app-secret-of-the-test'; create database shop owner app")
        cls.dnsmasq = cls.world.own(Dnsmasq(cls.world))
        cls.collector = cls.world.own(Collector(cls.world, cls.authority)).start()
        cls.sidecar = Sidecar(cls.world, POLICY, cls.collector, cls.authority,
                              {"password": postgres.APP_PASSWORD}, "dns: {servers: [10.77.0.2]}\n")
        cls.world.own(cls.sidecar)
        cls.sidecar.program_kernel("--resolver", "10.77.0.2")
        cls.sidecar.start()

    def dig(self, *words):
        done = self.world.agent("dig", "@192.0.2.9", "+tries=1", "+time=10", "+nosearch", *words)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        return done.stdout

    def psql(self, host, sql="select 1"):
        done = self.world.agent(postgres.PSQL, "-XAtq", "-c", sql, env={
            "PGHOST": host, "PGUSER": "app", "PGDATABASE": "shop", "PGPASSWORD": "placeholder", "PGCONNECT_TIMEOUT": "15"})
        return done.stdout + done.stderr

    def test_a_database_by_its_name(self):
        self.assertEqual("1\n", self.psql(DB))
        self.assertEqual("1\n", self.psql("shop.db"))  # by the search list

    def test_an_address_that_no_name_gave_is_refused(self):
        # Another address of the very same server: nobody resolved it.
        self.world.cluster.run("ip", "addr", "add", "10.77.0.3/24", "dev", "eth0")
        said = self.psql("10.77.0.3")
        self.assertNotIn("1\n", said[:2])
        self.assertRegex(said, "reset by peer|closed the connection|refused")

    def test_names_by_libc_with_search_list_and_both_families(self):
        done = self.world.agent("getent", "ahosts", "plain.example.test")
        self.assertIn("198.51.100.7", done.stdout)
        self.assertIn("2001:db8::7", done.stdout)

    def test_over_udp_tcp_and_from_the_cache(self):
        for words in ([], ["+tcp"], ["+noedns"], ["+tcp", "+noedns"], ["+cookie"], ["+subnet=192.0.2.0/24"]):
            with self.subTest(words=words):
                self.assertIn("198.51.100.7", self.dig(*words, "+short", "plain.example.test"))
        before = self.dnsmasq.asked("plain.example.test")
        self.dig("+short", "plain.example.test")
        self.assertEqual(before, self.dnsmasq.asked("plain.example.test"))

    def test_aliases(self):
        said = self.dig("+short", "www.open.example.test")
        self.assertEqual(["plain.example.test.", "198.51.100.7"], said.split())

    def test_an_answer_too_big_for_a_datagram_comes_over_tcp(self):
        said = self.dig("+short", "big.open.example.test")
        self.assertEqual(MANY, len(said.split()))
        self.assertIn(" tc", self.dig("+ignore", "big.open.example.test"))

    def test_a_name_that_the_policy_does_not_name_never_leaves(self):
        said = self.dig("evil.example.test")
        self.assertIn("status: NXDOMAIN", said)
        self.assertIn("Blocked", said)  # RFC 8914
        self.assertEqual(0, self.dnsmasq.asked("evil.example.test"))

    def test_a_negative_answer(self):
        self.assertIn("status: NXDOMAIN", self.dig("missing.open.example.test"))

    def test_rebinding_is_withheld(self):
        for name in ("rebind", "inner"):
            said = self.dig(f"{name}.open.example.test")
            self.assertIn("status: NXDOMAIN", said)
            self.assertNotIn("169.254", said)

    def test_types_that_carry_data_are_refused(self):
        for kind in ("TXT", "NULL", "ANY", "TYPE65280"):
            self.assertIn("status: REFUSED", self.dig("+notcp", "plain.example.test", kind))

    def test_a_tunnel_is_refused(self):
        said = self.dig("mzxw6ytboi2gk3tdnbxw4zlsmfxgiidq.open.example.test")
        self.assertIn("status: REFUSED", said)
        self.assertEqual(0, self.dnsmasq.asked("mzxw6ytboi2gk3tdnbxw4zlsmfxgiidq.open.example.test"))

    def test_the_record_says_who_asked_what(self):
        self.dig("recorded.open.example.test")
        self.dig("refused-and-recorded.example.test")
        def names():
            found = [entry["record"] for entry in records(self.world, self.collector, "kind=name&limit=500")["records"]]
            return {(one.get("target_name"), one.get("verdict")) for one in found}
        self.eventually(lambda: {("recorded.open.example.test", "allow"),
                                 ("refused-and-recorded.example.test", "deny")} <= names(), "both in the collector")

    def test_metrics(self):
        self.dig("counted.open.example.test")
        page = self.world.pod.run("python3", "-c", "import urllib.request as u; "
                                  "print(u.urlopen('http://127.0.0.1:19090/metrics', timeout=10).read().decode())")
        self.assertRegex(page, r'chaperone_dns_questions_total\{decision="allow"\} [1-9]')
        self.assertRegex(page, r"chaperone_dns_bindings [1-9]")


if __name__ == "__main__":
    unittest.main(verbosity=2)
