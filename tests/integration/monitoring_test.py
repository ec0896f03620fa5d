#!/usr/bin/env python3
"""Every query of every dashboard and alert of the chart, asked of a real Prometheus that scrapes a real
sidecar, collector and injector: each must return series."""

import json
import pathlib
import re
import shutil
import sys
import time
import unittest

import yaml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from integration.lib import sandbox  # noqa: E402

sandbox.enter()
from integration.lib import postgres  # noqa: E402
from integration.lib.certificates import Authority  # noqa: E402
from integration.lib.chaperone import Collector, INIT, Sidecar  # noqa: E402
from integration.lib.process import Process, as_user, run  # noqa: E402
from integration.lib.world import World  # noqa: E402

CHART = sandbox.SRC / "charts/chaperone"
INJECTOR = sandbox.BUILD / "injector/chaperone-injector"
NOBODY = 65534
PATIENCE_SECONDS = 30

POLICY = """\
version: 1
revision: first
resources:
- name: shop
  protocol: postgres
  hosts: [db.cluster.test]
  addresses: [10.77.0.2]
  tls: {mode: verify-full, ca_file: "@DIR@/ca.pem", name: db.cluster.test}
  credential: {password_file: "@DIR@/password"}
  logins: [{user: app, database: shop, role: app, to_database: shop}]
rules:
- {name: reads, action: allow, match: {effects: [read, describe, transaction, session]}}
- {name: no-drops, action: deny, match: {effects: [drop]}}
"""
INJECTION = {"initImage": "example.test/i", "sidecarImage": "example.test/s",
             "policies": [{"name": "reader", "namespaces": ["agents"], "default": True}]}
REVIEW = {"apiVersion": "admission.k8s.io/v1", "request": {
    "uid": "1", "operation": "CREATE", "namespace": "agents", "kind": {"kind": "Pod"},
    "object": {"spec": {"hostNetwork": True, "containers": [{"name": "a"}]}}}}
# Sends each line's query to Prometheus; prints [series, error] for each, as JSON.
ASK = """
import json, sys, urllib.error, urllib.parse, urllib.request
out = []
for query in json.load(sys.stdin):
    url = "http://127.0.0.1:9099/api/v1/query?" + urllib.parse.urlencode({"query": query})
    try:
        answer = json.load(urllib.request.urlopen(url, timeout=10))
        out.append([len(answer["data"]["result"]), ""])
    except urllib.error.HTTPError as error:
        out.append([0, error.read().decode()])
print(json.dumps(out))
"""


def panels():
    """(where, query with Grafana's variables filled in)"""
    for path in sorted((CHART / "dashboards").glob("*.json")):
        for panel in json.loads(path.read_text())["panels"]:
            for target in panel["targets"]:
                query = target["expr"].replace("$namespace", ".*").replace("$pod", ".*").replace("$__rate_interval", "1m")
                yield f"{path.stem}: {panel['title']} {target['refId']}", query


def alerts():
    """(where, the whole expression, what it compares)"""
    for group in yaml.safe_load((CHART / "rules.yaml").read_text())["groups"]:
        for rule in group["rules"]:
            measured = re.sub(r"\s*(?:==|!=|>=|<=|>|<)\s*[0-9.]+(?: \* [0-9]+)?$", "", rule["expr"])
            yield rule["alert"], rule["expr"], re.sub(r"^absent\((.*)\)$", r"\1", measured)


class MonitoringTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = World().__enter__()
        cls.addClassCleanup(cls.world.stop)
        authority = Authority(sandbox.folder("authority"))
        server = cls.world.own(postgres.Postgres(15, cls.world.cluster, authority)).start()
        server.sql(f"create role app login password '{postgres.APP_PASSWORD}'; create database shop owner app")
        collector = cls.world.own(Collector(cls.world, authority)).start()
        counters = sandbox.folder("counters", mode=0o755) / "escapes"
        cls.sidecar = Sidecar(cls.world, POLICY, collector, authority, {"password": postgres.APP_PASSWORD},
                              f"escape_counters_file: {counters}\ndns: {{servers: [10.77.0.2]}}\n")
        cls.world.own(cls.sidecar)
        cls.sidecar.program_kernel()
        cls.world.own(Process("counters", cls.world.pod.words(INIT, "--counters", counters, "--counters-every", "1"),
                              sandbox.TMP / "counters.log"))
        cls.sidecar.start()
        cls.injector(authority)
        cls.prometheus(authority, collector)

    @classmethod
    def injector(cls, authority):
        folder = sandbox.folder("injector", NOBODY)
        (folder / "injector.json").write_text(json.dumps(INJECTION))
        for source, name in zip(authority.issue("localhost", ["localhost"], ["127.0.0.1"]), ("tls.crt", "tls.key")):
            shutil.copy(source, folder / name)
            shutil.chown(folder / name, NOBODY, NOBODY)
        log = sandbox.TMP / "injector.log"
        process = Process("injector", cls.world.cluster.words(
            *as_user(NOBODY), INJECTOR, "--config", folder / "injector.json", "--port", "9443", "--metrics-port", "9090",
            "--certificate", folder / "tls.crt", "--key", folder / "tls.key"), log)
        cls.world.own(process).wait_until(lambda: "listening" in log.read_text())
        cls.world.cluster.run("curl", "-sS", "--retry", "20", "--retry-connrefused", "--retry-delay", "1", "--cacert",
                              authority.certificate, "-d", json.dumps(REVIEW), "-H", "Content-Type: application/json",
                              "https://localhost:9443/mutate")

    @classmethod
    def prometheus(cls, authority, collector):
        folder = sandbox.folder("prometheus", NOBODY)
        job = lambda name, target, **more: {"job_name": name, "static_configs": [{  # noqa: E731
            "targets": [target], "labels": {"namespace": "agents", "pod": name}}], **more}
        (folder / "prometheus.yml").write_text(yaml.safe_dump({
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"}, "rule_files": ["rules.yaml"],
            "scrape_configs": [
                job("agent-1", "10.77.0.1:19090"), job("injector", "127.0.0.1:9090"),
                job("collector", "collector.cluster.test:8443", scheme="https",
                    authorization={"credentials": collector.reader}, tls_config={"ca_file": str(authority.certificate)})]}))
        shutil.copy(CHART / "rules.yaml", folder)
        run(["promtool", "check", "config", folder / "prometheus.yml"])
        log = sandbox.TMP / "prometheus.log"
        process = Process("prometheus", cls.world.cluster.words(
            *as_user(NOBODY), "prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
            "--web.listen-address=127.0.0.1:9099"), log)
        cls.world.own(process).wait_until(lambda: "ready to receive" in log.read_text())

    def ask(self, queries):
        return json.loads(self.world.cluster.run("/usr/bin/python3", "-c", ASK, input=json.dumps(queries)))

    def work(self):
        """What an agent does in a second: reads, is refused, knocks, asks for names, tries to get out."""
        env = {"PGHOST": "db.cluster.test", "PGUSER": "app", "PGDATABASE": "shop", "PGPASSWORD": "x", "PGCONNECT_TIMEOUT": "10"}
        said = self.world.agent(postgres.PSQL, "-XAtq", "-c", "select 7", "-c", "drop table x", env=env)
        self.assertIn("7", said.stdout, said.stderr)
        for target in ("tcp/192.0.2.1/443", "udp/192.0.2.1/443", "udp/192.0.2.1/53"):
            self.world.agent("bash", "-c", f"exec 3<>/dev/{target} && echo x >&3")

    def missing(self, asked):
        """Those without series, with Prometheus' own word where it has one."""
        answers = self.ask([query for _, query in asked])
        return [(where, query, error) for (where, query), (series, error) in zip(asked, answers) if not series]

    def test_every_query_returns_series(self):
        asked = list(panels()) + [(name, measured) for name, _, measured in alerts()]
        self.assertGreater(len(asked), 60)
        end = time.monotonic() + PATIENCE_SECONDS
        while True:
            self.work()
            left = self.missing(asked)
            if not left or time.monotonic() > end:
                break
        self.assertEqual(left, [])

    def test_alerts_that_should_fire_do_and_others_do_not(self):
        self.work()
        firing = {name: query for name, query, _ in alerts()}
        fires = lambda name: self.ask([firing[name]])[0][0] > 0  # noqa: E731
        end = time.monotonic() + PATIENCE_SECONDS
        while not fires("ChaperoneEscapes") and time.monotonic() < end:
            self.work()
        self.assertTrue(fires("ChaperoneEscapes"))
        for name in ("ChaperoneInjectorGone", "ChaperoneCollectorGone", "ChaperoneSpoolFilling", "ChaperoneSpoolRefuses",
                     "ChaperoneShipLag", "ChaperoneCollectorBroken", "ChaperoneRecordsMissed"):
            self.assertFalse(fires(name), name)


if __name__ == "__main__":
    if not shutil.which("prometheus"):
        print("monitoring_test: no prometheus here (cmake/setup)", file=sys.stderr)
        sys.exit(77)
    unittest.main(verbosity=2)
