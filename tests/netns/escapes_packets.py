"""Rows 7, 9-11: packets that are not a captured TCP connection."""

import errno
import socket
import struct

import attempts
import packets
import process
import standins
from attempts import MARKER
from cases import escape, expect, limit, outcome, refused
from topology import GATEWAY, HOST, LOOPBACK, POD, RESOLVER, SIDECAR, identity, with_raw

BROADCAST = "10.77.0.255"
GROUPS = {4: "224.0.0.251", 6: "ff02::fb"}
ABSENT = {errno.EPROTONOSUPPORT, errno.ESOCKTNOSUPPORT, errno.EAFNOSUPPORT, errno.EINVAL}


def _marked(world):
    """Any frame with our bytes, neighbour talk included; a control waits for one."""
    for _ in range(1 if world.ruled else 50):
        if seen := [frame for frame in world.sniffer.frames() if MARKER in frame.raw]:
            return seen
    return []


def _marked_in_time(world):
    return any(MARKER in frame.raw for _ in range(50) for frame in world.sniffer.frames())


def _frames_of(family):
    ends = bytes.fromhex("ffffffffffff") + b"\x02" + b"\0" * 5
    datagram = packets.udp(POD[family], 4000, HOST[family], 443, MARKER)
    kinds = [(packets.ETH_IP if family == 4 else packets.ETH_IPV6, datagram)]
    if family == 4:
        kinds.append((packets.ETH_ARP, b"\0" * 28 + MARKER))
        kinds.append((0x88B5, MARKER * 4))
    return [ends + struct.pack("!H", kind) + body for kind, body in kinds]


@escape("7", control=False)
def packet_socket_without_the_right(world, who, family):
    for frame in _frames_of(family):
        _, error = outcome(world, who, attempts.frame_send, frame)
        expect(error == errno.EPERM, f"a packet socket was given: errno {error}")


@escape("7", layer2=True)
def packet_socket_with_net_raw(world, who, family):
    for frame in _frames_of(family):
        for bypass in (False, True):
            outcome(world, with_raw(who), attempts.frame_send, frame, bypass)
            seen = _marked(world)
            expect(bool(seen) != world.ruled, f"frame {frame[12:14].hex()}: {len(seen)} seen")
    outcome(world, who, attempts.send, HOST[family], 443)


@escape("7", families=(4,), control=False)
def xdp_socket_without_the_right(world, who, family):
    _, error = outcome(world, who, attempts.xdp_send, _frames_of(family)[0])
    expect(error in {errno.EPERM} | ABSENT, f"an AF_XDP socket was given: errno {error}")


@limit("7", families=(4,))
def xdp_socket_with_net_raw(world, who, family):
    _, error = outcome(world, with_raw(who), attempts.xdp_send, _frames_of(family)[0])
    if error in ABSENT:
        return
    expect(error is None, f"an AF_XDP socket was not given: errno {error}")
    expect(_marked_in_time(world), "AF_XDP is held now: take it from docs/limits.md and docs/capture.md")


@escape("7", families=(4,), tiers=("user",), layer2=True)
def other_ethertypes_even_from_the_sidecars_user(world, _who, _family):
    def go():
        attempts.frame_send(b"\xff" * 12 + b"\x88\xb5" + MARKER)
    outcome(world, with_raw(identity(SIDECAR)), go)


def _raw_batch(family):
    source, target = POD[family], HOST[family]
    batch = [packets.udp(source, 5000, target, port, MARKER) for port in (443, 853, 9999)]
    flags = (packets.ACK, packets.RST, packets.FIN, packets.SYN | packets.FIN, 0,
             packets.FIN | packets.PSH | packets.URG, packets.SYN | packets.ACK, packets.SYN)
    for number, flag in enumerate(flags):
        batch.append(packets.tcp(source, 5100 + number, target, 443, flag, payload=MARKER))
    for protocol in (47, 50, 89, 103, 132, 136, 253):  # GRE, ESP, OSPF, PIM, SCTP, UDPLITE, test
        batch.append(packets.ip(source, target, protocol, MARKER))
    if family == 4:
        batch.append(packets.icmp(source, target, 8, 0, b"\0" * 4 + MARKER))
        batch.append(packets.icmp(source, target, 3, 1, b"\0" * 4 + MARKER))
    else:
        batch.append(packets.icmpv6(source, target, 128, 0, b"\0" * 4 + MARKER))
        batch.append(packets.icmpv6(source, target, 1, 1, b"\0" * 4 + MARKER))
    return batch


@escape("9, 10")
def raw_packets_of_every_kind(world, who, family):
    outcome(world, with_raw(who), attempts.raw_send_all, HOST[family], _raw_batch(family))


@escape("9", families=(6,))
def neighbour_talk_with_a_message_inside(world, who, _family):
    """Looks like what the kernel must be allowed to say; only its owner gives it away."""
    for kind in (133, 135, 136):
        body = b"\0" * 4 + (b"" if kind == 133 else socket.inet_pton(socket.AF_INET6, GATEWAY[6])) + MARKER
        packet = packets.icmpv6(POD[6], GATEWAY[6], kind, 0, body)
        outcome(world, with_raw(who), attempts.raw_send, GATEWAY[6], packet)
        seen = _marked(world)
        expect(bool(seen) != world.ruled, f"ICMPv6 type {kind}: {len(seen)} seen")
    outcome(world, who, attempts.send, HOST[6], 443)


