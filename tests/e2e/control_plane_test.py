#!/usr/bin/env python3
"""The chart and the injector against a real API server: what a helm install does to friendly and hostile
pods, with the injector running, stopped, and while its certificates change. No node: nothing runs.

    sudo tests/e2e/control_plane_test.py [Case.test_name ...]
"""

import copy
import json
import pathlib
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests.e2e import chart_cases, pods  # noqa: E402
from tests.e2e.chart_cases import CHART, VALUES  # noqa: E402
from tests.e2e.cluster import Cluster, build_tools, own_namespaces, wait_for  # noqa: E402
from tests.e2e.injectors import NAMESPACE, Injectors  # noqa: E402

cluster = injectors = None


def setUpModule():
    global cluster, injectors
    cluster = chart_cases.cluster = Cluster()
    cluster.up()
    for name in ("agents", "loose"):
        cluster.kubectl("create", "namespace", name)
    cluster.kubectl("label", "namespace", "agents", "chaperone.dev/enforce=true")
    cluster.kubectl("create", "serviceaccount", "builder", "-n", "agents")
    for name in ("gvisor", "kata"):
        status, found, _ = cluster.api("POST", "/apis/node.k8s.io/v1/runtimeclasses", {
            "apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass", "metadata": {"name": name}, "handler": name})
        assert status == 201, found
    cluster.helm("install", "chaperone", CHART, "-n", NAMESPACE, "--create-namespace", "-f", VALUES)
    injectors = Injectors(cluster)
    injectors.start()
    for namespace in ("agents", "loose"):
        wait_for("default service accounts", lambda n=namespace: cluster.api(
            "GET", f"/api/v1/namespaces/{n}/serviceaccounts/default")[0] == 200)
    # A policy is in force about a second after it was made.
    bare = pods.pod(annotations={"chaperone.dev/inject": "no"})
    bare["metadata"]["annotations"] = {"chaperone.dev/status": "{}"}
    wait_for("admission policies", lambda: cluster.create_pod(bare, "loose")[0] == 422)


def tearDownModule():
    cluster.close()


def message(answer):
    return answer[1].get("message", "")


def injected(pod=None, namespace="agents"):
    """What the API server makes of a pod, fit to be sent again."""
    status, found, _ = cluster.create_pod(pod or pods.pod(), namespace)
    assert status == 201, found
    return {"metadata": {"name": found["metadata"]["name"], "annotations": found["metadata"]["annotations"]},
            "spec": found["spec"]}


