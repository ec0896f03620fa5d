"""A node for the control plane of cluster.py: containerd, runc, kubelet, scheduler and CoreDNS, on which pods
run for real. Services are led to their pods by packet rules of our own."""

import json
import os
import pathlib
import re
import shutil
import sys
import threading
import time

from tests.e2e.cluster import BUILD, NODE, ROOT, TOOLS, Cluster, run, wait_for

PSQL = pathlib.Path("/usr/lib/postgresql/15/bin/psql")
AGENT_TOOLS = ("bash", "sleep", "cat", "id", "ls", "timeout", "true", "touch", "head", "getent", "dig")
DNS = "10.96.0.10"


def missing():
    """What a node needs and is not here."""
    return [name for name in ("containerd", "runc", "buildah", "setcap", "dig") if not shutil.which(name)] + \
        [str(path) for path in (pathlib.Path("/usr/lib/cni/bridge"), PSQL) if not path.exists()]


def lay_out(folder, programs):
    """These programs with their libraries, and nothing else; libraries themselves stay where they are."""
    for program in programs:
        program = pathlib.Path(program).resolve()
        for source in (program, *map(pathlib.Path, re.findall(r"/\S+", run("ldd", program, check=False).stdout))):
            if source.is_absolute() and source.is_file():
                is_program = source == program and source.suffix != ".so"
                target = folder / ("bin" if is_program else str(source.parent).lstrip("/")) / source.name
                target.parent.mkdir(parents=True, exist_ok=True)
                if not target.exists():
                    shutil.copy(source.resolve(), target)
    (folder / "tmp").mkdir(exist_ok=True)
    (folder / "tmp").chmod(0o1777)