@escape("9")
def raw_packets_to_our_own_listeners(world, who, family):
    """Answers of the sidecar to a source of the attacker's choosing would leave the pod."""
    for port in (standins.OUTBOUND, standins.INBOUND, standins.PROBE, standins.DNS, standins.METRICS):
        for target in (POD[family], LOOPBACK[family]):
            batch = [packets.tcp(HOST[family], 6000, target, port, packets.SYN)]
            outcome(world, with_raw(who), attempts.raw_send_all, target, batch)
    if not world.ruled:
        outcome(world, who, attempts.send, HOST[family], 443)


@escape("9")
def frames_on_loopback_to_our_own_listeners(world, who, family):
    """A packet socket on lo skips OUTPUT; the listener's answer must not leave."""
    kind = struct.pack("!H", packets.ETH_IP if family == 4 else packets.ETH_IPV6)
    for port in (standins.OUTBOUND, standins.DNS):
        for target in (POD[family], LOOPBACK[family]):
            syn = packets.tcp(HOST[family], 6001, target, port, packets.SYN)
            outcome(world, with_raw(who), attempts.frame_send, b"\0" * 12 + kind + syn, False, "lo")


@escape("9", allows=lambda frame: MARKER not in frame.raw)
def packets_inside_the_sidecars_own_connection(world, who, family):
    """Conntrack takes them for the sidecar's: marked and established. Their owner is not."""
    sport = 29030
    child = world.background(world.far, None, standins.hold, 7003)

    def connect():
        sock = attempts.make_socket(HOST[family], sport=sport, timeout=2)
        sock.connect((HOST[family], 7003))
        return [sock]
    try:
        sock, = process.call_for_sockets(world.pod, identity(SIDECAR), connect)
        with sock:
            for flags in (packets.ACK | packets.PSH, packets.ACK, packets.FIN | packets.ACK, packets.RST):
                packet = packets.tcp(POD[family], sport, HOST[family], 7003, flags, payload=MARKER)
                outcome(world, with_raw(who), attempts.raw_send, HOST[family], packet)
    finally:
        child.stop()


@escape("11")
def datagrams_of_every_service(world, who, family):
    for port in (443, 80, 123, 853, 5353, 51820, 33434, 9999, 65535):
        refused(world, who, attempts.send, HOST[family], port)
    refused(world, who, attempts.send, GATEWAY[family], 10250)


@escape("11")
def ping(world, who, family):
    for target in (HOST[family], GATEWAY[family]):
        value, error = outcome(world, who, attempts.ping, target)
        expect(not world.ruled or error in attempts.REFUSALS, f"ping: {value!r} errno {error}")


@escape("11", control=False)
def other_transports(world, who, family):
    kinds = ((socket.SOCK_DGRAM, 136), (socket.SOCK_SEQPACKET, 132), (socket.SOCK_STREAM, 132),
             (socket.SOCK_DGRAM, 132), (6, 33))  # UDPLITE, SCTP, DCCP
    for kind, protocol in kinds:
        def go(words=(kind, protocol)):
            with attempts.make_socket(HOST[family], *words) as sock:
                sock.connect((HOST[family], 443))
                sock.send(MARKER)
        _, error = outcome(world, who, go)
        expect(error in attempts.REFUSALS | ABSENT | {errno.ETIMEDOUT, None}, f"{kind}/{protocol}: {error}")


@escape("11")
def broadcast_and_multicast(world, who, family):
    if family == 4:
        broadcast = ((socket.SOL_SOCKET, socket.SO_BROADCAST, 1),)
        for target in (BROADCAST, "255.255.255.255"):
            refused(world, who, attempts.send, target, 9999, socket.SOCK_DGRAM, 0, broadcast)
        refused(world, who, attempts.send, GROUPS[4], 5353)
        return

    def go():
        index = socket.if_nametoindex("eth0")
        attempts.send(GROUPS[6], 5353, options=((socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index),))
    refused(world, who, go)


@escape("11", tiers=("user",))
def joining_a_group(world, who, family):
    group = {4: "239.17.34.51", 6: "ff05::1:dead:beef:1234"}[family]
    outcome(world, who, attempts.join_group, group)


@escape("11")
def fragments(world, who, family):
    refused(world, who, attempts.send, HOST[family], 443, socket.SOCK_DGRAM, 0, (), MARKER * 1000)


@escape("11", control=False)
def names_by_udp_never_leave(world, who, family):
    value, error = outcome(world, who, attempts.exchange, RESOLVER[family], 53)
    expect(value == b"sidecar " + MARKER, f"a query was not answered by the sidecar: {value} {error}")
    value, error = outcome(world, who, attempts.exchange, HOST[family], 53)
    expect(value == b"sidecar " + MARKER, f"another resolver was reached: {value} {error}")