class AdmissionTest(unittest.TestCase):
    maxDiff = None

    def test_friendly_pods_come_out_running_the_same_program(self):
        for name, pod in pods.friendly():
            with self.subTest(name):
                found = injected(pod)["spec"]
                self.assertEqual([c["name"] for c in found["initContainers"][:2]], ["chaperone-init", "chaperone"])
                before = {c["name"]: c for c in pod["spec"]["containers"]}
                for one in found["containers"]:
                    self.assertEqual(one.get("readinessProbe", {}).get("exec"),
                                     before[one["name"]].get("readinessProbe", {}).get("exec"))
                    self.assertEqual(one["image"], before[one["name"]]["image"])
                    self.assertTrue(one["securityContext"]["runAsNonRoot"])
                    account = [m for m in one["volumeMounts"] if "serviceaccount" in m["mountPath"]]
                    self.assertEqual([(m["name"], m["readOnly"]) for m in account], [("chaperone-trust", True)], "a placeholder")
                    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
                        self.assertIn(one.get(probe, {}).get("httpGet", {}).get("port"), (None, 19021))
                self.assertNotIn("kube-api-access", json.dumps(found))

    def test_injecting_twice_changes_nothing(self):
        once = injected()
        self.assertEqual(injected(copy.deepcopy(once))["spec"], once["spec"])

    def test_hostile_pods_are_refused_with_the_field(self):
        for field, spec, container, annotations in pods.hostile():
            with self.subTest(field, spec=spec, container=container):
                answer = cluster.create_pod(pods.pod(spec, container, annotations))
                self.assertGreaterEqual(answer[0], 400)
                if "is invalid" in message(answer) and "chaperone" not in message(answer).split(":")[0]:
                    continue  # the API server itself knows better
                self.assertIn(field, message(answer))

    def test_all_findings_at_once(self):
        said = message(cluster.create_pod(pods.pod({"hostNetwork": True, "hostPID": True},
                                                   {"securityContext": {"privileged": True}})))
        for field in ("hostNetwork", "hostPID", "privileged", "(3 findings)"):
            self.assertIn(field, said)

    def test_annotation_brings_one_pod_in_elsewhere(self):
        status, plain, _ = cluster.create_pod(pods.pod(), "loose")
        self.assertEqual(status, 201)
        self.assertNotIn("initContainers", plain["spec"])
        found = injected(pods.pod(annotations={"chaperone.dev/inject": "true"}), "loose")
        self.assertEqual(found["spec"]["initContainers"][1]["name"], "chaperone")
        answer = cluster.create_pod(pods.pod(annotations={"chaperone.dev/inject": "false"}))
        self.assertEqual(answer[1]["spec"]["initContainers"][1]["name"], "chaperone", "no way out of an enforced namespace")

    def test_root_tier_is_the_operators(self):
        asking = {"chaperone.dev/policy": "builder"}
        found = injected(pods.pod({"serviceAccountName": "builder"}, annotations=asking))
        context = found["spec"]["containers"][0]["securityContext"]
        self.assertEqual((context["runAsUser"], context["capabilities"]),
                         (0, {"drop": ["ALL"], "add": ["CHOWN", "DAC_OVERRIDE", "FOWNER"]}))
        self.assertFalse(context["allowPrivilegeEscalation"])
        refused = cluster.create_pod(pods.pod(annotations=asking))
        self.assertIn("not allowed for namespace agents, service account default", message(refused))

    def test_inbound_ports_are_the_operators(self):
        listening = {"ports": [{"containerPort": 8080}]}
        closed = injected(pods.pod(None, listening))
        self.assertNotIn("--inbound-port", closed["spec"]["initContainers"][0]["args"])
        asking = injected(pods.pod(None, listening, {"chaperone.dev/policy": "open"}))
        self.assertEqual(asking["spec"]["initContainers"][0]["args"][-2:], ["--inbound-port", "8080"])
        closed["spec"]["initContainers"][0]["args"] += ["--inbound-port", "8080"]
        self.assertGreaterEqual(cluster.create_pod(closed)[0], 400)

    def test_workloads_of_every_kind(self):
        status, node, _ = cluster.api("POST", "/api/v1/nodes", {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"}})
        self.assertIn(status, (201, 409), node)
        template = {"metadata": {"labels": {"app": "w"}}, "spec": {"containers": [pods.WEB]}}
        job = {"template": {**template, "spec": {**template["spec"], "restartPolicy": "Never"}}}
        selector = {"selector": {"matchLabels": {"app": "w"}}, "template": template}
        made = {"deployments": ("apps/v1", "Deployment", {"replicas": 1, **selector}),
                "statefulsets": ("apps/v1", "StatefulSet", {"serviceName": "w", **selector}),
                "daemonsets": ("apps/v1", "DaemonSet", selector),
                "jobs": ("batch/v1", "Job", job),
                "cronjobs": ("batch/v1", "CronJob", {"schedule": "* * * * *", "suspend": True, "jobTemplate": {"spec": job}})}
        for plural, (version, kind, spec) in made.items():
            answer = cluster.api("POST", f"/apis/{version}/namespaces/agents/{plural}", {
                "apiVersion": version, "kind": kind, "metadata": {"name": f"w-{kind.lower()}"}, "spec": spec})
            self.assertEqual(answer[0], 201, answer[1])
        cluster.kubectl("create", "job", "w-fromcron", "--from=cronjob/w-cronjob", "-n", "agents")

        def owned():
            items = cluster.api("GET", "/api/v1/namespaces/agents/pods")[1]["items"]
            return {one["metadata"]["ownerReferences"][0]["name"].split("-")[1]: one for one in items
                    if one["metadata"].get("ownerReferences")}
        wanted = {"deployment", "statefulset", "daemonset", "job", "fromcron"}
        wait_for("pods of all workloads", lambda: wanted <= set(owned()))
        for name, one in owned().items():
            with self.subTest(name):
                self.assertEqual([c["name"] for c in one["spec"]["initContainers"][:2]], ["chaperone-init", "chaperone"])
                self.assertNotIn("kube-api-access", json.dumps(one["spec"]))

    def test_authors_of_templates_are_warned(self):
        template = {"metadata": {"labels": {"app": "w"}}, "spec": {"hostNetwork": True, "containers": [pods.WEB]}}
        body = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "warned"},
                "spec": {"selector": {"matchLabels": {"app": "w"}}, "template": template}}
        for namespace, annotations, warned in (("agents", {}, True), ("loose", {}, False),
                                               ("loose", {"chaperone.dev/inject": "true"}, True)):
            body["spec"]["template"]["metadata"]["annotations"] = annotations
            status, _, warnings = cluster.api("POST", f"/apis/apps/v1/namespaces/{namespace}/deployments?dryRun=All", body)
            self.assertEqual(status, 201)
            self.assertEqual(any("spec.hostNetwork" in one for one in warnings), warned, (namespace, annotations, warnings))