class Node(Cluster):
    def __init__(self):
        super().__init__()
        self.env["CONTAINERS_STORAGE_CONF"] = str(self.dir / "storage.conf")
        (self.dir / "storage.conf").write_text(
            f'[storage]\ndriver = "vfs"\ngraphroot = "{self.dir}/images"\nrunroot = "{self.dir}/images-run"\n')
        self.ending = threading.Event()

    # -- images

    def images(self):
        archives = self.dir / "archives"
        run(ROOT / "charts/images/build", "--archives", archives, "--tag", "e2e",
            env={**self.env, "CHAPERONE_BUILD": str(BUILD)})
        pause = self.dir / "pause"
        pause.mkdir()
        source = self.dir / "pause.c"
        source.write_text("#include <signal.h>\n#include <unistd.h>\nstatic void end(int s) { (void)s; _exit(0); }\n"
                          "int main(void) { signal(SIGTERM, end); signal(SIGINT, end); for (;;) pause(); }\n")
        run("gcc", "-O2", "-static", "-o", pause / "pause", source)
        agent = self.dir / "agent"
        lay_out(agent, [PSQL, *map(shutil.which, AGENT_TOOLS)])
        self._python(agent)
        (agent / "bin/sh").symlink_to("bash")
        self._image("pause", pause, "/pause")
        self._image("agent", agent, "/bin/sleep", "infinity")

    @staticmethod
    def _python(agent):
        """An agent that has an interpreter, and the escapes that it tries."""
        library = pathlib.Path(os.__file__).parent
        lay_out(agent, [sys.executable, *(library / "lib-dynload").glob("*.so")])
        shutil.copytree(library, agent / str(library).lstrip("/"), ignore=shutil.ignore_patterns(
            "__pycache__", "test", "config-*", "ensurepip", "idlelib", "dist-packages", "site-packages"), dirs_exist_ok=True)
        (agent / "bin/python3").symlink_to(pathlib.Path(sys.executable).resolve().name)
        shutil.copytree(ROOT / "tests/netns", agent / "tests/netns", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "tests/e2e/pod_escapes.py", agent / "tests/pod_escapes.py")

    def _image(self, name, folder, *command):
        container = run("buildah", "from", "scratch", env=self.env).stdout.strip()
        run("buildah", "copy", "-q", container, folder, "/", env=self.env)
        run("buildah", "config", "--cmd", json.dumps(command), "--env", "PATH=/bin", container, env=self.env)
        run("buildah", "commit", "-q", container, f"localhost/{name}:e2e", env=self.env)
        run("buildah", "push", "-q", f"localhost/{name}:e2e",
            f"oci-archive:{self.dir}/archives/{name}.tar:localhost/{name}:e2e", env=self.env)

    # -- the node

    def node_up(self):
        run("sysctl", "-qw", "net.ipv4.ip_forward=1")
        # Pods on one bridge answer each other below the packet rules, which led them there.
        run("sysctl", "-qw", "net.bridge.bridge-nf-call-iptables=1", check=False)
        self._cgroups()
        self._names()
        self._containerd()
        self._kubelet()
        self.start("scheduler", TOOLS / "kube-scheduler", f"--kubeconfig={self.kubeconfig}", "--leader-elect=false")
        wait_for("the node to be ready", self._node_ready, 90)
        threading.Thread(target=self._lead_services, daemon=True).start()
        wait_for(f"names: {self.log('coredns')}", lambda: "10.96.0.1" in run(
            "dig", "+short", "+time=2", "+tries=1", f"@{DNS}", "kubernetes.default.svc.cluster.local", check=False).stdout)

    def _node_ready(self):
        if self.processes["kubelet"].poll() is not None:
            raise AssertionError(self.log("kubelet")[-3000:])
        status, node, _ = self.api("GET", "/api/v1/nodes/node1")
        return status == 200 and any(c["type"] == "Ready" and c["status"] == "True" for c in node["status"].get("conditions", []))

    def _cgroups(self):
        for hierarchy in pathlib.Path("/sys/fs/cgroup").iterdir():
            folder = hierarchy / self.dir.name
            if not hierarchy.is_dir() or hierarchy.is_symlink():
                continue
            folder.mkdir(exist_ok=True)
            for name in ("cpuset.cpus", "cpuset.mems"):
                if (folder / name).exists():
                    (folder / name).write_text((hierarchy / name).read_text())

    def _containerd(self):
        d = self.dir
        os.makedirs("/run/containerd", exist_ok=True)
        run("mount", "-t", "tmpfs", "tmpfs", "/run/containerd")  # its shims' sockets; ours alone
        (d / "containerd.toml").write_text(f"""version = 2
root = "{d}/containerd/root"
state = "{d}/containerd/state"
[grpc]
  address = "{d}/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "localhost/pause:e2e"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "{d}/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
""")
        (d / "cni").mkdir()
        (d / "cni/10-pods.conflist").write_text(json.dumps({
            "cniVersion": "1.0.0", "name": "pods", "plugins": [{
                "type": "bridge", "bridge": "cni0", "isGateway": True, "ipMasq": False, "hairpinMode": True,
                "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.244.0.0/24"}]],
                         "routes": [{"dst": "0.0.0.0/0"}], "dataDir": f"{d}/ipam"}}]}))
        self.start("containerd", "containerd", "-c", d / "containerd.toml")
        ctr = ["ctr", "-a", d / "containerd.sock"]
        wait_for("containerd", lambda: run(*ctr, "version", check=False).returncode == 0)
        for archive in sorted((d / "archives").glob("*.tar")):
            run(*ctr, "-n", "k8s.io", "images", "import", archive)

    def _kubelet(self):
        d = self.dir
        (d / "kubelet.yaml").write_text(json.dumps({
            "apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration",
            "authentication": {"x509": {"clientCAFile": f"{d}/ca.crt"}, "anonymous": {"enabled": False},
                               "webhook": {"enabled": True}},
            "authorization": {"mode": "Webhook"}, "containerRuntimeEndpoint": f"unix://{d}/containerd.sock",
            "tlsCertFile": f"{d}/apiserver.crt", "tlsPrivateKeyFile": f"{d}/apiserver.key",
            "cgroupDriver": "cgroupfs", "cgroupRoot": f"/{self.dir.name}", "failCgroupV1": False, "failSwapOn": False,
            "enforceNodeAllocatable": [], "evictionHard": {}, "resolvConf": f"{d}/resolv.conf",
            "clusterDNS": [DNS], "clusterDomain": "cluster.local",
            "podLogsDir": f"{d}/logs", "syncFrequency": "5s", "configMapAndSecretChangeDetectionStrategy": "Watch"}))
        self.start("kubelet", TOOLS / "kubelet", f"--config={d}/kubelet.yaml", f"--kubeconfig={self.kubeconfig}",
                   "--hostname-override=node1", f"--node-ip={NODE}", f"--root-dir={d}/kubelet")

    def _names(self):
        """CoreDNS on the node itself, behind the Service that clusters have; the node asks it too."""
        (self.dir / "Corefile").write_text(
            f".:53 {{\nbind {NODE}\nerrors\nkubernetes cluster.local in-addr.arpa {{\nkubeconfig {self.kubeconfig} x\nttl 5\n}}\ncache 5\n}}\n")
        self.start("coredns", TOOLS / "coredns", "-conf", self.dir / "Corefile")
        self.service_to("kube-system", "kube-dns", NODE, {"dns": ("UDP", 53), "dns-tcp": ("TCP", 53)}, clusterIP=DNS)
        (self.dir / "resolv.conf").write_text(f"nameserver {DNS}\nsearch svc.cluster.local cluster.local\noptions ndots:5\n")
        run("mount", "--bind", self.dir / "resolv.conf", "/etc/resolv.conf")

    def service_to(self, namespace, name, address, ports, **spec):
        """A Service in front of what is no pod; ports: {name: (protocol, number)}. Returns its address."""
        meta = {"name": name, "namespace": namespace}
        listed = [{"name": one, "protocol": protocol, "port": number} for one, (protocol, number) in ports.items()]
        status, made, _ = self.api("POST", f"/api/v1/namespaces/{namespace}/services",
                                   {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": {"ports": listed, **spec}})
        assert status == 201, made
        status, found, _ = self.api("POST", f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices", {
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4", "ports": listed,
            "metadata": {**meta, "labels": {"kubernetes.io/service-name": name}},
            "endpoints": [{"addresses": [address], "conditions": {"ready": True}}]})
        assert status == 201, found
        return made["spec"]["clusterIP"]

    # -- services

    def _lead_services(self):
        last = None
        while not self.ending.is_set():
            try:
                rules = self._service_rules()
                if rules != last:
                    run("nft", "delete", "table", "ip", "e2e", check=False)
                    run("nft", "-f", "-", input=rules)
                    last = rules
            except (OSError, AssertionError, ValueError):
                pass  # the API server is not there at this moment
            self.ending.wait(0.5)

    def _service_rules(self):
        slices = self.api("GET", "/apis/discovery.k8s.io/v1/endpointslices")[1]["items"]
        lines = []
        for service in self.api("GET", "/api/v1/services")[1]["items"]:
            address, name = service["spec"].get("clusterIP"), service["metadata"]["name"]
            mine = [one for one in slices if one["metadata"]["namespace"] == service["metadata"]["namespace"]
                    and one["metadata"].get("labels", {}).get("kubernetes.io/service-name") == name]
            for port in service["spec"]["ports"]:
                targets = [f"{e['addresses'][0]} . {p['port']}" for one in mine for p in one["ports"] or []
                           if p.get("name", "") == port.get("name", "") for e in one.get("endpoints") or []
                           if e["conditions"].get("ready")]
                if targets and address not in (None, "None"):
                    table = ", ".join(f"{i} : {one}" for i, one in enumerate(sorted(targets)))
                    lines.append(f"ip daddr {address} {port['protocol'].lower()} dport {port['port']} dnat ip to numgen inc mod {len(targets)} map {{ {table} }}")
        chain = "\n".join(lines)
        return (f"table ip e2e {{\nchain out {{\ntype nat hook output priority -100;\n{chain}\n}}\n"
                f"chain in {{\ntype nat hook prerouting priority -100;\n{chain}\n}}\n}}\n")

    # -- the end

    def close(self):
        self.ending.set()
        try:
            if "kubelet" in self.processes:
                for namespace in ("agents", "chaperone", "default"):
                    self.kubectl("delete", "pods", "--all", "-n", namespace, "--force", "--grace-period=0", check=False)
                shims = lambda: run("pgrep", "-f", "containerd-shim", check=False).stdout
                try:
                    wait_for("containers to end", lambda: not shims(), 30)
                except AssertionError:
                    pass
        finally:
            for name in reversed(list(self.processes)):
                self.stop(name)
            mounts = [line.split()[1] for line in pathlib.Path("/proc/self/mounts").read_text().splitlines()
                      if str(self.dir) in line.split()[1]]
            for mount in sorted(mounts, reverse=True):
                run("umount", "-l", mount, check=False)
            hierarchies = list(pathlib.Path("/sys/fs/cgroup").glob(f"*/{self.dir.name}"))
            left = {int(pid) for one in hierarchies for procs in one.rglob("cgroup.procs") for pid in procs.read_text().split()}
            for pid in left - {0, os.getpid()}:
                run("kill", "-KILL", pid, check=False)
            time.sleep(0.5 if left else 0)
            for hierarchy in hierarchies:
                for folder in sorted((p for p in hierarchy.rglob("*") if p.is_dir()), reverse=True):
                    run("rmdir", folder, check=False)
                run("rmdir", hierarchy, check=False)
            shutil.rmtree(self.dir, ignore_errors=True)
