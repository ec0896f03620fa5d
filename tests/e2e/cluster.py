"""A Kubernetes control plane of our own: etcd, kube-apiserver and kube-controller-manager as plain
processes, in network, process and mount namespaces that end with this program."""

import base64
import http.client
import json
import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("CHAPERONE_BUILD", ROOT / "build"))
TOOLS = pathlib.Path(os.environ.get("CHAPERONE_KUBE", BUILD / "kube"))
NODE = "10.250.0.1"


def own_namespaces():
    """Runs this program again where nothing of it can outlive it or be seen from outside."""
    if os.environ.get("CHAPERONE_E2E_INSIDE"):
        return
    if os.geteuid() != 0:
        sys.exit("e2e: making namespaces needs root")
    os.environ["CHAPERONE_E2E_INSIDE"] = "1"
    os.execvp("unshare", ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
                          sys.executable, *sys.argv])


def build_tools(*more):
    """What is compiled once; `more` beside the control plane and helm."""
    wanted = ("etcd", "kube-apiserver", "kubectl", "kube-controller-manager", "helm", *more)
    done = subprocess.run([ROOT / "tests/e2e/build_kube", TOOLS, *wanted])
    if done.returncode != 0:
        sys.exit(done.returncode)


def run(*words, check=True, **more):
    done = subprocess.run([str(word) for word in words], text=True, capture_output=True, **more)
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, words))}\n{done.stdout}{done.stderr}")
    return done


def wait_for(what, condition, seconds=60):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.2)
    raise AssertionError(f"waited {seconds} s for {what}")


