"""What must go on working under the rules; without these a rule that closes all would pass."""

import errno
import os
import socket
import time

import attempts
import packets
import process
import rules
import standins
import topology
from attempts import MARKER
from cases import captured, duty, expect, outcome
from topology import GATEWAY, HOST, LOOPBACK, POD, RESOLVER, SIDECAR, identity

TAIL_BYTES = 3_000_000


@duty("-", backends=())
def the_sidecar_gets_out(world, _who, family):
    said = world.as_sidecar(attempts.dial, HOST[family], 443)
    expect(said == "outside 443 direct", said)
    expect(world.frames(), "the sniffer is blind")


@duty("-")
def the_sidecar_asks_its_resolver(world, _who, family):
    answer = world.as_sidecar(attempts.exchange, RESOLVER[family], 53, 0, b"q")
    expect(answer == b"outside q", f"{answer!r}")


@duty("-", tiers=("user", "root"))
def agents_are_captured(world, who, family):
    for port in (443, 1, 22, 5432, 19001, 19053, 65535):
        captured(world, who, HOST[family], port)
    captured(world, who, HOST[family], 53)
    answer, error = outcome(world, who, attempts.exchange, RESOLVER[family], 53)
    expect(answer == b"sidecar " + MARKER, f"DNS: {answer!r} errno {error}")


@duty("-", tiers=("user", "root"))
def loopback_is_the_agents_own(world, who, family):
    port = 4455
    child = world.background(world.pod, who, standins.serve, "friend", (port, 53), (port,))
    try:
        for target in (LOOPBACK[family], POD[family]):
            expect(world.agent(who, attempts.dial, target, port).startswith("friend"), target)
            expect(world.agent(who, attempts.dial, target, 53).startswith("friend"), target)
            expect(world.agent(who, attempts.exchange, target, port) == b"friend " + MARKER, target)
    finally:
        child.stop()


@duty("-")
def closed_loopback_ports_refuse_at_once(world, who, family):
    for function in (attempts.dial, attempts.exchange):
        value, error = outcome(world, who, function, LOOPBACK[family], 4456)
        expect(error == errno.ECONNREFUSED, f"{function.__name__}: {value!r} errno {error}")


@duty("lesson: ownerless packets")
def an_agents_last_bytes_arrive_on_loopback(world, who, family):
    path = os.path.join(world.folder, f"local{family}")
    child = world.background(world.pod, who, standins.hold, 4457, 0.001, path)
    try:
        sent = world.agent(who, attempts.leave_behind, LOOPBACK[family], 4457, TAIL_BYTES)
        expect(_counted(path) == sent, f"{_counted(path)} of {sent} bytes arrived")
    finally:
        child.stop()


@duty("lesson: ownerless packets")
def the_sidecars_last_bytes_arrive(world, _who, family):
    """It closes with much still queued, and no socket owns what is sent then."""
    path = os.path.join(world.folder, f"far{family}")
    child = world.background(world.far, None, standins.hold, 7001, 0.001, path)
    try:
        process.call(world.pod, None, topology._write_sysctls, {"ipv4/tcp_wmem": "4096 8388608 16777216"})
        sent = world.as_sidecar(attempts.leave_behind, HOST[family], 7001, TAIL_BYTES)
        expect(sent > 1_000_000, f"only {sent} bytes were queued: proves nothing")
        expect(_counted(path) == sent, f"{_counted(path)} of {sent} bytes arrived")
    finally:
        child.stop()


def _counted(path, wait_s=4 * attempts.ANSWER_S):
    until = time.monotonic() + wait_s
    while time.monotonic() < until:
        try:
            with open(path, encoding="ascii") as file:
                if text := file.read():
                    return int(text)
        except FileNotFoundError:
            pass
        time.sleep(0.02)
    return None


@duty("-", families=(6,))
def neighbours_are_found(world, _who, _family):
    """Our solicitation, their advertisement, and the other way round."""
    topology.run("ip", "-n", world.pod, "-6", "neigh", "flush", "dev", "eth0")
    topology.run("ip", "-n", world.far, "-6", "neigh", "flush", "dev", "eth0")
    said = world.as_sidecar(attempts.dial, HOST[6], 443)
    expect(said == "outside 443 direct", said)
    topology.run("ip", "-n", world.pod, "-6", "neigh", "flush", "dev", "eth0")
    topology.run("ip", "-n", world.far, "-6", "neigh", "flush", "dev", "eth0")
    expect(world.from_far(attempts.dial, POD[6], standins.PROBE).startswith("sidecar"), "from outside")


