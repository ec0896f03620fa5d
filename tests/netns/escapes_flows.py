"""Rows 13-16, 26, 27, 44 and the lessons about flows: what conntrack remembers, and for whom."""

import errno
import signal
import socket
import time

import attempts
import packets
import process
import standins
import topology
from attempts import MARKER, SILENCE_S
from cases import captured, escape, expect, outcome, refused
from topology import (GATEWAY, HOST, LOOPBACK, METADATA, NODE_DNS, OTHER_HOST, POD, RESOLVER, TIERS,
                      identity)

HOLD_PORT = 7000
SILENT = {4: "203.0.113.5", 6: "2001:db8:dead::5"}  # the far side drops what goes there


def from_sidecar(frame):
    """The allowed traffic of the cases below: queries to the resolver, and TCP."""
    return frame.protocol == 6 or (frame.protocol == 17 and frame.dport == 53
                                   and frame.target in RESOLVER.values())


def silence(world, family):
    version = ["-6"] if family == 6 else []
    topology.run("ip", *version, "-n", world.far, "route", "replace", "blackhole", SILENT[family])


def _open_both(family):
    tcp = attempts.make_socket(HOST[family], timeout=3)
    tcp.connect((HOST[family], HOLD_PORT))
    udp = attempts.make_socket(HOST[family], socket.SOCK_DGRAM)
    udp.connect((HOST[family], 9999))
    return [tcp, udp]


def _use_old(tcp, udp, must_die):
    """Sends on both; whether the TCP connection was ended within seconds."""
    died = False
    tcp.settimeout(3)
    try:
        udp.send(MARKER)
    except OSError as error:
        expect(error.errno in attempts.REFUSALS, f"errno {error.errno}")
    try:
        tcp.send(MARKER)
        tcp.settimeout(2 * attempts.ANSWER_S if must_die else 0.2)
        died = tcp.recv(1) == b""
    except OSError as error:
        died = error.errno in attempts.REFUSALS
    tcp.close()  # its FIN has no owner any more
    time.sleep(0.3)
    return died


def flows_opened_before_the_rules(load, tier, family, loose):
    """A world of its own: sockets first, then rules by load(world). Without load, the control."""
    with topology.World() as world:
        world.background(world.far, None, standins.hold, HOLD_PORT)
        process.call(world.pod, None, topology._write_sysctls,
                     {"netfilter/nf_conntrack_tcp_loose": "1" if loose else "0"})
        tcp, udp = process.call_for_sockets(world.pod, TIERS[tier], _open_both, family)
        if load:
            world.stop_sidecar()
            load(world)
            world.start_sidecar()
        world.sniffer.frames()
        died = world.agent(TIERS[tier], _use_old, tcp, udp, bool(load))
        tcp.close()
        frames = world.frames()
        if load:
            expect(not frames, "an old flow got out: " + "; ".join(map(str, frames[:4])))
            expect(died, "an old connection hung instead of ending")
        else:
            expect(frames, "vacuous: the old flows sent nothing in the control")


@escape("14", control=False, allows=from_sidecar)
def the_sidecars_dns_port_taken_over(world, who, family):
    """Its entry in conntrack would let the agent's query pass without NAT, or refuse it."""
    sport = 29001
    answer = world.as_sidecar(attempts.exchange, RESOLVER[family], 53, sport, b"sidecar's own")
    expect(answer == b"outside sidecar's own", f"the sidecar's query: {answer!r}")
    world.frames()
    value, error = outcome(world, who, attempts.exchange, RESOLVER[family], 53, sport)
    expect(value == b"sidecar " + MARKER, f"the agent's query: {value!r} errno {error}")
    seen = [frame for frame in world.frames() if MARKER in frame.raw]
    expect(not seen, f"the agent's query got out: {seen}")