class Cluster:
    def __init__(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="chaperone-e2e-"))
        self.processes = {}
        self.kubeconfig = self.dir / "admin.conf"
        self.env = {**os.environ, "KUBECONFIG": str(self.kubeconfig), "HELM_CACHE_HOME": str(self.dir / "helm"),
                    "HELM_CONFIG_HOME": str(self.dir / "helm"), "HELM_DATA_HOME": str(self.dir / "helm")}

    # -- processes

    def start(self, name, *words, env=None):
        with open(self.dir / f"{name}.log", "ab") as log:
            self.processes[name] = subprocess.Popen([str(word) for word in words], stdout=log, stderr=log,
                                                    stdin=subprocess.DEVNULL, env=env)
        return self.processes[name]

    def stop(self, name, kill=False):
        process = self.processes.pop(name, None)
        if not process:
            return
        process.kill() if kill else process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def log(self, name):
        return (self.dir / f"{name}.log").read_text(errors="replace")

    def close(self):
        for name in reversed(list(self.processes)):
            self.stop(name)
        shutil.rmtree(self.dir, ignore_errors=True)

    # -- the control plane

    def up(self):
        for words in ("link set lo up", "link add eth0 type veth peer name cable", f"addr add {NODE}/24 dev eth0",
                      "link set eth0 up", "link set cable up",
                      "route add default via 10.250.0.254"):
            run("ip", *words.split())
        self._certificates()
        self._start_servers()
        self._credentials()
        wait_for("the API server", self._ready, 120)
        self.start("controllers", TOOLS / "kube-controller-manager", f"--kubeconfig={self.kubeconfig}",
                   f"--service-account-private-key-file={self.dir}/sa.key", f"--root-ca-file={self.dir}/ca.crt",
                   "--use-service-account-credentials=true", "--leader-elect=false")
        wait_for("service accounts", lambda: self.api("GET", "/api/v1/namespaces/default/serviceaccounts/default")[0] == 200)

    def _ready(self):
        if self.processes["apiserver"].poll() is not None:
            raise AssertionError(self.log("apiserver")[-2000:])
        try:
            return self.api("GET", "/readyz", raw=True)[0] == 200
        except OSError:
            return False

    def _certificates(self):
        ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        at = lambda name: str(self.dir / name)
        run("openssl", "req", "-x509", *ec, "-keyout", at("ca.key"), "-out", at("ca.crt"), "-days", "2", "-subj", "/CN=e2e")
        run("openssl", "genrsa", "-out", at("sa.key"), "2048")
        run("openssl", "rsa", "-in", at("sa.key"), "-pubout", "-out", at("sa.pub"))
        names = f"DNS:kubernetes.default.svc,DNS:localhost,IP:127.0.0.1,IP:10.96.0.1,IP:{NODE}"
        for name, subject in (("apiserver", "/CN=kube-apiserver"), ("admin", "/O=system:masters/CN=admin")):
            run("openssl", "req", *ec, "-keyout", at(f"{name}.key"), "-out", at(f"{name}.csr"), "-subj", subject)
            extensions = self.dir / "extensions"
            extensions.write_text(f"extendedKeyUsage=serverAuth,clientAuth\nsubjectAltName={names}\n")
            run("openssl", "x509", "-req", "-in", at(f"{name}.csr"), "-CA", at("ca.crt"), "-CAkey", at("ca.key"),
                "-CAcreateserial", "-days", "2", "-out", at(f"{name}.crt"), "-extfile", extensions)

    def _start_servers(self):
        d = self.dir
        self.start("etcd", TOOLS / "etcd", "--data-dir", d / "etcd", "--unsafe-no-fsync", "--log-level", "error",
                   "--listen-client-urls", "http://127.0.0.1:2379", "--advertise-client-urls", "http://127.0.0.1:2379",
                   "--listen-peer-urls", "http://127.0.0.1:2380")
        (d / "audit.yaml").write_text(
            "apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [RequestReceived]\nrules:\n"
            "- {level: Metadata, userGroups: ['system:serviceaccounts:chaperone']}\n- {level: None}\n")
        self.start("apiserver", TOOLS / "kube-apiserver", "--etcd-servers=http://127.0.0.1:2379",
                   "--service-cluster-ip-range=10.96.0.0/16", f"--advertise-address={NODE}",
                   f"--tls-cert-file={d}/apiserver.crt", f"--tls-private-key-file={d}/apiserver.key",
                   f"--kubelet-client-certificate={d}/admin.crt", f"--kubelet-client-key={d}/admin.key",
                   f"--kubelet-certificate-authority={d}/ca.crt", "--kubelet-preferred-address-types=InternalIP",
                   f"--client-ca-file={d}/ca.crt", f"--service-account-key-file={d}/sa.pub",
                   f"--service-account-signing-key-file={d}/sa.key",
                   "--service-account-issuer=https://kubernetes.default.svc", "--authorization-mode=Node,RBAC",
                   "--allow-privileged=true", f"--audit-policy-file={d}/audit.yaml", f"--audit-log-path={d}/audit.log")

    def _credentials(self):
        encode = lambda name: base64.b64encode((self.dir / name).read_bytes()).decode()
        self.kubeconfig.write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "x",
            "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:6443",
                                                   "certificate-authority-data": encode("ca.crt")}}],
            "users": [{"name": "u", "user": {"client-certificate-data": encode("admin.crt"),
                                             "client-key-data": encode("admin.key")}}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}]}))
        self.tls = ssl.create_default_context(cafile=self.dir / "ca.crt")
        self.tls.load_cert_chain(self.dir / "admin.crt", self.dir / "admin.key")

    # -- asking it

    def api(self, method, path, body=None, user=None, groups=(), content="application/json", raw=False):
        """(status, object, warnings): a request as the admin, or as somebody else."""
        headers = {"Accept": "application/json"} if not raw else {}
        if user:
            headers["Impersonate-User"] = user
        if body is not None:
            headers["Content-Type"] = content
        connection = http.client.HTTPSConnection("127.0.0.1", 6443, context=self.tls, timeout=60)
        try:
            connection.putrequest(method, path)
            payload = json.dumps(body).encode() if body is not None else b""
            for key, value in headers.items():
                connection.putheader(key, value)
            for group in groups:
                connection.putheader("Impersonate-Group", group)
            connection.putheader("Content-Length", str(len(payload)))
            connection.endheaders(payload)
            answer = connection.getresponse()
            text = answer.read()
            warnings = answer.headers.get_all("Warning") or []
            return answer.status, (text if raw else json.loads(text or b"{}")), warnings
        finally:
            connection.close()

    def found(self, kind, path):
        """The object at a path of the API; `kind` names it in the failure."""
        status, answer, _ = self.api("GET", path)
        assert status == 200, (kind, answer)
        return answer

    def create_pod(self, pod, namespace="agents", dry_run=True, user=None):
        query = "?dryRun=All" if dry_run else ""
        body = {"apiVersion": "v1", "kind": "Pod", **pod}
        return self.api("POST", f"/api/v1/namespaces/{namespace}/pods{query}", body, user=user)

    def kubectl(self, *words, check=True, **more):
        return run(TOOLS / "kubectl", *words, env=self.env, check=check, **more)

    def helm(self, *words, check=True, **more):
        return run(TOOLS / "helm", *words, env=self.env, check=check, **more)

    def secret(self, namespace, name, key):
        status, found, _ = self.api("GET", f"/api/v1/namespaces/{namespace}/secrets/{name}")
        assert status == 200, found
        return base64.b64decode(found["data"][key])

    # -- what a node would do

    def service(self, address, port, to_ports):
        """What kube-proxy does: a service's address leads to these ports, in turn."""
        run("nft", "delete", "table", "ip", "e2e", check=False)
        targets = ", ".join(f"{i} : {one}" for i, one in enumerate(to_ports))
        rules = (f"table ip e2e {{\nchain out {{\ntype nat hook output priority -100;\nip daddr {address} tcp dport {port} "
                 f"dnat to {NODE} : numgen inc mod {len(to_ports)} map {{ {targets} }}\n}}\n}}\n")
        run("nft", "-f", "-", input=rules)


def free_port():
    with socket.socket() as probe:
        probe.bind((NODE, 0))
        return probe.getsockname()[1]
