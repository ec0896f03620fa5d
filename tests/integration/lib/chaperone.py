"""Our own programs as a pod and a cluster run them: chaperone-init, the sidecar, the collector."""

import json
import os
import shutil

from . import sandbox
from .process import Process, as_user, run
from .sandbox import CLUSTER4, SIDECAR_UID

INIT = sandbox.BUILD / "sidecar/capture/chaperone-init"
SIDECAR = sandbox.BUILD / "sidecar/chaperone-sidecar"
COLLECTOR = sandbox.BUILD / "collector/chaperone-collector"
CLI = sandbox.BUILD / "cli/chaperone"

COLLECTOR_URL = "https://collector.cluster.test:8443"
SUBJECT = {"pod": "agent-1", "namespace": "tests", "service_account": "agent"}


def built():
    """The programs that are missing; empty when all are there."""
    return [path.name for path in (INIT, SIDECAR, COLLECTOR, CLI) if not path.exists()]


def records(world, collector, query):
    """What the collector's API answers to /v1/records?QUERY, as the auditor, from the cluster."""
    program = ("import json, ssl, sys, urllib.request as u; "
               "r = u.Request(sys.argv[1], headers={'Authorization': 'Bearer ' + sys.argv[2]}); "
               "print(u.urlopen(r, context=ssl.create_default_context(cafile=sys.argv[3]), timeout=20).read().decode())")
    answer = world.cluster.run("/usr/bin/python3", "-c", program, f"{COLLECTOR_URL}/v1/records?{query}",
                               collector.reader, collector.authority.certificate)
    return json.loads(answer)


class Collector:
    """In the cluster's namespace, with a certificate of `authority` and one writer and one reader."""

    def __init__(self, world, authority):
        self.world, self.authority = world, authority
        self.folder = sandbox.folder("collector", 65534, mode=0o700)
        self.tokens = self.folder / "tokens"
        self.writer = self._token("agent-1", "write", "--claim", "pod=agent-1", "--claim", "namespace=tests")
        self.reader = self._token("auditor", "read,export,metrics")
        self.process = None

    def _token(self, name, rights, *more):
        return run([COLLECTOR, "token", name, "--rights", rights, *more, "--append", self.tokens]).strip()

    def start(self):
        if not (self.folder / "server.crt").exists():
            for source, name in zip(self.authority.issue("collector.cluster.test", ["collector.cluster.test"],
                                                         [CLUSTER4]), ("server.crt", "server.key")):
                shutil.copy(source, self.folder / name)
        for path in self.folder.rglob("*"):
            os.chown(path, 65534, 65534)
        log = sandbox.TMP / "collector.log"
        self.process = Process("collector", self.world.cluster.words(*as_user(65534), COLLECTOR, "serve",
                               "--data", self.folder / "data", "--listen", f"{CLUSTER4}:8443",
                               "--tokens", self.tokens, "--certificate", self.folder / "server.crt",
                               "--key", self.folder / "server.key"), log)
        self.process.wait_until(lambda: "listening on" in log.read_text())
        return self

    def stop(self):
        if self.process:
            self.process.stop()


class Sidecar:
    """In the pod's namespace as UID 19337, behind rules that chaperone-init programmed."""

    def __init__(self, world, policy, collector=None, authority=None, secrets=None, config="", name="sidecar",
                 spool="1GiB"):
        self.world, self.spool_size = world, spool
        self.folder = sandbox.folder(name, SIDECAR_UID, mode=0o755)
        self.trust = self._mine("trust", 0o755)
        self.bundle = self.trust / "bundle.pem"
        self.policy_file = self.folder / "policy.yaml"
        self.log = sandbox.TMP / f"{name}.log"
        self.write("ca.pem", authority.certificate.read_text() if authority else "")
        for name, value in (secrets or {}).items():
            self.write(name, value, 0o600)
        self.write("policy.yaml", policy.replace("@DIR@", str(self.folder)))
        self.write("sidecar.yaml", self._config(collector) + config)
        if collector:
            self.write("token", collector.writer, 0o600)
        self.process = None

    def _mine(self, name, mode=0o700):
        path = self.folder / name
        path.mkdir()
        path.chmod(mode)
        os.chown(path, SIDECAR_UID, SIDECAR_UID)
        return path

    def write(self, name, text, mode=0o644):
        """A file of the sidecar, replaced as a whole (as a mounted ConfigMap would be)."""
        path, fresh = self.folder / name, self.folder / f".{name}.new"
        fresh.write_text(text)
        fresh.chmod(mode)
        os.chown(fresh, SIDECAR_UID, SIDECAR_UID)
        fresh.rename(path)
        return path

    def _config(self, collector):
        where = self.folder
        lines = ["version: 1", f"policy_file: {where}/policy.yaml", f"spool: {{dir: {self._mine('spool')}, size_max: {self.spool_size}}}",
                 f"key_dir: {self._mine('keys')}", f"trust_dir: {self.trust}",
                 f"admin_socket: {where}/admin.sock",
                 "subject: {" + ", ".join(f"{k}: {v}" for k, v in SUBJECT.items()) + "}"]
        if collector:
            lines += [f"collector: {{url: '{COLLECTOR_URL}', ca_file: {where}/ca.pem, token_file: {where}/token}}"]
        return "\n".join(lines) + "\n"

    def program_kernel(self, *more):
        return self.world.pod.run(INIT, *more)

    def start(self):
        begin = self.log.stat().st_size if self.log.exists() else 0
        self.process = Process("sidecar", self.world.pod.words(
            *as_user(SIDECAR_UID), SIDECAR, "--config", self.folder / "sidecar.yaml"), self.log)
        self.process.wait_until(lambda: "ready: listening" in self.log.read_text(errors="replace")[begin:])
        return self

    def stop(self):
        """Asks it to drain; the exit code."""
        return self.process.stop() if self.process else None
