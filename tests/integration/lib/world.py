"""Two network namespaces joined by a veth pair: the pod, where the agent and the sidecar live, and
the cluster, where the servers and the collector live.

The namespaces have no names: each is held by one process that dies with the test."""

import subprocess

from . import sandbox
from .process import Process, as_user, run
from .sandbox import AGENT_UID, CLUSTER4, CLUSTER6, POD4, POD6, TMP


class Namespace:
    def __init__(self, name):
        self.name = name
        self.holder = Process(f"namespace {name}", ["unshare", "--net", "sleep", "infinity"],
                              TMP / f"namespace-{name}.log")
        own = run(["readlink", "/proc/self/ns/net"]).strip()
        self.holder.wait_until(lambda: self._net() not in ("", own))
        run(self.words("ip", "link", "set", "lo", "up"))

    def _net(self):
        return subprocess.run(["readlink", f"/proc/{self.holder.pid}/ns/net"], text=True,
                              capture_output=True).stdout.strip()

    def words(self, *argv):
        """The command line that runs argv in here."""
        return ["nsenter", f"--net=/proc/{self.holder.pid}/ns/net", "--", *argv]

    def run(self, *argv, **options):
        return run(self.words(*argv), **options)

    def stop(self):
        self.holder.stop()


class World:
    """with World() as world: world.pod, world.cluster; everything added by own() ends with it."""

    def __init__(self):
        sandbox.enter()
        self._owned = []

    def own(self, resource):
        """Registers something with a stop() method; stopped in reverse order."""
        self._owned.append(resource)
        return resource

    def __enter__(self):
        try:
            self.pod = self.own(Namespace("pod"))
            self.cluster = self.own(Namespace("cluster"))
            self._join()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *exception):
        self.stop()

    def stop(self):
        while self._owned:
            self._owned.pop().stop()

    def _join(self):
        self.pod.run("ip", "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns",
                     str(self.cluster.holder.pid))
        for space, v4, v6, peer4, peer6 in ((self.pod, POD4, POD6, CLUSTER4, CLUSTER6),
                                            (self.cluster, CLUSTER4, CLUSTER6, POD4, POD6)):
            space.run("ip", "addr", "add", f"{v4}/24", "dev", "eth0")
            space.run("ip", "addr", "add", f"{v6}/64", "dev", "eth0", "nodad")
            space.run("ip", "link", "set", "eth0", "up")
            space.run("ip", "route", "add", "default", "via", peer4)
            space.run("ip", "-6", "route", "add", "default", "via", peer6)

    def agent_words(self, *argv, uid=AGENT_UID):
        """The command line that runs argv as the agent: unprivileged, under no_new_privs."""
        return self.pod.words(*as_user(uid), *argv)

    def agent(self, *argv, uid=AGENT_UID, env=None, timeout=120, stdin=None):
        """Runs a program as the agent; returns the CompletedProcess whatever its exit code."""
        clean = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/mnt/tmp", "LANG": "C.UTF-8"}
        return subprocess.run([str(word) for word in self.agent_words(*argv, uid=uid)], text=True,
                              env={**clean, **(env or {})}, timeout=timeout, input=stdin,
                              capture_output=True)