class WithoutInjectorTest(unittest.TestCase):
    """The API server alone; each leaves the injector and its webhooks as they were."""

    def test_stopped_injector_means_no_agents(self):
        injectors.stop()
        try:
            self.assertEqual(cluster.create_pod(pods.pod())[0], 500)
            self.assertEqual(cluster.create_pod(pods.pod(annotations={"chaperone.dev/inject": "true"}), "loose")[0], 500)
            self.assertEqual(cluster.create_pod(pods.pod(), "loose")[0], 201, "others do not wait")
        finally:
            injectors.start()

    def test_policies_hold_without_any_webhook(self):
        good = injected()
        root = injected(pods.pod({"serviceAccountName": "builder"}, annotations={"chaperone.dev/policy": "builder"}))
        cluster.kubectl("delete", "mutatingwebhookconfiguration", "chaperone-injector")
        try:
            wait_for("the webhook to be gone", lambda: cluster.create_pod(pods.pod(), "agents")[0] == 422)
            self.assertEqual(cluster.create_pod(good)[0], 201)
            self.assertEqual(cluster.create_pod(root)[0], 201)
            self.assertEqual(cluster.create_pod(pods.pod(annotations={"chaperone.dev/inject": "true"}), "loose")[0], 422)
            self.assertEqual(cluster.create_pod(pods.pod(), "loose")[0], 201)
            for name, pod in pods.spoilt(good):
                with self.subTest(name):
                    answer = cluster.create_pod(pod)
                    self.assertEqual(answer[0], 422, message(answer))
                    self.assertIn("chaperone", message(answer))
            for capability in ("SETUID", "NET_RAW"):
                worse = copy.deepcopy(root)
                worse["spec"]["containers"][0]["securityContext"]["capabilities"]["add"].append(capability)
                self.assertIn("capabilities", message(cluster.create_pod(worse)))
        finally:
            cluster.helm("upgrade", "chaperone", CHART, "-n", NAMESPACE, "-f", VALUES)
            wait_for("the injector to publish its authority again",
                     lambda: cluster.create_pod(pods.pod())[0] == 201)


class LivePodTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        status, found, _ = cluster.create_pod(pods.pod(name="live"), dry_run=False)
        assert status in (201, 409), found

    def refused(self, answer, said):
        self.assertGreaterEqual(answer[0], 400, answer[1])
        self.assertIn(said, message(answer))

    def patch(self, what, sub="", kind="application/strategic-merge-patch+json"):
        return cluster.api("PATCH", f"/api/v1/namespaces/agents/pods/live{sub}?dryRun=All", what, content=kind)

    def test_our_image(self):
        for name in ("chaperone", "chaperone-init"):
            self.refused(self.patch({"spec": {"initContainers": [{"name": name, "image": "mine"}]}}), "cannot be changed")

    def test_our_image_with_the_annotation_gone(self):
        self.refused(self.patch({"metadata": {"annotations": {"chaperone.dev/status": None}},
                                 "spec": {"initContainers": [{"name": "chaperone", "image": "mine"}]}}), "cannot be changed")

    def test_the_agents_own_image_may_change(self):
        self.assertEqual(self.patch({"spec": {"containers": [{"name": "web", "image": "example.test/agent:2"}]}})[0], 200)
        self.assertEqual(self.patch({"metadata": {"labels": {"theirs": "yes"}}})[0], 200)

    def test_annotations_by_every_door(self):
        gone = {"metadata": {"annotations": {"chaperone.dev/status": None}}}
        self.refused(self.patch(gone), "annotations and labels")
        self.refused(self.patch(gone, "/status"), "annotations and labels")
        self.refused(self.patch({"metadata": {"annotations": {"chaperone.dev/policy": "x"}}}, "/status"), "annotations and labels")
        binding = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": "live", "annotations": {"chaperone.dev/policy": "x"}},
                   "target": {"kind": "Node", "name": "n1"}}
        self.refused(cluster.api("POST", "/api/v1/namespaces/agents/pods/live/binding", binding), "binding")
        self.refused(cluster.api("POST", "/api/v1/namespaces/agents/bindings", binding), "binding")

    def test_resize_of_the_sidecar(self):
        self.refused(self.patch({"spec": {"initContainers": [{"name": "chaperone", "resources": {"requests": {"cpu": "9m"}}}]}},
                                "/resize"), "cannot be changed")

    def test_debugging_containers(self):
        self.refused(self.patch({"spec": {"ephemeralContainers": [{"name": "debug", "image": "x"}]}}, "/ephemeralcontainers"),
                     "debugging containers")

    def test_nobody_enters_the_sidecar(self):
        at = "/api/v1/namespaces/agents/pods/live"
        for name in ("chaperone", "chaperone-init"):
            self.refused(cluster.api("POST", f"{at}/exec?container={name}&command=sh"), "nobody enters")
            self.refused(cluster.api("POST", f"{at}/attach?container={name}"), "nobody enters")
        self.assertNotIn("nobody enters", message(cluster.api("POST", f"{at}/exec?container=web&command=sh")))
        self.refused(cluster.api("POST", f"{at}/portforward?ports=5432"), "not forwarded")
        self.refused(cluster.api("GET", f"{at}:80/proxy/"), "not forwarded")

    def test_namespaces_stay_enforced(self):
        cluster.kubectl("delete", "clusterrole,clusterrolebinding", "tenant", "--ignore-not-found")
        cluster.kubectl("create", "clusterrole", "tenant", "--verb=*", "--resource=namespaces,namespaces/status,namespaces/finalize")
        cluster.kubectl("create", "clusterrolebinding", "tenant", "--clusterrole=tenant", "--user=tenant")
        gone = {"metadata": {"labels": {"chaperone.dev/enforce": None}}}
        merge = "application/merge-patch+json"
        for sub in ("", "/status"):
            self.refused(cluster.api("PATCH", f"/api/v1/namespaces/agents{sub}?dryRun=All", gone, user="tenant", content=merge),
                         "labels of chaperone.dev")
        finalize = cluster.found("Namespace", "/api/v1/namespaces/agents")
        del finalize["metadata"]["labels"]["chaperone.dev/enforce"]
        self.refused(cluster.api("PUT", "/api/v1/namespaces/agents/finalize?dryRun=All", finalize, user="tenant"),
                     "labels of chaperone.dev")
        other = {"metadata": {"labels": {"theirs": "yes"}}}
        self.assertEqual(cluster.api("PATCH", "/api/v1/namespaces/agents?dryRun=All", other, user="tenant", content=merge)[0], 200)
        self.assertEqual(cluster.api("PATCH", "/api/v1/namespaces/agents?dryRun=All", gone, content=merge)[0], 200)

    def test_policies_are_the_operators(self):
        cluster.kubectl("delete", "role,rolebinding", "editor", "-n", "agents", "--ignore-not-found")
        cluster.kubectl("create", "role", "editor", "-n", "agents", "--verb=*", "--resource=configmaps,secrets")
        cluster.kubectl("create", "rolebinding", "editor", "-n", "agents", "--role=editor", "--user=editor")
        self.refused(cluster.api("PATCH", "/api/v1/namespaces/agents/configmaps/chaperone-policy-reader?dryRun=All",
                                 {"data": {"policy.yaml": "mine"}}, user="editor", content="application/merge-patch+json"),
                     "what sidecars read")
        mine = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "mine"}}
        self.assertEqual(cluster.api("POST", "/api/v1/namespaces/agents/secrets?dryRun=All", mine, user="editor")[0], 201)


