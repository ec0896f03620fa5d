#!/usr/bin/env python3
"""Chaperone in a cluster whose pods run: helm install with images made here, agents as Deployment and Job,
psql through the injected sidecar to a real PostgreSQL, ways around from inside the pod, records in the
collector, a policy changed live, the sidecar killed, the pod deleted in mid-session.

    sudo tests/e2e/node_test.py [NodeTest.test_name ...]
"""

import json
import os
import pathlib
import re
import statistics
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.e2e import shop  # noqa: E402
from tests.e2e.cluster import BUILD, NODE, ROOT, TOOLS, build_tools, own_namespaces, run, wait_for  # noqa: E402
from tests.e2e.node import Node, missing  # noqa: E402

CONTAINER = {"name": "agent", "image": "localhost/agent:e2e", "imagePullPolicy": "IfNotPresent",
             "env": [{"name": "PGHOST", "value": "shop.db.svc"}, {"name": "PGUSER", "value": "agent"},
                     {"name": "PGDATABASE", "value": "shop"}, {"name": "PGPASSWORD", "value": "placeholder"},
                     {"name": "PGCONNECT_TIMEOUT", "value": "10"}]}
cluster = None


def state(namespace):
    return shop.state(cluster, namespace)


def setUpModule():
    global cluster
    cluster = Node()
    unittest.addModuleCleanup(cluster.close)
    cluster.images()
    cluster.up()
    cluster.node_up()
    shop.database(cluster, "app")
    cluster.kubectl("create", "namespace", "agents")
    for account in ("builder", "open"):
        cluster.kubectl("create", "serviceaccount", account, "-n", "agents")
    shop.install(cluster, ROOT / "tests/e2e/node_values.yaml", ("reader", "builder", "open"))
    wait_for("the injector's Service to lead to it", lambda: cluster.api(
        "POST", "/api/v1/namespaces/agents/pods?dryRun=All", pod("first"))[0] == 201)


def pod(name, container=None, **spec):
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": name}},
            "spec": {"terminationGracePeriodSeconds": 40, **spec, "containers": [{**CONTAINER, **(container or {})}]}}


def run_pod(body, annotations=None):
    if annotations:
        body["metadata"]["annotations"] = annotations
    status, found, _ = cluster.api("POST", "/api/v1/namespaces/agents/pods", body)
    assert status == 201, found
    name = body["metadata"]["name"]
    done = cluster.kubectl("wait", "--for=condition=Ready", f"pod/{name}", "-n", "agents", "--timeout=90s", check=False)
    assert done.returncode == 0, done.stderr + state("agents")
    return name


def inside(name, *words):
    done = cluster.kubectl("exec", name, "-c", "agent", "-n", "agents", "--", *words, check=False, timeout=60)
    return done.stdout + done.stderr


def psql(name, *statements):
    return inside(name, "psql", "-XAt", *[word for one in statements for word in ("-c", one)])


def auditor(*words):
    return run(BUILD / "cli/chaperone", *words, check=False, env={**os.environ, **shop.auditor(cluster)}).stdout


def scale(what, replicas):
    cluster.kubectl("scale", what, f"--replicas={replicas}", "-n", "chaperone")
    if replicas:
        return cluster.kubectl("rollout", "status", what, "-n", "chaperone", "--timeout=120s")
    selector = f"app.kubernetes.io/name={what.split('/')[1]}"
    wait_for(f"{what} to be gone", lambda: not cluster.kubectl("get", "pods", "-n", "chaperone", "-l", selector, "-o", "name").stdout)


