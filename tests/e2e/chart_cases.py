"""Cases about the chart, its programs and the example, for control_plane_test.py, which lends its cluster."""

import json
import unittest

import yaml

from tests.e2e import pods
from tests.e2e.cluster import BUILD, NODE, ROOT, free_port, run, wait_for
from tests.e2e.injectors import NAMESPACE

CHART = ROOT / "charts/chaperone"
VALUES = ROOT / "tests/e2e/values.yaml"
cluster = None


def pod_token(namespace, audience, bound=True):
    """A token as the kubelet would ask for it: for this audience, bound to a pod."""
    spec = {"audiences": [audience], "expirationSeconds": 600}
    if bound:
        body = pods.pod(name="bound")
        status, found, _ = cluster.create_pod(body, namespace, dry_run=False)
        if status == 409:
            found = cluster.found("Pod", f"/api/v1/namespaces/{namespace}/pods/bound")
        spec["boundObjectRef"] = {"kind": "Pod", "apiVersion": "v1", "name": "bound", "uid": found["metadata"]["uid"]}
    status, made, _ = cluster.api("POST", f"/api/v1/namespaces/{namespace}/serviceaccounts/default/token",
                                  {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec})
    assert status == 201, made
    return made["status"]["token"]


def check_config(config_map):
    """A sidecar's files, given to the programs that read them; the volume's path is moved."""
    folder = cluster.dir / config_map["metadata"]["name"]
    folder.mkdir(exist_ok=True)
    (folder / "labels").write_text('app="x"\n')
    for name, text in config_map["data"].items():
        (folder / name).write_text(text.replace("/etc/chaperone/labels", str(folder / "labels")))
    run(BUILD / "sidecar/chaperone-sidecar", "--config", folder / "sidecar.yaml", "--check", "--config-only")
    run(BUILD / "cli/chaperone", "policy", "check", folder / "policy.yaml")


