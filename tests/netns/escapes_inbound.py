"""Rows 24, 25, 33 and the lessons about what arrives: who may be reached, who may answer."""

import socket

import attempts
import packets
import process
import standins
from attempts import MARKER, SILENCE_S
from cases import duty, escape, expect, outcome
from standins import DNS, INBOUND, METRICS, OUTBOUND, PROBE
from topology import DECLARED_PORT, HOST, LOOPBACK, POD, RESOLVER, identity, with_raw

OURS = (OUTBOUND, INBOUND, PROBE, DNS, METRICS)
SQUATTER, VICTIM = identity(10003), identity(10004)


@escape("24", control=False)
def the_sidecars_ports_dialled_directly(world, who, family):
    for target in (LOOPBACK[family], POD[family]):
        for port in (OUTBOUND, INBOUND, DNS):
            value, error = outcome(world, who, attempts.dial, target, port)
            expect(error in attempts.REFUSALS, f"{target}:{port}: {value!r} errno {error}")
        value, error = outcome(world, who, attempts.exchange, target, DNS)
        expect(error in attempts.REFUSALS, f"UDP {target}:{DNS}: {value!r} errno {error}")


@escape("24, port-forward", control=False)
def the_sidecars_ports_dialled_by_a_runtime(world, _who, family):
    """kubectl port-forward dials from inside the pod, as root with every right."""
    for port in (OUTBOUND, INBOUND, DNS):
        try:
            said = process.call(world.pod, None, attempts.dial, LOOPBACK[family], port)
        except OSError as error:
            expect(error.errno in attempts.REFUSALS, f"port {port}: errno {error.errno}")
        else:
            raise AssertionError(f"port {port} answered: {said}")


def _patience(world):
    return SILENCE_S if world.ruled else attempts.ANSWER_S


def _far_dial(world, family, port):
    """What answers from outside; None if nothing does."""
    try:
        return world.from_far(attempts.dial, POD[family], port, None, 0, _patience(world))
    except OSError:
        return None


def _far_exchange(world, family, port):
    try:
        return world.from_far(attempts.exchange, POD[family], port, 0, MARKER, _patience(world))
    except OSError:
        return None


def _squatter_said(world, family):
    """Everyone whom a squatter could answer; what he said to each."""
    heard = []
    for port in (443, 53):
        heard.append(outcome(world, VICTIM, attempts.dial, HOST[family], port, None, 0, SILENCE_S)[0])
    heard.append(outcome(world, VICTIM, attempts.exchange, HOST[family], 53, 0, MARKER, SILENCE_S)[0])
    for port in (DECLARED_PORT, PROBE, METRICS, OUTBOUND, INBOUND):
        heard.append(_far_dial(world, family, port))
    return heard


@escape("25")
def squatting_on_the_sidecars_ports(world, who, family):
    """While the sidecar restarts, an agent listens in its place."""
    world.stop_sidecar()
    try:
        child = world.background(world.pod, who, standins.serve, "squatter", OURS, (DNS,))
        try:
            heard = _squatter_said(world, family)
        finally:
            child.stop()
    finally:
        world.start_sidecar()
    if world.ruled:
        expect(not any(heard), f"the squatter was heard: {heard}")


@escape("33")
def a_shell_that_listens(world, who, family):
    child = world.background(world.pod, who, standins.serve, "shell", (4444, 53), (4444, 53))
    try:
        for function, port in ((_far_dial, 4444), (_far_dial, 53), (_far_exchange, 4444),
                               (_far_exchange, 53)):
            said = function(world, family, port)
            expect(bool(said) != world.ruled, f"port {port}: {said!r}")
    finally:
        child.stop()


@escape("33", tiers=("user",))
def closed_ports_say_nothing(world, _who, family):
    for port in (1, 4444, 65000):
        _far_dial(world, family, port)
        _far_exchange(world, family, port)


@escape("33, 24")
def the_sidecars_ports_from_outside(world, _who, family):
    """Only probes and metrics are dialled by name; inbound traffic comes by its declared port."""
    for port in (OUTBOUND, INBOUND, DNS):
        said = _far_dial(world, family, port)
        expect(bool(said) != world.ruled, f"port {port}: {said!r}")