class Watch:
    """Counts what a pod sends that is neither the sidecar's to its two places nor an answer to a probe."""

    def __init__(self, name):
        found = cluster.api("GET", f"/api/v1/namespaces/agents/pods/{name}")[1]
        collector = cluster.api("GET", "/api/v1/namespaces/chaperone/services/chaperone-collector")[1]["spec"]["clusterIP"]
        self.address, mac = found["status"]["podIP"], inside(name, "cat", "/sys/class/net/eth0/address").strip()
        run("nft", "-f", "-", input=f"""table ip watch {{
counter strange {{ }}
chain seen {{
type filter hook prerouting priority -400;
iifname "cni0" ip saddr {self.address} jump judge
iifname "cni0" ip saddr != {self.address} ether saddr {mac} counter name strange
}}
chain judge {{
ip daddr {{ {cluster.database}, {NODE} }} tcp dport 5432 return
ip daddr {{ {collector}, 10.244.0.0/24 }} tcp dport 8443 return
ip daddr 10.96.0.10 udp dport 53 return
tcp sport {{ 19021, 19090 }} return
counter name strange
}}
}}
""")

    def strangers(self):
        return int(re.search(r"packets (\d+)", run("nft", "list", "counter", "ip", "watch", "strange").stdout)[1])

    def end(self):
        run("nft", "delete", "table", "ip", "watch", check=False)