class ChartCases(unittest.TestCase):
    def test_lint_and_schema(self):
        cluster.helm("lint", CHART, "-f", VALUES)
        for words, said in ((["--set", "injektor.replicas=3"], "injektor"), (["--set", "injector.replicas=x"], "replicas"),
                            (["--set", "agents[0].namespace=kube-system", "--set", "agents[0].policies[0].name=x",
                              "--set", "agents[0].policies[0].policy=x"], "namespace")):
            refused = cluster.helm("template", CHART, *words, check=False)
            self.assertNotEqual(refused.returncode, 0)
            self.assertIn(said, refused.stderr)

    def test_monitoring_renders(self):
        switches = [word for name in ("podMonitor", "serviceMonitor", "rules", "dashboards")
                    for word in ("--set", f"monitoring.{name}=true")]
        rendered = list(yaml.safe_load_all(cluster.helm("template", CHART, "-f", VALUES, *switches).stdout))
        kinds = [one["kind"] for one in rendered if one]
        self.assertEqual((kinds.count("PodMonitor"), kinds.count("ServiceMonitor"), kinds.count("PrometheusRule")), (1, 2, 1))
        rules = next(one for one in rendered if one and one["kind"] == "PrometheusRule")
        self.assertEqual(rules["spec"], yaml.safe_load((CHART / "rules.yaml").read_text()))
        boards = [one["data"] for one in rendered if one and one["metadata"]["name"].startswith("chaperone-dashboard-")]
        self.assertEqual(len(boards), len(list((CHART / "dashboards").glob("*.json"))))
        for board in boards:
            self.assertTrue(json.loads(next(iter(board.values())))["panels"])

    def test_cert_manager(self):
        switch = ["--set", "injector.certManager.enabled=true"]
        refused = cluster.helm("template", CHART, "-f", VALUES, *switch, check=False)
        self.assertIn("issuerRef.name is needed", refused.stderr)
        text = cluster.helm("template", CHART, "-n", NAMESPACE, "-f", VALUES, *switch, "--set",
                            "injector.certManager.issuerRef.name=mine").stdout
        rendered = [one for one in yaml.safe_load_all(text) if one]
        named = lambda kind: [one for one in rendered if one["kind"] == kind and one["metadata"]["name"] == "chaperone-injector"]  # noqa: E731
        self.assertEqual(named("Certificate")[0]["spec"]["issuerRef"], {"name": "mine"})
        for kind in ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"):
            self.assertEqual(named(kind)[0]["metadata"]["annotations"], {"cert-manager.io/inject-ca-from": f"{NAMESPACE}/chaperone-injector"})
        self.assertFalse(named("Lease") + named("Role") + named("ClusterRole"), "no rights are needed")
        pod = named("Deployment")[0]["spec"]["template"]["spec"]
        self.assertFalse(pod["automountServiceAccountToken"])
        self.assertIn("--certificate=/etc/chaperone-tls/tls.crt", pod["containers"][0]["args"])

    def test_another_collector(self):
        refused = cluster.helm("template", CHART, "-f", VALUES, "--set", "collector.enabled=false", check=False)
        self.assertIn("collector.url is needed", refused.stderr)
        text = cluster.helm("template", CHART, "-f", VALUES, "--set", "collector.enabled=false",
                            "--set", "collector.url=https://elsewhere:8443").stdout
        self.assertIn("url: https://elsewhere:8443", text)
        self.assertNotIn("StatefulSet", text)

    def test_defaults_install(self):
        answer = cluster.helm("template", "x", CHART, "-n", "elsewhere")
        checked = cluster.kubectl("apply", "--dry-run=server", "-n", NAMESPACE, "-f", "-", input=answer.stdout.replace("elsewhere", NAMESPACE), check=False)
        self.assertNotIn("error", checked.stderr.lower().replace("warning", ""))

    def test_programs_take_what_the_chart_gives_them(self):
        check_config(cluster.found("ConfigMap", "/api/v1/namespaces/agents/configmaps/chaperone-policy-reader"))
        found = cluster.create_pod(pods.pod())[1]["spec"]["initContainers"][0]
        rules = run(BUILD / "sidecar/capture/chaperone-init", "--dry-run", *found["args"]).stdout
        self.assertIn("10.96.0.10", rules)
        run(BUILD / "injector/chaperone-injector", "--check", "--config", cluster.dir / "injector.json")

    def test_collector_starts_from_the_charts_secrets(self):
        folder = cluster.dir / "collector"
        folder.mkdir()
        (folder / "tokens").write_bytes(cluster.secret(NAMESPACE, "chaperone-collector-tokens", "tokens"))
        for name in ("tls.crt", "tls.key", "ca.crt"):
            (folder / name).write_bytes(cluster.secret(NAMESPACE, "chaperone-collector-tls", name))
        port = free_port()
        given = cluster.found("StatefulSet", f"/apis/apps/v1/namespaces/{NAMESPACE}/statefulsets/chaperone-collector")
        arguments = []
        for one in given["spec"]["template"]["spec"]["containers"][0]["args"]:
            name = one.split("=")[0]
            moved = {"--data": folder / "data", "--listen": f"{NODE}:{port}", "--tokens": folder / "tokens",
                     "--certificate": folder / "tls.crt", "--key": folder / "tls.key"}.get(name)
            arguments.append(f"{name}={moved}" if moved else one)
        account = cluster.kubectl("create", "token", "chaperone-collector", "-n", NAMESPACE, "--duration", "1h").stdout
        (folder / "account").write_text(account)
        cluster.start("collector", BUILD / "collector/chaperone-collector", *arguments, "--kube-api=https://127.0.0.1:6443",
                      f"--kube-ca={cluster.dir}/ca.crt", f"--kube-token={folder}/account")
        host = f"chaperone-collector.{NAMESPACE}.svc"

        def ask(path, token, *more):
            return run("curl", *more, "-sS", "--cacert", folder / "ca.crt", "--connect-to", f"{host}:8443:{NODE}:{port}", "-o", "/dev/null",
                       "-w", "%{http_code}", "-H", f"Authorization: Bearer {token}", f"https://{host}:8443{path}", check=False).stdout
        try:
            wait_for("the collector", lambda: ask("/healthz", "") == "200")
            auditor = cluster.secret(NAMESPACE, "chaperone-auditor", "token").decode()
            writer = cluster.secret("agents", "chaperone-collector", "token").decode()
            self.assertEqual(ask("/metrics", auditor), "200")
            self.assertEqual(ask("/metrics", writer), "403")
            self.assertEqual(cluster.secret("agents", "chaperone-collector", "ca.crt"), (folder / "ca.crt").read_bytes())
            enrol = lambda token: ask("/v1/enrol", token, "-d", "nonsense")  # noqa: E731  400: who it is is known
            wait_for("the API server's keys", lambda: enrol(pod_token("agents", "chaperone-collector")) == "400")
            self.assertEqual(ask("/v1/sessions", pod_token("agents", "chaperone-collector")), "403")
            for token in (pod_token("agents", "https://kubernetes.default.svc"), pod_token("default", "chaperone-collector"), account,
                          pod_token("agents", "chaperone-collector", bound=False)):
                self.assertEqual(enrol(token.strip()), "401")
        finally:
            cluster.stop("collector")

    def test_upgrade_keeps_keys_and_tokens(self):
        kept = [(NAMESPACE, "chaperone-collector-tls", "tls.key"), ("agents", "chaperone-collector", "token"),
                (NAMESPACE, "chaperone-auditor", "token"), (NAMESPACE, "chaperone-injector-tls", "tls.key")]
        before = [cluster.secret(*one) for one in kept]
        cluster.helm("upgrade", "chaperone", CHART, "-n", NAMESPACE, "-f", VALUES, "--set", "collector.retentionDays=30")
        self.assertEqual([cluster.secret(*one) for one in kept], before)
        self.assertEqual(cluster.create_pod(pods.pod())[0], 201, "webhooks work through an upgrade")
        cluster.helm("rollback", "chaperone", "-n", NAMESPACE)
        self.assertEqual(cluster.create_pod(pods.pod())[0], 201, "and through a rollback")


class ExampleCases(unittest.TestCase):
    """examples/cluster: its values render and its policy is one; its pods are injected."""

    def test_values(self):
        rendered = cluster.helm("template", "chaperone", CHART, "-n", NAMESPACE, "-f", ROOT / "examples/cluster/values.yaml").stdout
        config = next(one for one in yaml.safe_load_all(rendered) if one and one["kind"] == "ConfigMap"
                      and one["metadata"]["name"] == "chaperone-policy-shop")
        check_config(config)

    def test_workloads_get_the_sidecar(self):
        for name in ("agent-deployment.yaml", "agent-job.yaml"):
            cluster.kubectl("apply", "-f", ROOT / "examples/cluster" / name)
        labels = ("agent", "count-customers")

        def made(label):
            return cluster.api("GET", f"/api/v1/namespaces/agents/pods?labelSelector=app%3D{label}")[1]["items"]
        for label in labels:
            pod = wait_for(f"the pod of {label}", lambda l=label: made(l))[0]
            self.assertEqual([c["name"] for c in pod["spec"]["initContainers"]], ["chaperone-init", "chaperone"])