@escape("14", control=False, allows=from_sidecar)
def the_agents_dns_port_taken_over(world, who, family):
    """The other way round the sidecar's query would come back to itself."""
    sport = 29002
    value, error = outcome(world, who, attempts.exchange, RESOLVER[family], 53, sport)
    expect(value == b"sidecar " + MARKER, f"the agent's query: {value!r} errno {error}")
    answer = world.as_sidecar(attempts.exchange, RESOLVER[family], 53, sport, b"sidecar's own")
    expect(answer == b"outside sidecar's own", f"the sidecar's query: {answer!r}")


@escape("14", control=False, allows=from_sidecar)
def queries_after_a_stranger_answered(world, who, family):
    """A datagram from outside must leave no entry that bends the agent's next query."""
    sport = 29003
    world.from_far(_send_from, RESOLVER[family], 53, POD[family], sport, b"unasked")
    value, error = outcome(world, who, attempts.exchange, RESOLVER[family], 53, sport)
    expect(value == b"sidecar " + MARKER, f"the agent's query: {value!r} errno {error}")


def _send_from(source, sport, target, port, payload):
    attempts.raw_send(target, packets.udp(source, sport, target, port, payload))


@escape("15", control=False, allows=from_sidecar)
def the_sidecars_tcp_port_taken_over(world, who, family):
    sport = 29004
    said = world.as_sidecar(attempts.dial, HOST[family], 443, None, sport)
    expect(said == "outside 443 direct", f"the sidecar's dial: {said}")
    world.frames()
    captured(world, who, HOST[family], 443, sport=sport)
    expect(not world.frames(), "frames got out")


@escape("15, lesson: simultaneous open", allows=None)
def the_port_of_an_unanswered_dial(world, who, family):
    """Our mark is on that pair; no SYN may pass on it, in or out, whoever holds the port now."""
    sport, port = 29005, 4000
    silence(world, family)

    def give_up():
        sock = attempts.make_socket(SILENT[family], sport=sport, timeout=0.05)
        try:
            sock.connect((SILENT[family], port))
        except TimeoutError:
            pass
        sock.close()
    if world.ruled:
        world.as_sidecar(give_up)
    world.frames()

    def listen_there():
        sock = attempts.make_socket(SILENT[family], sport=sport)
        sock.listen(8)
        return [sock]
    listener, = process.call_for_sockets(world.pod, who, listen_there)
    with listener:
        world.from_far(attempts.raw_send, POD[family],
                       packets.tcp(SILENT[family], port, POD[family], sport, packets.SYN))
        if world.ruled:
            world.from_far(attempts.raw_send, POD[family],
                           packets.tcp(SILENT[family], port, POD[family], sport, packets.SYN, 5000))
    if world.ruled:
        outcome(world, who, attempts.dial, SILENT[family], port, None, sport, 0.1)


@escape("16", control=False)
def one_port_to_two_places(world, who, family):
    def both():
        answers = []
        held = []
        for target in (HOST[family], OTHER_HOST[family]):
            sock = attempts.make_socket(target)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            sock.bind(("::" if family == 6 else "0.0.0.0", 29006))
            sock.connect((target, 443))
            held.append(sock)
            answers.append(sock.recv(200).decode().strip())
        return answers
    answers = world.agent(who, both)
    meant = [f"sidecar 19001 {target} 443" for target in (HOST[family], OTHER_HOST[family])]
    expect(answers == meant, f"{answers}")


@escape("26")
def the_sidecar_is_dead(world, who, family):
    world.stop_sidecar()
    try:
        value, error = outcome(world, who, attempts.dial, HOST[family], 443)
        expect(not world.ruled or error == errno.ECONNREFUSED, f"TCP: {value!r} errno {error}")
        value, error = outcome(world, who, attempts.exchange, RESOLVER[family], 53)
        expect(not world.ruled or error == errno.ECONNREFUSED, f"DNS: {value!r} errno {error}")
        refused(world, who, attempts.send, HOST[family], 443)
    finally:
        world.start_sidecar()


