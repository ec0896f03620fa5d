"""One pod and the world beyond its only cable, in two network namespaces of their own.

    pod: eth0 10.77.0.2, fd00:77::2       far: eth0 10.77.0.1, fd00:77::1 (gateway, sniffed)
         lo                                    lo 198.51.100.7 ... every address the tests dial
"""

import atexit
import itertools
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import kernel
import packets
import process
import standins

SIDECAR = 19337
INIT_UID = 65532

POD = {4: "10.77.0.2", 6: "fd00:77::2"}
GATEWAY = {4: "10.77.0.1", 6: "fd00:77::1"}
HOST = {4: "198.51.100.7", 6: "2001:db8:99::7"}
OTHER_HOST = {4: "198.51.100.8", 6: "2001:db8:99::8"}
RESOLVER = {4: "10.96.0.10", 6: "fd00:96::10"}
METADATA = {4: "169.254.169.254", 6: "fd00:ec2::254"}
NODE_DNS = {4: "169.254.20.10", 6: "fd00:20::10"}
LOOPBACK = {4: "127.0.0.1", 6: "::1"}
DECLARED_PORT = 8080

SETTLE_S = 0.03  # frames cross a veth pair within the sender's own system call

_serial = itertools.count()
_alive = set()


def run(*words, netns=None, text=None, check=True):
    command = ["ip", "netns", "exec", netns, *words] if netns else list(words)
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if check and done.returncode != 0:
        raise process.Failed(f"{' '.join(command)}: {done.stderr.strip()}")
    return done


def _write_sysctls(values):
    for name, value in values.items():
        with open(f"/proc/sys/net/{name}", "w", encoding="ascii") as file:
            file.write(value)


class Sniffer:
    """Every frame that arrives on the far end of the pod's cable."""

    def __init__(self, netns):
        kernel_home = "/proc/self/ns/net"
        home = os.open(kernel_home, os.O_RDONLY)
        try:
            kernel.setns(f"/run/netns/{netns}")
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
            self._socket.bind(("eth0", 0))
        finally:
            kernel.setns(f"/proc/self/fd/{home}")
            os.close(home)
        self._socket.setblocking(False)

    def frames(self, settle_s=SETTLE_S):
        """What came since the last call, without what the far side itself sent."""
        time.sleep(settle_s)
        seen = []
        while select.select([self._socket], [], [], 0)[0]:
            raw, address = self._socket.recvfrom(65536)
            if address[2] != socket.PACKET_OUTGOING:
                seen.append(packets.Frame(raw))
        return seen

    def close(self):
        self._socket.close()


def _is_the_kernels(frame):
    # Anyone else's address in such a frame would be an agent's message to the link.
    known = ("", *POD.values(), *GATEWAY.values())
    neighbour = frame.neighbour()
    return neighbour is not None and (neighbour in known or neighbour.startswith("fe80:"))


