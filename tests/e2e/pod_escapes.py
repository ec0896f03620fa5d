#!/usr/bin/env python3
"""Runs inside an agent's container of a real pod, as the agent: every way out of tests/netns that an agent
can try from there, with the same code. What must be refused at once is asserted here, one line for each; that
nothing leaves is for whoever watches the pod's cable.

    pod_escapes.py --tier user|root --host ADDRESS --gateway ADDRESS --pod ADDRESS
"""

import argparse
import errno
import os
import pathlib
import socket
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "netns"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "netns"))
import attempts  # noqa: E402
import kernel  # noqa: E402
import process  # noqa: E402
import standins  # noqa: E402

SIDECAR = 19337
NO_RIGHT = {errno.EPERM, errno.EACCES, errno.EROFS, errno.ENOENT, errno.EINVAL, errno.EAFNOSUPPORT,
            errno.EPROTONOSUPPORT, errno.ESOCKTNOSUPPORT, errno.ENODEV, errno.ENOPROTOOPT, errno.EBADF,
            errno.EOPNOTSUPP}


class Escapes:
    def __init__(self, options):
        self.tier, self.host, self.gateway, self.pod = options.tier, options.host, options.gateway, options.pod
        self.failures, self.count = [], 0

    def outcome(self, function, *arguments):
        """(value, None) or (None, errno); in a child, so that nothing outlives the attempt."""
        try:
            return process.call(None, None, function, *arguments), None
        except OSError as error:
            return None, error.errno
        except process.Failed as failed:
            return str(failed), None

    def must_fail(self, name, allowed, function, *arguments):
        self.count += 1
        value, error = self.outcome(function, *arguments)
        if error is None or (allowed and error not in allowed):
            self.failures.append(f"{name}: {value if error is None else errno.errorcode.get(error, error)}")

    def tried(self, function, *arguments):
        """What may end in any way, as long as nothing leaves."""
        self.count += 1
        self.outcome(function, *arguments)

    # -- rows of the escape list (docs/security-model.md)

    def rights(self):
        self.must_fail("2: the sidecar's user", {errno.EPERM}, attempts.switch_to, SIDECAR, os.getuid)
        self.must_fail("2: its group", {errno.EPERM}, os.setgid, SIDECAR)
        self.must_fail("3: a file given to the sidecar", {errno.EPERM} if self.tier == "user" else None, give_away, self.tier)
        self.must_fail("5: mapped to the sidecar", NO_RIGHT, attempts.in_user_namespace, f"{SIDECAR} {SIDECAR} 1", os.getuid)
        self.must_fail("6: a network namespace", NO_RIGHT, kernel.unshare, kernel.CLONE_NEWNET)
        self.must_fail("6: the rules flushed", {errno.EPERM}, flush_rules)
        for name in ("net/ipv4/ip_forward", "net/ipv4/conf/all/route_localnet", "kernel/core_pattern"):
            self.must_fail(f"6: {name}", NO_RIGHT, write_setting, f"/proc/sys/{name}")
        self.must_fail("19: the sidecar's memory", None, find_sidecar)

    def raw(self):
        self.must_fail("7: a packet socket", NO_RIGHT, attempts.frame_send, b"\xff" * 14 + attempts.MARKER)
        self.must_fail("8: a mark", {errno.EPERM}, attempts.set_mark_and, 1, attempts.send, self.host, 443)
        for protocol in (socket.IPPROTO_RAW, 1, 17, 47, 132):
            self.must_fail(f"9: raw protocol {protocol}", NO_RIGHT, open_raw, protocol)
        self.must_fail("8: transparent", NO_RIGHT, attempts.foreign_source, "10.9.9.9", self.host, 443,
                       socket.SOCK_STREAM, True)

    def datagrams(self):
        for port in (443, 80, 123, 853, 5353, 51820, 33434, 9999, 65535):
            self.must_fail(f"11: UDP {port}", attempts.REFUSALS, attempts.send, self.host, port)
        self.must_fail("11: ping", None, attempts.ping, self.host)
        for kind, protocol in ((socket.SOCK_STREAM, 132), (socket.SOCK_SEQPACKET, 132), (socket.SOCK_DGRAM, 136),
                               (socket.SOCK_DCCP if hasattr(socket, "SOCK_DCCP") else 6, 33), (socket.SOCK_STREAM, 262)):
            self.tried(dial_as, kind, protocol, self.host, 443)
        for group in ("224.0.0.251", "239.1.2.3"):
            self.must_fail(f"11: multicast {group}", None, attempts.send, group, 5353)
        self.must_fail("11: broadcast", None, attempts.send, "255.255.255.255", 9, socket.SOCK_DGRAM, 0,
                       ((socket.SOL_SOCKET, socket.SO_BROADCAST, 1),))
        self.tried(attempts.join_group, "239.7.7.7")
        self.must_fail("11: fragments", attempts.REFUSALS, attempts.send, self.host, 443, socket.SOCK_DGRAM, 0, (), b"x" * 4000)
        self.must_fail("11: few hops", attempts.REFUSALS, attempts.send, self.host, 443, socket.SOCK_DGRAM, 0,
                       ((socket.IPPROTO_IP, socket.IP_TTL, 1),))

    def connections(self):
        for address, port in ((self.host, 10250), (self.host, 2379), ("169.254.169.254", 80), ("169.254.20.10", 53),
                              (self.gateway, 22), ("10.96.0.1", 443), ("1.1.1.1", 853), ("192.0.2.1", 443)):
            self.tried(attempts.dial, address, port, None, 0, 1)
        self.tried(attempts.bind_device_after_connect, self.host, 10250)
        self.tried(bound_first, self.host, 10250)
        self.tried(fast_open, self.host, 10250)
        self.tried(attempts.flood, self.host, 10250, 50)
        self.must_fail("27: a foreign source", None, attempts.foreign_source, "10.9.9.9", self.host, 443, socket.SOCK_DGRAM)

    def listeners(self):
        for address in ("127.0.0.1", self.pod):
            for port in (standins.OUTBOUND, standins.INBOUND, standins.DNS):
                self.must_fail(f"24: {address} port {port}", None, attempts.dial, address, port, None, 0, 1)
        for port in (standins.OUTBOUND, standins.DNS, standins.METRICS):
            self.must_fail(f"25: squatting on {port}", {errno.EADDRINUSE}, squat, port)
        for family in range(1, 46):
            if family not in (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK):
                self.tried(other_family, family)

    def judge(self):
        for part in (self.rights, self.raw, self.datagrams, self.connections, self.listeners):
            part()
        for line in self.failures:
            print("FAIL", line)
        print(f"{self.count} attempts, {len(self.failures)} failures")
        return 1 if self.failures else 0


