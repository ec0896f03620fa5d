"""Row 11 again, by the back doors of the headers: options, extension headers, devices, link-local."""

import errno
import socket
import struct

import attempts
import packets
import process
import topology
from attempts import MARKER, SILENCE_S
from cases import escape, outcome, refused
from topology import GATEWAY, HOST, LOOPBACK, POD, with_raw

SO_BINDTODEVICE = socket.SO_BINDTODEVICE
MSG_FASTOPEN = 0x20000000


def _next_header(kind, following, payload):
    """An IPv6 extension header of eight bytes before `payload`."""
    if kind == 44:  # fragment: offset 0, more to come
        return struct.pack("!BBHI", following, 0, 1, 7) + payload
    if kind == 43:  # routing, no segments left
        return struct.pack("!BBBBI", following, 0, 4, 0, 0) + payload
    if kind == 51:  # authentication
        return struct.pack("!BBHII", following, 1, 0, 1, 1) + payload
    return struct.pack("!BB", following, 0) + b"\x01\x04\0\0\0\0" + payload  # options, padding


def _with_extension(kind, packet):
    transport, payload = packet[6], packet[40:]
    body = _next_header(kind, transport, payload)
    return packet[:4] + struct.pack("!HB", len(body), kind) + packet[7:40] + body


@escape("11", families=(6,))
def extension_headers(world, who, _family):
    batch = []
    for kind in (0, 43, 44, 51, 60, 135):
        batch.append(_with_extension(kind, packets.udp(POD[6], 5300, HOST[6], 9999, MARKER)))
        batch.append(_with_extension(kind, packets.tcp(POD[6], 5301, HOST[6], 443, packets.ACK,
                                                       payload=MARKER)))
        batch.append(_with_extension(kind, packets.icmpv6(
            POD[6], GATEWAY[6], 135, 0, b"\0" * 4 + socket.inet_pton(socket.AF_INET6, GATEWAY[6]) + MARKER)))
    batch.append(packets.ip(POD[6], HOST[6], 59, MARKER))  # no next header
    outcome(world, with_raw(who), attempts.raw_send_all, HOST[6], batch)


def _route_by_segments(kind, via, target, port):
    """A routing header needs no right in IPv6: the first hop is where the packet really goes."""
    segment = socket.inet_pton(socket.AF_INET6, target)
    header = struct.pack("!BBBBBBH", 0, 2, 4, 1, 0, 0, 0) + segment
    with socket.socket(socket.AF_INET6, kind) as sock:
        sock.settimeout(SILENCE_S)
        try:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RTHDR, header)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.EPERM):
                raise
        sock.connect((via, port))
        sock.send(MARKER)


@escape("11", families=(6,))
def segment_routing(world, who, _family):
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        for via in (HOST[6], GATEWAY[6], POD[6], LOOPBACK[6]):
            outcome(world, who, _route_by_segments, kind, via, HOST[6], 443)


def _route_by_option(kind, via, target, port):
    """IPv4 loose source routing; on some kernels it needs NET_RAW."""
    option = struct.pack("!BBB", 0x83, 7, 4) + socket.inet_aton(via) + b"\0"
    with socket.socket(socket.AF_INET, kind) as sock:
        sock.settimeout(SILENCE_S)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, option)
        sock.connect((target, port))
        sock.send(MARKER)


@escape("11", families=(4,))
def source_routing(world, who, _family):
    """By way of the pod itself: for the rules the first hop is a local address."""
    settings = {f"ipv4/conf/{name}/accept_source_route": "1" for name in ("all", "lo", "eth0")}
    settings |= {"ipv4/conf/all/forwarding": "1"}
    process.call(world.pod, None, topology._write_sysctls, settings)
    try:
        for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
            for via in (GATEWAY[4], POD[4], LOOPBACK[4]):
                for one in (who, with_raw(who)):
                    outcome(world, one, _route_by_option, kind, via, HOST[4], 443)
    finally:
        process.call(world.pod, None, topology._write_sysctls, {name: "0" for name in settings})


def _from_device(kind, target, port):
    with attempts.make_socket(target, kind, timeout=SILENCE_S) as sock:
        sock.setsockopt(socket.SOL_SOCKET, SO_BINDTODEVICE, b"eth0")
        sock.connect((target, port))
        sock.send(MARKER)


@escape("lesson: bind to device")
def bound_to_the_cable_first(world, who, family):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        for target, port in ((HOST[family], 443), (HOST[family], 53), (LOOPBACK[family], 443)):
            outcome(world, who, _from_device, kind, target, port)


@escape("27", families=(6,))
def link_local_neighbours(world, who, _family):
    """The node itself, by an address that needs no route."""
    neighbour = topology.run("ip", "-n", world.far, "-6", "-o", "addr", "show", "dev", "eth0", "scope",
                             "link").stdout.split()[3].split("/")[0]

    def go(kind, port):
        with socket.socket(socket.AF_INET6, kind) as sock:
            sock.settimeout(SILENCE_S)
            sock.connect((neighbour, port, 0, socket.if_nametoindex("eth0")))
            sock.send(MARKER)
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        for port in (80, 443, 53, 10250):
            outcome(world, who, go, kind, port)


@escape("11")
def data_in_the_first_packet(world, who, family):
    """TCP Fast Open: bytes before any answer."""
    def go():
        with attempts.make_socket(HOST[family], timeout=SILENCE_S) as sock:
            sock.sendto(MARKER, MSG_FASTOPEN, (HOST[family], 443))
    outcome(world, who, go)


@escape("11")
def few_hops(world, who, family):
    """A packet that dies on the way still leaves: traceroute."""
    level, option = ((socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS) if family == 6
                     else (socket.IPPROTO_IP, socket.IP_TTL))
    for hops in (1, 2):
        refused(world, who, attempts.send, HOST[family], 33434, socket.SOCK_DGRAM, 0,
                ((level, option, hops),))