class World:
    """A pod with its rules (or none), the sidecar's stand-in and the servers outside."""

    def __init__(self, sidecar=True):
        name = f"chp{os.getpid()}x{next(_serial)}"
        self.pod, self.far = name + "p", name + "f"
        self._children = []
        self.backend = None
        self.sniffer = None
        self.sidecar = None
        self.ruled = False
        self.folder = tempfile.mkdtemp(prefix="chaperone-netns-")
        os.chmod(self.folder, 0o1777)
        _alive.add(self)
        try:
            self._build(name)
            self.sniffer = Sniffer(self.far)
            self.outside = self.background(self.far, None, standins.outside)
            if sidecar:
                self.start_sidecar()
        except BaseException:
            self.close()
            raise

    def _build(self, name):
        run("ip", "netns", "add", self.pod)
        run("ip", "netns", "add", self.far)
        # No duplicate address detection before the addresses exist, no router discovery of others.
        quiet = {"ipv6/conf/default/accept_dad": "0", "ipv6/conf/default/dad_transmits": "0"}
        process.call(self.far, None, _write_sysctls, quiet)
        process.call(self.pod, None, _write_sysctls, quiet | {
            # As container runtimes set them: more for an agent to try.
            "ipv4/ping_group_range": "0 2147483647",
            "ipv4/ip_unprivileged_port_start": "0"})
        run("ip", "link", "add", "eth0", "netns", self.pod, "type", "veth", "peer", "name", "eth0",
            "netns", self.far)
        far = ["link set lo up", "link set eth0 up"]
        for family, length in ((4, 24), (6, 64)):
            far.append(f"addr add {GATEWAY[family]}/{length} dev eth0")
            for host in (HOST, OTHER_HOST, RESOLVER, METADATA, NODE_DNS):
                far.append(f"addr add {host[family]}/{32 if family == 4 else 128} dev lo")
        run("ip", "-n", self.far, "-batch", "-", text="\n".join(far))
        run("ip", "-n", self.pod, "link", "set", "lo", "up")
        self.restore_addresses()

    def restore_addresses(self):
        """eth0 of the pod as it should be, also after it went down or learned a route."""
        lines = ["link set eth0 up"]
        for family, length in ((4, 24), (6, 64)):
            lines.append(f"addr replace {POD[family]}/{length} dev eth0")
            lines.append(f"route replace default via {GATEWAY[family]}")
        run("ip", "-n", self.pod, "-batch", "-", text="\n".join(lines))

    def background(self, netns, identity, function, *arguments):
        child = process.Background(netns, identity, function, *arguments)
        self._children.append(child)
        return child

    def start_sidecar(self):
        self.sidecar = self.background(self.pod, identity(SIDECAR), standins.sidecar)

    def stop_sidecar(self):
        self.sidecar.stop()
        self.sidecar = None

    def agent(self, who, function, *arguments):
        return process.call(self.pod, who, function, *arguments)

    def as_sidecar(self, function, *arguments):
        return process.call(self.pod, identity(SIDECAR), function, *arguments)

    def from_far(self, function, *arguments):
        return process.call(self.far, None, function, *arguments)

    def frames(self, settle_s=SETTLE_S):
        """Frames from the pod, but for what its kernel must say of itself and its gateway."""
        return [frame for frame in self.sniffer.frames(settle_s) if not _is_the_kernels(frame)]

    def close(self):
        for child in self._children:
            child.stop()
        self._children = []
        if self.sniffer:
            self.sniffer.close()
        for netns in (self.pod, self.far):
            run("ip", "netns", "delete", netns, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)
        _alive.discard(self)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def identity(uid, gid=None, capabilities=(), no_new_privs=True):
    return {"uid": uid, "gid": uid if gid is None else gid, "capabilities": tuple(capabilities),
            "no_new_privs": no_new_privs}


# The two tiers an agent's container may run in; neither can raise its rights.
TIERS = {
    "user": identity(10001),
    "root": identity(0, capabilities=(kernel.CAP_CHOWN, kernel.CAP_DAC_OVERRIDE, kernel.CAP_FOWNER)),
}


def with_raw(who):
    """The same agent in a container that was left NET_RAW, as runtimes do by default."""
    return who | {"capabilities": who["capabilities"] + (kernel.CAP_NET_RAW,)}


def _clean_up(*_):
    for world in list(_alive):
        world.close()


def _on_signal(number, _frame):
    _clean_up()
    sys.exit(128 + number)


def sweep():
    """Deletes what a run left that was killed before it could."""
    for line in run("ip", "netns", "list").stdout.splitlines():
        name = line.split()[0]
        owner = re.match(r"chp(\d+)x\d+[pf]$", name)
        if owner and not os.path.exists(f"/proc/{owner[1]}"):
            run("ip", "netns", "delete", name, check=False)


atexit.register(_clean_up)
signal.signal(signal.SIGTERM, _on_signal)
signal.signal(signal.SIGINT, _on_signal)