class ByWebhookTest(LivePodTest):
    """As below Kubernetes 1.30: the same rules without admission policies. What LivePodTest asks, asked again."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.good, cls.root = injected(), injected(
            pods.pod({"serviceAccountName": "builder"}, annotations={"chaperone.dev/policy": "builder"}))
        cluster.helm("upgrade", "chaperone", CHART, "-n", NAMESPACE, "-f", VALUES, "--set", "admission.by=webhook")
        assert "chaperone" not in cluster.kubectl("get", "validatingadmissionpolicies", "-o", "name").stdout
        cls.wait_for_authority("validatingwebhookconfigurations")

    @classmethod
    def tearDownClass(cls):
        cluster.helm("upgrade", "chaperone", CHART, "-n", NAMESPACE, "-f", VALUES)
        wait_for("policies again", lambda: cluster.api("POST", "/api/v1/namespaces/agents/pods/live/exec?container=chaperone&command=sh")[0] == 422)
        cls.wait_for_authority("mutatingwebhookconfigurations")

    @staticmethod
    def wait_for_authority(kind):
        path = f"/apis/admissionregistration.k8s.io/v1/{kind}/chaperone-injector"
        wait_for(f"the authority in {kind}", lambda: all(
            one["clientConfig"].get("caBundle") for one in cluster.found("Webhook", path)["webhooks"]))
        wait_for("the injector", lambda: cluster.create_pod(pods.pod())[0] == 201)

    def test_it_says_what_the_policies_say(self):
        cluster.kubectl("delete", "mutatingwebhookconfiguration", "chaperone-injector")
        try:
            wait_for("the webhook to be gone", lambda: cluster.create_pod(pods.pod(), "agents")[0] == 403)
            self.assertEqual(cluster.create_pod(self.good)[0], 201)
            self.assertEqual(cluster.create_pod(self.root)[0], 201)
            self.assertEqual(cluster.create_pod(pods.pod(annotations={"chaperone.dev/inject": "true"}), "loose")[0], 403)
            self.assertEqual(cluster.create_pod(pods.pod(), "loose")[0], 201)
            for name, pod in pods.spoilt(self.good):
                with self.subTest(name):
                    answer = cluster.create_pod(pod)
                    self.assertGreaterEqual(answer[0], 400, message(answer))
                    self.assertIn("chaperone", message(answer))
        finally:
            cluster.helm("upgrade", "chaperone", CHART, "-n", NAMESPACE, "-f", VALUES, "--set", "admission.by=webhook")
            self.wait_for_authority("mutatingwebhookconfigurations")


class ChartTest(chart_cases.ChartCases):
    """The chart, its programs, upgrades."""


class ExampleTest(chart_cases.ExampleCases):
    """What examples/cluster applies."""


class RotationTest(unittest.TestCase):
    def forget(self):
        cluster.kubectl("patch", "secret", "chaperone-injector-tls", "-n", NAMESPACE, "--type=json", "-p",
                        '[{"op": "remove", "path": "/data"}]')

    def test_certificates_change_under_load_without_one_failure(self):
        injectors.stop()
        self.forget()
        short = ("--certificate-seconds=36", "--settle-seconds=4")
        injectors.start(extra=short)
        first = cluster.secret(NAMESPACE, "chaperone-injector-tls", "tls.crt")
        failures, made, ending = [], [0], threading.Event()

        def load():
            while not ending.is_set():
                answer = cluster.create_pod(pods.pod())
                made[0] += 1
                if answer[0] != 201:
                    failures.append(message(answer))
        threads = [threading.Thread(target=load) for _ in range(2)]
        for one in threads:
            one.start()
        try:
            data = lambda: cluster.found("Secret", f"/api/v1/namespaces/{NAMESPACE}/secrets/chaperone-injector-tls")["data"]
            single = lambda: cluster.secret(NAMESPACE, "chaperone-injector-tls", "ca.crt").count(b"BEGIN") == 1
            wait_for("another certificate", lambda: data()["tls.crt"] and cluster.secret(
                NAMESPACE, "chaperone-injector-tls", "tls.crt") != first and single(), 90)
        finally:
            ending.set()
            for one in threads:
                one.join()
            injectors.stop()
            self.forget()
            injectors.start()
        self.assertEqual(failures, [])
        self.assertGreater(made[0], 20)


class ZLastTest(unittest.TestCase):
    """What can only be asked when all else has happened."""

    def test_1_every_right_is_used_and_no_other_is_needed(self):
        used, refused = set(), []
        for line in (cluster.dir / "audit.log").read_text().splitlines():
            entry = json.loads(line)
            if entry["user"]["username"] != f"system:serviceaccount:{NAMESPACE}:chaperone-injector":
                continue
            used.add((entry["objectRef"]["resource"], entry["verb"]))
            if entry["responseStatus"]["code"] == 403:
                refused.append(entry["objectRef"])
        granted = set()
        for path in (f"/apis/rbac.authorization.k8s.io/v1/namespaces/{NAMESPACE}/roles/chaperone-injector",
                     "/apis/rbac.authorization.k8s.io/v1/clusterroles/chaperone-injector"):
            for rule in cluster.found("Role", path)["rules"]:
                granted |= {(resource, verb) for resource in rule["resources"] for verb in rule["verbs"]}
        self.assertEqual(refused, [])
        self.assertEqual(granted, used)

    def test_2_uninstall_leaves_nothing_that_refuses(self):
        cluster.helm("uninstall", "chaperone", "-n", NAMESPACE, "--wait")
        for kind in ("mutatingwebhookconfigurations", "validatingwebhookconfigurations", "validatingadmissionpolicies",
                     "validatingadmissionpolicybindings", "clusterroles", "clusterrolebindings"):
            self.assertNotIn("chaperone", cluster.kubectl("get", kind, "-o", "name").stdout)
        wait_for("pods to be made again", lambda: cluster.create_pod(pods.pod())[0] == 201)
        cluster.kubectl("delete", "namespace", "agents", "--timeout=60s")


if __name__ == "__main__":
    build_tools()
    own_namespaces()
    unittest.main(verbosity=2)