@escape("26")
def the_sidecar_is_stopped(world, who, family):
    world.sidecar.signal(signal.SIGSTOP)
    try:
        dial = (attempts.dial, HOST[family], 443, None, 0, SILENCE_S)
        ask = (attempts.exchange, HOST[family], 53, 0, MARKER, SILENCE_S)
        for arguments in (dial, ask):
            value, _ = outcome(world, who, *arguments)
            expect(not world.ruled or value is None, f"somebody answered: {value!r}")
        refused(world, who, attempts.send, HOST[family], 443)
    finally:
        world.sidecar.signal(signal.SIGCONT)


@escape("27")
def metadata_and_node_services(world, who, family):
    for target, port in ((METADATA[family], 80), (GATEWAY[family], 10250), (NODE_DNS[family], 80)):
        captured(world, who, target, port)
        refused(world, who, attempts.send, target, port)
    captured(world, who, NODE_DNS[family], 53)
    value, error = outcome(world, who, attempts.exchange, NODE_DNS[family], 53)
    expect(not world.ruled or value == b"sidecar " + MARKER, f"node DNS: {value!r} errno {error}")


@escape("44")
def forwarding_through_the_pod(world, _who, family):
    names = ("ipv4/conf/all/forwarding",) if family == 4 else ("ipv6/conf/all/forwarding",)
    length = 32 if family == 4 else 128
    topology.run("ip", *(["-6"] if family == 6 else []), "-n", world.far, "route", "replace",
                 f"{SILENT[family]}/{length}", "via", POD[family])
    try:
        process.call(world.pod, None, topology._write_sysctls, {name: "1" for name in names})
        for packet in (packets.udp(GATEWAY[family], 5000, SILENT[family], 5000, MARKER),
                       packets.tcp(GATEWAY[family], 5001, SILENT[family], 5000, packets.SYN)):
            world.from_far(attempts.raw_send, SILENT[family], packet)
    finally:
        process.call(world.pod, None, topology._write_sysctls, {name: "0" for name in names})


@escape("lesson: bind to device")
def a_connection_moved_to_the_cable(world, who, family):
    """Its FIN for a loopback address would leave by eth0."""
    world_port = 4445
    child = world.background(world.pod, who, standins.serve, "agent", (world_port,), (),
                             LOOPBACK[family])
    try:
        world.frames()
        outcome(world, who, attempts.bind_device_after_connect, LOOPBACK[family], world_port)
        outcome(world, who, attempts.bind_device_after_connect, HOST[family], 443)
    finally:
        child.stop()


@escape("lesson: foreign source", families=(6,))
def a_source_that_is_not_ours(world, who, _family):
    """Free binding needs no right in IPv6; the answers would go to the address bound."""
    foreign = "2001:db8:66::66"
    places = [(HOST[6], 443, socket.SOCK_STREAM), (HOST[6], 9999, socket.SOCK_DGRAM)]
    for port in (standins.OUTBOUND, standins.INBOUND, standins.PROBE, standins.DNS, standins.METRICS):
        places += [(LOOPBACK[6], port, socket.SOCK_STREAM), (POD[6], port, socket.SOCK_STREAM)]
    for target, port, kind in places:
        outcome(world, who, attempts.foreign_source, foreign, target, port, kind)


@escape("lesson: foreign source")
def a_transparent_source(world, who, family):
    foreign = {4: "203.0.113.66", 6: "2001:db8:66::66"}[family]
    for port in (standins.OUTBOUND, standins.PROBE, standins.METRICS):
        for target in (LOOPBACK[family], POD[family]):
            outcome(world, topology.with_raw(who), attempts.foreign_source, foreign, target, port,
                    socket.SOCK_STREAM, True)
    outcome(world, topology.with_raw(who), attempts.foreign_source, foreign, HOST[family], 443,
            socket.SOCK_DGRAM, True)


@escape("lesson: ownerless packets", control=False)
def a_flood_of_dials(world, _who, family):
    """More than a listener's backlog would be answered with SYN cookies, which have no owner."""
    flooder, other = identity(10005), identity(10006)
    kept, met = world.agent(flooder, attempts.flood, HOST[family], 443, 230)
    expect(kept <= 200 and met <= {errno.ECONNREFUSED}, f"{kept} came through, errnos {met}")
    time.sleep(0.05)
    captured(world, other, HOST[family], 443)