@duty("-", families=(6,))
def routers_are_asked_and_heard(world, _who, _family):
    settings = {"ipv6/conf/eth0/accept_ra": "2", "ipv6/conf/eth0/router_solicitation_delay": "0"}
    process.call(world.pod, None, topology._write_sysctls, settings)
    try:
        world.sniffer.frames(0)
        topology.run("ip", "-n", world.pod, "link", "set", "eth0", "down")
        topology.run("ip", "-n", world.pod, "link", "set", "eth0", "up")
        until = time.monotonic() + 3 * attempts.ANSWER_S
        while not any(frame.icmp_type == 133 for frame in world.sniffer.frames(0.05)):
            expect(time.monotonic() < until, "no router solicitation was sent")
        # An advertisement with a lifetime makes a default route.
        body = bytes([64, 0]) + (300).to_bytes(2, "big") + b"\0" * 8
        link_local = topology.run("ip", "-n", world.far, "-6", "-o", "addr", "show", "dev", "eth0",
                                  "scope", "link").stdout.split()[3].split("/")[0]
        packet = packets.icmpv6(link_local, "ff02::1", 134, 0, body)
        world.from_far(_send_on_link, packet)
        until = time.monotonic() + 2 * attempts.ANSWER_S
        while "proto ra" not in topology.run("ip", "-n", world.pod, "-6", "route").stdout:
            expect(time.monotonic() < until, "the router's advertisement was not heard")
            time.sleep(0.02)
    finally:
        world.restore_addresses()


def _send_on_link(packet):
    frame = b"\x33\x33\0\0\0\x01" + b"\x02" + b"\0" * 5 + b"\x86\xdd" + packet
    attempts.frame_send(frame)


@duty("lesson: ICMP errors")
def the_sidecar_hears_of_unreachable_places(world, _who, family):
    place = {4: "203.0.113.200", 6: "2001:db8:dead::200"}[family]
    version = ["-6"] if family == 6 else []
    topology.run("ip", *version, "-n", world.far, "route", "replace", "unreachable", place)
    forwarding = "ipv4/ip_forward" if family == 4 else "ipv6/conf/all/forwarding"
    process.call(world.far, None, topology._write_sysctls, {forwarding: "1"})
    try:
        said = world.as_sidecar(attempts.dial, place, 443, None, 0, 3)
    except OSError as error:
        expect(error.errno in (errno.EHOSTUNREACH, errno.ENETUNREACH), f"errno {error.errno}")
    else:
        raise AssertionError(f"{place} answered {said}")


@duty("lesson: ICMP errors")
def the_sidecar_hears_of_a_smaller_path(world, _who, family):
    """Path-MTU discovery: fragmentation needed, packet too big."""
    child = world.background(world.far, None, standins.hold, 7002)
    sport = 29020

    def connect():
        sock = attempts.make_socket(HOST[family], sport=sport, timeout=2)
        sock.connect((HOST[family], 7002))
        return [sock]
    try:
        sock, = process.call_for_sockets(world.pod, identity(SIDECAR), connect)
        with sock:
            world.sniffer.frames()
            sock.send(b"x" * 1000)
            sent = _next_of([frame for frame in world.frames() if frame.payload][0])
            if family == 4:
                packet = packets.icmp(GATEWAY[4], POD[4], 3, 4, b"\0\0" + (1280).to_bytes(2, "big") + sent[:48])
            else:
                packet = packets.icmpv6(GATEWAY[6], POD[6], 2, 0, (1280).to_bytes(4, "big") + sent[:500], 64)
            world.from_far(attempts.raw_send, POD[family], packet)
            time.sleep(0.05)
            level, option = (socket.IPPROTO_IPV6, 24) if family == 6 else (socket.IPPROTO_IP, 14)
            size = sock.getsockopt(level, option)
            expect(size == 1280, f"the path's size is still {size}")
    finally:
        child.stop()


def _next_of(frame):
    """The packet's head with the sequence number that is not acknowledged yet: the kernel believes
    an error about no other."""
    head = 20 if frame.protocol == 6 and frame.packet[0] >> 4 == 4 else 40
    sequence = int.from_bytes(frame.packet[head + 4 : head + 8], "big") + len(frame.payload)
    return frame.packet[: head + 4] + (sequence % 2**32).to_bytes(4, "big") + frame.packet[head + 8 :]


@duty("-")
def refusals_are_counted(world, who, family):
    def grew(do):
        before = rules.counters(world, family).get("escaped_out", 0)
        try:
            do()
        except OSError:
            pass
        return rules.counters(world, family).get("escaped_out", 0) > before
    expect(grew(lambda: world.agent(who, attempts.send, HOST[family], 443)), "an agent's datagram")
    expect(grew(lambda: world.as_sidecar(attempts.send, HOST[family], 443)), "a stray of the sidecar's")


@duty("11")
def refusals_are_heard(world, who, family):
    """Who ignores the error of a send hears of it on the next receive."""
    def ignore_the_first():
        sock = attempts.bound_and_connected(HOST[family], 443, 0)
        try:
            sock.send(MARKER)
        except OSError:
            pass
        return attempts.error_queue(sock)
    expect(world.agent(who, ignore_the_first), "no ICMP error followed")


@duty("-")
def the_sidecars_strays_are_refused(world, _who, family):
    for port in (443, 53, 123):
        try:
            world.as_sidecar(attempts.send, HOST[family], port)
        except OSError as error:
            expect(error.errno in attempts.REFUSALS, f"errno {error.errno}")
        else:
            raise AssertionError(f"the sidecar sent UDP to port {port} of a stranger")
    expect(not world.frames(), "frames got out")