@escape("lesson: resolver's port", control=False)
def datagrams_from_the_resolvers_port(world, who, family):
    sport = 29010
    sock, = process.call_for_sockets(
        world.pod, who, lambda: [attempts.make_socket(POD[family], socket.SOCK_DGRAM, sport=sport)])
    with sock:
        for source in (RESOLVER[family], HOST[family]):
            packet = packets.udp(source, 53, POD[family], sport, MARKER)
            world.from_far(attempts.raw_send, POD[family], packet)
        sock.settimeout(0.2)
        try:
            expect(not sock.recv(100), "a datagram reached the agent")
        except TimeoutError:
            pass


@escape("lesson: resolver's port", control=False, backends=("nft",))
def late_answers_for_a_port_now_the_agents(world, who, family):
    sport = 29011
    world.as_sidecar(attempts.exchange, RESOLVER[family], 53, sport, b"own")
    world.frames()
    sock, = process.call_for_sockets(
        world.pod, who, lambda: [attempts.make_socket(POD[family], socket.SOCK_DGRAM, sport=sport)])
    with sock:
        packet = packets.udp(RESOLVER[family], 53, POD[family], sport, MARKER)
        world.from_far(attempts.raw_send, POD[family], packet)
        sock.settimeout(0.2)
        try:
            expect(not sock.recv(100), "an answer reached the agent")
        except TimeoutError:
            pass


@escape("lesson: resolver's port", control=False)
def answers_forged_on_loopback(world, who, family):
    """The agent says to be the resolver, before the resolver can answer."""
    sport = 29012
    sock, = process.call_for_sockets(
        world.pod, identity(19337), lambda: [attempts.bound_and_connected(RESOLVER[family], 53, sport)])
    with sock:
        packet = packets.udp(RESOLVER[family], 53, POD[family], sport, MARKER)
        outcome(world, with_raw(who), attempts.raw_send, POD[family], packet)
        if family == 6:
            outcome(world, who, _forge_freely, RESOLVER[6], POD[6], sport)
        sock.settimeout(0.2)
        try:
            expect(not sock.recv(100), "a forged answer reached the sidecar")
        except TimeoutError:
            pass


def _forge_freely(source, target, port):
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.IPPROTO_IPV6, attempts.IPV6_FREEBIND, 1)
        sock.bind((source, 53))
        sock.sendto(MARKER, (target, port))


def _error_reaches(world, family, sock, quoted):
    packet = packets.icmp_error(HOST[family], quoted + MARKER)
    world.from_far(attempts.raw_send, POD[family], packet)
    return MARKER in attempts.error_queue(sock)


@escape("lesson: ICMP errors", control=False)
def errors_about_what_was_never_sent(world, who, family):
    sport = 29013
    sock, = process.call_for_sockets(world.pod, who, lambda: [
        attempts.bound_and_connected(HOST[family], 9999, sport)])
    with sock:
        quoted = packets.udp(POD[family], sport, HOST[family], 9999, MARKER)
        expect(not _error_reaches(world, family, sock, quoted), "an ICMP error reached the agent")


@escape("lesson: ICMP errors", control=False)
def errors_about_a_captured_query(world, who, family):
    """Related to a flow that conntrack knows, but not to one of the sidecar's."""
    sport = 29014
    sock, = process.call_for_sockets(world.pod, who, lambda: [
        attempts.bound_and_connected(HOST[family], 53, sport)])
    with sock:
        def ask():
            sock.settimeout(1)
            sock.send(MARKER)
            return sock.recv(100)
        expect(world.agent(who, ask) == b"sidecar " + MARKER, "the query was not captured")
        quoted = packets.udp(POD[family], sport, HOST[family], 53, MARKER)
        expect(not _error_reaches(world, family, sock, quoted), "an ICMP error reached the agent")


@duty("33")
def a_declared_port_reaches_the_sidecar(world, _who, family):
    said = world.from_far(attempts.dial, POD[family], DECLARED_PORT)
    expect(said == f"sidecar {INBOUND} {POD[family]} {DECLARED_PORT}", said)


@duty("33")
def probes_and_metrics_are_reached(world, _who, family):
    for port in (PROBE, METRICS):
        said = world.from_far(attempts.dial, POD[family], port)
        expect(said.startswith(f"sidecar {port}"), said)