class NodeTest(unittest.TestCase):
    maxDiff = None

    def works(self, name):
        self.assertIn("2", psql(name, "select count(*) from customers"), state("agents"))

    def test_deployment(self):
        template = pod("agent")
        deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "agent"}, "spec": {
            "replicas": 1, "selector": {"matchLabels": {"app": "agent"}},
            "template": {"metadata": template["metadata"], "spec": template["spec"]}}}
        self.assertEqual(cluster.api("POST", "/apis/apps/v1/namespaces/agents/deployments", deployment)[0], 201)
        done = cluster.kubectl("rollout", "status", "deployment/agent", "-n", "agents", "--timeout=90s", check=False)
        self.assertEqual(done.returncode, 0, done.stderr + state("agents"))
        name = "deploy/agent"
        self.works(name)
        said = psql(name, "drop table customers", "select count(*) from customers")
        self.assertIn('refused by rule "no-drops"', said)
        self.assertIn("2", said.splitlines(), "the connection and the table live on")
        self.assertIn("uid=10001", inside(name, "id"))
        everything = inside(name, "bash", "-c", "set; cat /proc/self/mountinfo; ls /var/run/secrets /etc/chaperone* 2>&1")
        self.assertNotIn(shop.PASSWORD, everything)
        self.assertNotIn("credentials", everything)

    def test_job_completes(self):
        body = pod("count", {"command": ["psql", "-XAt", "-c", "select count(*) from customers"]}, restartPolicy="Never")
        job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "count"}, "spec": {
            "backoffLimit": 0, "template": {"metadata": body["metadata"], "spec": body["spec"]}}}
        self.assertEqual(cluster.api("POST", "/apis/batch/v1/namespaces/agents/jobs", job)[0], 201)
        done = cluster.kubectl("wait", "--for=condition=complete", "job/count", "-n", "agents", "--timeout=90s", check=False)
        self.assertEqual(done.returncode, 0, done.stderr + state("agents"))
        self.assertEqual(cluster.kubectl("logs", "job/count", "-c", "agent", "-n", "agents").stdout.strip(), "2")

    def test_names(self):
        name = run_pod(pod("names"))
        by_address = inside(name, "psql", "-XAt", "-h", cluster.database, "-c", "select 1")
        self.assertIn("connection to server", by_address, "an address that no name gave")
        # Whatever server the agent asks, the sidecar answers.
        dig = lambda *words: inside(name, "dig", "+noall", "+comments", "+answer", "+time=3", "+tries=1", *words)
        for way in ("@8.8.8.8", "@10.250.0.254", "+tcp"):
            self.assertIn(cluster.database, dig(way, "shop.db.svc.cluster.local"))
        for words, status in ((("kubernetes.default.svc.cluster.local",), "NXDOMAIN"), (("example.org",), "NXDOMAIN"),
                              (("shop.db.svc.cluster.local", "txt"), "REFUSED")):
            self.assertIn(f"status: {status}", dig("@1.1.1.1", *words))
        self.assertIn(cluster.database, inside(name, "getent", "hosts", "shop.db"), "by the search list")
        self.works(name)
        wait_for("the question in the trail", lambda: "kubernetes.default" in auditor(
            "search", "--all", "--limit", "1000", "--pod", "names"), 30)

    def ways_around(self, name, watch=None):
        watch = watch or Watch(name)
        try:
            for target in (f"tcp/{NODE}/10250", "tcp/169.254.169.254/80", "tcp/10.244.0.1/22", "tcp/10.96.0.1/443",
                           "udp/10.250.0.254/53", "udp/10.250.0.254/9999", "udp/8.8.8.8/123"):
                inside(name, "timeout", "3", "bash", "-c", f"echo x >/dev/{target}; echo y >/dev/{target}")
            self.assertNotEqual(0, len(psql(name, "select 1")))
            self.assertEqual(watch.strangers(), 0)
        finally:
            watch.end()

    def test_no_way_around(self):
        name = run_pod(pod("around"))
        self.works(name)
        self.ways_around(name)

    def test_no_way_around_for_root(self):
        name = run_pod(pod("rooted", serviceAccountName="builder"), {"chaperone.dev/policy": "builder"})
        self.assertIn("uid=0", inside(name, "id"))
        self.assertEqual(inside(name, "touch", "/installed"), "")
        self.works(name)
        self.ways_around(name)

    def escapes(self, name, tier):
        """The escape list of tests/netns, tried by the agent itself in its own container."""
        watch = Watch(name)
        try:
            said = cluster.kubectl("exec", name, "-c", "agent", "-n", "agents", "--", "python3", "/tests/pod_escapes.py", "--tier", tier,
                                   "--host", NODE, "--gateway", "10.244.0.1", "--pod", watch.address, check=False, timeout=300)
            self.assertEqual(said.returncode, 0, said.stdout + said.stderr)
            self.assertIn(" 0 failures", said.stdout)
            self.assertEqual(watch.strangers(), 0)
        finally:
            watch.end()
        self.works(name)

    def test_escape_list(self):
        self.escapes(run_pod(pod("escaping")), "user")

    def test_escape_list_for_root(self):
        self.escapes(run_pod(pod("escaping-root", serviceAccountName="builder"), {"chaperone.dev/policy": "builder"}), "root")

    def test_probes_of_agents(self):
        serving = {"command": ["python3", "-m", "http.server", "8080", "--directory", "/tests"],
                   "ports": [{"name": "http", "containerPort": 8080}],
                   "livenessProbe": {"tcpSocket": {"port": "http"}, "periodSeconds": 1},
                   "readinessProbe": {"httpGet": {"path": "/pod_escapes.py", "port": "http"}, "periodSeconds": 1}}
        name = run_pod(pod("serving", serving))
        address = cluster.found("Pod", f"/api/v1/namespaces/agents/pods/{name}")["status"]["podIP"]
        ask = lambda port, path: run("curl", "-s", "-m", "2", "-o", "/dev/null", "-w", "%{http_code}",  # noqa: E731
                                     f"http://{address}:{port}{path}", check=False).stdout
        self.assertEqual(ask(8080, "/pod_escapes.py"), "000", "nobody else reaches the agent's port")
        self.assertEqual((ask(19021, "/agent/readinessProbe"), ask(19021, "/agent/other")), ("200", "404"))
        serving["readinessProbe"]["httpGet"]["path"] = "/nowhere"
        status, made, _ = cluster.api("POST", "/api/v1/namespaces/agents/pods", pod("unready", serving))
        self.assertEqual(status, 201, made)
        reports = lambda: cluster.kubectl("get", "events", "-n", "agents", "--field-selector", "involvedObject.name=unready").stdout  # noqa: E731
        wait_for("a failed probe", lambda: "Readiness probe failed: HTTP probe failed with statuscode: 503" in reports(), 60)
        status = cluster.found("Pod", "/api/v1/namespaces/agents/pods/unready")["status"]
        self.assertFalse(status["containerStatuses"][0]["ready"])

    def test_declared_ports_are_open_where_the_operator_says_so(self):
        serving = {"command": ["python3", "-m", "http.server", "8080", "--directory", "/tests"], "ports": [{"containerPort": 8080}]}
        name = run_pod(pod("open", serving, serviceAccountName="open"), {"chaperone.dev/policy": "open"})
        address = cluster.found("Pod", f"/api/v1/namespaces/agents/pods/{name}")["status"]["podIP"]
        ask = lambda port: run("curl", "-s", "-m", "5", f"http://{address}:{port}/pod_escapes.py", check=False).stdout  # noqa: E731
        wait_for("its port", lambda: "Escapes" in ask(8080), 90)
        self.assertEqual(ask(8081), "")
        wait_for("the record of who came", lambda: f'"{address}:8080"' in auditor(
            "search", "--all", "--json", "--limit", "1000", "--pod", name), 60)
        self.escapes(name, "user")

    def test_clients_find_trust_and_no_token(self):
        name = run_pod(pod("trusting"))
        account = "/var/run/secrets/kubernetes.io/serviceaccount"
        self.assertEqual(inside(name, "cat", f"{account}/namespace"), "agents")
        self.assertNotIn("eyJ", inside(name, "cat", f"{account}/token"), "no JSON web token")
        self.assertIn("BEGIN CERTIFICATE", inside(name, "cat", f"{account}/ca.crt"))
        said = inside(name, "bash", "-c", f"echo x > {account}/token; head -c 4 /run/chaperone/trust/trust.jks | od 2>&1; echo $SSL_CERT_FILE")
        self.assertIn("Read-only file system", said)
        self.assertIn("/run/chaperone/trust/bundle.pem", said)

    def test_records_reach_the_collector(self):
        name = run_pod(pod("recorded"))
        psql(name, "drop table customers")
        wait_for("the record of the refusal", lambda: "recorded" in auditor("sessions") and
                 "drop table customers" in auditor("search", "--decision", "deny"), 30)

    def test_the_pods_own_token_says_who_it_is(self):
        name = run_pod(pod("vouched"))
        self.works(name)
        writer = lambda: [one for one in map(json.loads, auditor("writers", "--json", "--limit", "1000").splitlines())  # noqa: E731
                          if one.get("pod") == "vouched"]
        found = wait_for("its enrolment", writer, 30)[0]
        uid = cluster.found("Pod", f"/api/v1/namespaces/agents/pods/{name}")["metadata"]["uid"]
        self.assertEqual((found["token"], found["namespace"], found["service_account"], found["node"]),
                         (f"pod-{uid}", "agents", "default", "node1"))
        self.assertNotIn("identity", auditor("alarms"))

    def test_helm_test_proves_it(self):
        done = cluster.helm("test", "chaperone", "-n", "chaperone", "--timeout", "120s", check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr + state("agents") + state("chaperone"))
        said = cluster.kubectl("logs", "chaperone-test", "-n", "chaperone").stdout
        self.assertEqual([line.split(":")[0] for line in said.splitlines()], ["injection", "refusal", "record"])

    def test_policy_changes_live(self):
        name = run_pod(pod("changing"))
        self.works(name)
        path = "/api/v1/namespaces/agents/configmaps/chaperone-policy-reader"
        before = cluster.api("GET", path)[1]["data"]["policy.yaml"]
        change = lambda text: cluster.api("PATCH", path, {"data": {"policy.yaml": text}}, content="application/merge-patch+json")
        try:
            self.assertEqual(change(before.replace("[read, write,", "[write,"))[0], 200)
            wait_for("reading to be refused", lambda: "refused" in psql(name, "select count(*) from customers"), 120)
        finally:
            change(before)
        wait_for("a fleet of one mind", lambda: "no pod is on an old policy" in auditor("fleet", "--old"), 120)
        self.assertIn("first", next(line for line in auditor("fleet").splitlines() if line.startswith("changing ")))
        wait_for("reading to be allowed", lambda: psql(name, "select count(*) from customers").strip() == "2", 120)

    def test_killed_sidecar_comes_back_closed(self):
        name = run_pod(pod("killed"))
        self.works(name)
        watch = Watch(name)
        try:
            found = cluster.api("GET", f"/api/v1/namespaces/agents/pods/{name}")[1]
            container = next(one["containerID"].split("//")[1] for one in found["status"]["initContainerStatuses"]
                             if one["name"] == "chaperone")
            tasks = run("ctr", "-a", cluster.dir / "containerd.sock", "-n", "k8s.io", "tasks", "ls").stdout
            pid = next(line.split()[1] for line in tasks.splitlines() if line.startswith(container))
            run("kill", "-KILL", pid)
            inside(name, "timeout", "2", "bash", "-c", "echo x >/dev/tcp/10.250.0.254/80; echo x >/dev/udp/10.250.0.254/53")
            wait_for("the sidecar to be back", lambda: psql(name, "select count(*) from customers").strip() == "2", 60)
            self.assertEqual(watch.strangers(), 0)
        finally:
            watch.end()

    def test_evicted_by_the_api_loses_no_record(self):
        name = run_pod(pod("evicted"))
        self.assertIn("61", psql(name, "select 61 as last_words"))
        status, said, _ = cluster.api("POST", f"/api/v1/namespaces/agents/pods/{name}/eviction", {
            "apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": "agents"}})
        self.assertEqual(status, 201, said)
        wait_for("its last words", lambda: "last_words" in auditor("search", "--pod", name), 60)
        wait_for("it to be gone", lambda: cluster.api("GET", f"/api/v1/namespaces/agents/pods/{name}")[0] == 404, 60)

    def test_evicted_by_the_kubelet_loses_no_record(self):
        """For want of disk: the kubelet gives the pod no time."""
        volume = {"volumes": [{"name": "work", "emptyDir": {"sizeLimit": "1Mi"}}]}
        name = run_pod(pod("pressed", {"volumeMounts": [{"name": "work", "mountPath": "/scratch"}]}, **volume))
        self.assertIn("71", psql(name, "select 71 as last_words"))
        inside(name, "bash", "-c", "head -c 20000000 /dev/zero > /scratch/much")
        wait_for("its last words", lambda: "last_words" in auditor("search", "--pod", name), 60)
        wait_for("the kubelet to notice", lambda: cluster.found(
            "Pod", f"/api/v1/namespaces/agents/pods/{name}")["status"].get("reason") == "Evicted", 180)

    def test_drained_node_loses_no_record(self):
        name = run_pod(pod("drained"))
        self.assertIn("81", psql(name, "select 81 as last_words"))
        try:
            done = cluster.kubectl("drain", "node1", "--pod-selector=app=drained", "--force", "--delete-emptydir-data",
                                   "--ignore-daemonsets", "--timeout=90s", check=False)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        finally:
            cluster.kubectl("uncordon", "node1")
        wait_for("its last words", lambda: "last_words" in auditor("search", "--pod", name), 60)

    def test_deleted_in_mid_session_loses_no_record(self):
        name = run_pod(pod("deleted"))
        self.assertIn("41", psql(name, "select 41 as last_words"))
        cluster.kubectl("delete", "pod", name, "-n", "agents", "--timeout=60s")
        wait_for("its last words", lambda: "last_words" in auditor("search", "--pod", "deleted"), 30)

    def test_collector_down_and_back(self):
        name = run_pod(pod("patient"))
        self.works(name)
        scale("statefulset/chaperone-collector", 0)
        try:
            self.assertIn("42", psql(name, "select 42 as meanwhile"), "the spool has room")
        finally:
            scale("statefulset/chaperone-collector", 1)
        wait_for("what was done meanwhile", lambda: "meanwhile" in auditor("search", "--pod", "patient"), 60)

    def test_injector_down(self):
        name = run_pod(pod("older"))
        scale("deployment/chaperone-injector", 0)
        try:
            status, said, _ = cluster.api("POST", "/api/v1/namespaces/agents/pods", pod("newer"))
            self.assertEqual(status, 500, said)
            self.works(name)
        finally:
            scale("deployment/chaperone-injector", 2)
        wait_for("its Service to lead to it", lambda: cluster.api(
            "POST", "/api/v1/namespaces/agents/pods?dryRun=All", pod("newer"))[0] == 201)
        self.works(run_pod(pod("newer")))

    def test_upgrade_with_agents_running(self):
        name = run_pod(pod("staying"))
        session = cluster.start("session", *[TOOLS / "kubectl", "exec", name, "-c", "agent", "-n", "agents", "--", "psql", "-XAt",
                                             "-c", "select 'begun'", "-c", "select pg_sleep(20)", "-c", "select 'went on'"], env=cluster.env)
        wait_for("the session", lambda: "begun" in cluster.log("session"))
        cluster.helm("upgrade", "chaperone", ROOT / "charts/chaperone", "-n", "chaperone", "-f", ROOT / "tests/e2e/node_values.yaml",
                     "--set", "injector.priorityClassName=", "--set", "collector.retentionDays=7")
        for one in ("deployment/chaperone-injector", "statefulset/chaperone-collector"):
            cluster.kubectl("rollout", "status", one, "-n", "chaperone", "--timeout=120s")
        self.assertEqual(session.wait(90), 0)
        self.assertIn("went on", cluster.log("session"))
        self.works(run_pod(pod("after-upgrade")))
        wait_for("the record of it", lambda: "went on" in auditor("search", "--pod", "staying"), 60)

    def test_z_uninstall(self):
        """The last: what runs stays fenced, what comes is plain."""
        name = run_pod(pod("fenced"))
        watch = Watch(name)
        cluster.helm("uninstall", "chaperone", "-n", "chaperone", "--wait")
        self.ways_around(name, watch)
        self.assertIn("refused", psql(name, "drop table customers"))
        body = pod("plain")
        wait_for("pods to be made", lambda: cluster.api("POST", "/api/v1/namespaces/agents/pods?dryRun=All", body)[0] == 201)
        self.assertNotIn("initContainers", cluster.api("POST", "/api/v1/namespaces/agents/pods?dryRun=All", body)[1]["spec"])

    def test_what_it_costs(self):
        """Prints; promises nothing. Beside a pod without: pods with an init step and a sidecar that do nothing,
        since the kubelet takes each such step at its next look at the node, a second later, whoever's it is."""
        nothing = {"image": "localhost/agent:e2e", "imagePullPolicy": "IfNotPresent"}
        steps = {"initContainers": [{"name": "step", "command": ["true"], **nothing},
                                    {"name": "beside", "restartPolicy": "Always", **nothing}]}

        def started(name, namespace, **spec):
            body = pod(name, terminationGracePeriodSeconds=1, **spec)
            body["metadata"]["namespace"] = namespace
            path = f"/api/v1/namespaces/{namespace}/pods"
            begin = time.monotonic()
            self.assertEqual(cluster.api("POST", path, body)[0], 201)
            ready = lambda: any(c["type"] == "Ready" and c["status"] == "True" for c in cluster.found(  # noqa: E731
                "Pod", f"{path}/{name}")["status"].get("conditions", []))
            while not ready():
                self.assertLess(time.monotonic() - begin, 90, state(namespace))
                time.sleep(0.02)
            took = time.monotonic() - begin
            if name != "with-0":
                cluster.api("DELETE", f"{path}/{name}?gracePeriodSeconds=0")
            return took
        rounds = [(started(f"without-{n}", "default"), started(f"steps-{n}", "default", **steps), started(f"with-{n}", "agents"))
                  for n in range(int(os.environ.get("CHAPERONE_COST_ROUNDS", "5")))]
        without, empty, ours = (statistics.median(column) for column in zip(*rounds))
        print(f"\npod start, median of {len(rounds)}: {without:.2f} s without, {empty:.2f} s with two steps that do nothing, "
              f"{ours:.2f} s with Chaperone")
        address = cluster.found("Pod", "/api/v1/namespaces/agents/pods/with-0")["status"]["podIP"]
        page = run("curl", "-sS", f"http://{address}:19090/metrics").stdout
        value = lambda name: float(re.search(rf"^{name} (\S+)", page, re.M)[1])  # noqa: E731
        print(f"a sidecar at rest: {value('chaperone_memory_bytes') / 2**20:.1f} MiB, "
              f"{value('chaperone_cpu_seconds_total'):.2f} s of processor since its start")


if __name__ == "__main__":
    if missing():
        print("node_test: not here: " + " ".join(missing()), file=sys.stderr)
        sys.exit(77)
    build_tools("kubelet", "kube-scheduler", "coredns")
    own_namespaces()
    unittest.main(verbosity=2)