def give_away(tier):
    """A program that would run as the sidecar: written, given away, and its set-user-ID bit taken."""
    path = "/tmp/given"
    pathlib.Path(path).write_bytes(pathlib.Path("/bin/bash").read_bytes())
    os.chown(path, SIDECAR, SIDECAR)
    os.chmod(path, 0o6755)
    uid = attempts.run_setuid_shell(path, "192.0.2.1", 443)
    if uid != SIDECAR:
        raise OSError(errno.EPERM, f"ran as {uid}")
    return f"{tier}: ran as the sidecar"


def flush_rules():
    """NFT_MSG_DELTABLE of everything, in a batch of nfnetlink."""
    generic = struct.pack("BBH", 0, 0, socket.htons(10))
    message = lambda kind, body, number: struct.pack("=IHHII", 16 + len(body), kind, 5, number, 0) + body
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12) as sock:
        sock.settimeout(2)
        sock.bind((0, 0))
        sock.send(message(16, generic, 1) + message((10 << 8) | 2, struct.pack("BBH", 0, 0, 0), 2) + message(17, generic, 3))
        answer = sock.recv(4096)
    code = struct.unpack("=i", answer[16:20])[0]
    if code:
        raise OSError(-code, "netlink")


def write_setting(path):
    with open(path, "r+") as file:
        file.write(file.read())


def find_sidecar():
    """A process that is not of this container, which sharing would show."""
    mine = os.readlink("/proc/self/exe")
    for entry in pathlib.Path("/proc").glob("[0-9]*/comm"):
        if "chaperone" in entry.read_text():
            return f"{entry} beside {mine}"
    raise OSError(errno.ENOENT, "none")


def open_raw(protocol):
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, protocol):
        return protocol


def dial_as(kind, protocol, address, port):
    with socket.socket(socket.AF_INET, kind, protocol) as sock:
        sock.settimeout(0.3)
        sock.connect((address, port))
        sock.send(attempts.MARKER)


def bound_first(address, port):
    sock = attempts.make_socket(address, timeout=1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0")
    sock.connect((address, port))
    sock.send(attempts.MARKER)


def fast_open(address, port):
    sock = attempts.make_socket(address, timeout=1)
    sock.sendto(attempts.MARKER, 0x20000000, (address, port))  # MSG_FASTOPEN


def squat(port):
    with standins.listen(port, "127.0.0.1"):
        return port


def other_family(family):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET):
        try:
            with socket.socket(family, kind) as sock:
                sock.settimeout(0.2)
                sock.connect((2, 1234) if family == 40 else (0, 0))
                sock.send(attempts.MARKER)
        except (OSError, TypeError, OverflowError):
            pass


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tier", choices=("user", "root"), required=True)
    for name in ("host", "gateway", "pod"):
        parser.add_argument(f"--{name}", required=True)
    sys.exit(Escapes(parser.parse_args()).judge())


if __name__ == "__main__":
    main()
