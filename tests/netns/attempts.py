"""What an agent (or the sidecar, or the far side) does, as functions that run in a child.

Each returns a value or raises OSError; none looks at the rules.
"""

import ctypes
import errno
import mmap
import os
import socket
import struct
import subprocess
import time

import kernel
import packets
import standins

MARKER = b"ESCAPED-BYTES"
# Local answers come within a millisecond, or later on a busy machine. The mutation run, in which most
# cases wait for what will not come, asks for less.
ANSWER_S = float(os.environ.get("CHAPERONE_NETNS_PATIENCE_S", "5"))
SILENCE_S = 0.12  # where none must come; the sniffer hears it in any case

# What the kernel says to a packet that the rules refuse.
REFUSALS = {errno.EPERM, errno.EACCES, errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH,
            errno.ECONNRESET}
IP_RECVERR, IPV6_RECVERR, MSG_ERRQUEUE = 11, 25, 0x2000
IP_FREEBIND, IPV6_FREEBIND, IP_TRANSPARENT, IPV6_TRANSPARENT = 15, 78, 19, 75


def make_socket(address, kind=socket.SOCK_STREAM, protocol=0, source=None, sport=0, timeout=ANSWER_S):
    sock = socket.socket(packets.family_of(address), kind, protocol)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.settimeout(timeout)
    if source or sport:
        any_address = "::" if ":" in address else "0.0.0.0"
        sock.bind((source or any_address, sport))
    return sock


def dial(address, port, source=None, sport=0, timeout=ANSWER_S, protocol=0):
    """Connects and returns what the server says: who answered, and for whom."""
    with make_socket(address, protocol=protocol, source=source, sport=sport, timeout=timeout) as sock:
        sock.connect((address, port))
        return sock.recv(200).decode().strip()


def exchange(address, port, sport=0, payload=MARKER, timeout=ANSWER_S):
    """One datagram there and its answer."""
    with make_socket(address, socket.SOCK_DGRAM, sport=sport, timeout=timeout) as sock:
        sock.connect((address, port))
        sock.send(payload)
        return sock.recv(200)


def send(address, port, kind=socket.SOCK_DGRAM, protocol=0, options=(), payload=MARKER):
    with make_socket(address, kind, protocol) as sock:
        for level, option, value in options:
            sock.setsockopt(level, option, value)
        sock.sendto(payload, (address, port))


def set_mark_and(mark, function, *arguments):
    """As `function`, from sockets that carry a mark."""
    plain = socket.socket

    class Marked(plain):
        def __init__(self, *words, **named):
            super().__init__(*words, **named)
            self.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, mark)

    socket.socket = Marked
    return function(*arguments)


def ping(address):
    v6 = ":" in address
    with make_socket(address, socket.SOCK_DGRAM, packets.ICMPV6 if v6 else 1) as sock:
        sock.setsockopt(*((socket.IPPROTO_IPV6, IPV6_RECVERR, 1) if v6 else (0, IP_RECVERR, 1)))
        sock.connect((address, 0))
        sock.send((b"\x80" if v6 else b"\x08") + b"\0" * 7 + MARKER)
        sock.recv(200)  # an IPv6 ping socket hears of a refusal only here


def raw_send(target, packet):
    """A whole IP packet of one's own making; needs NET_RAW."""
    family = packets.family_of(target)
    with socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_RAW) as sock:
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, 36, 1)  # IPV6_HDRINCL
        sock.sendto(packet, (target, 0))


def raw_send_all(target, batch):
    """Sends each; the errnos that it met."""
    met = set()
    for packet in batch:
        try:
            raw_send(target, packet)
        except OSError as error:
            met.add(error.errno)
    return met


def frame_send(frame, bypass=False, device="eth0"):
    """A whole frame; needs NET_RAW."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sock:
        sock.bind((device, 0))
        if bypass:
            sock.setsockopt(263, 20, 1)  # SOL_PACKET, PACKET_QDISC_BYPASS
        sock.send(frame)


def xdp_send(frame, device="eth0"):
    """A whole frame by AF_XDP's transmit ring alone (copy mode, no BPF); needs NET_RAW. Layouts and
    numbers are those of linux/if_xdp.h."""
    af_xdp, sol_xdp, tx_ring, umem_reg, fill_ring, completion_ring, offsets = 44, 283, 3, 4, 5, 6, 1
    slots, chunk = 64, 4096
    memory = mmap.mmap(-1, slots * chunk)
    memory[:len(frame)] = frame
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    with socket.socket(af_xdp, socket.SOCK_RAW) as sock:
        sock.setsockopt(sol_xdp, umem_reg, struct.pack("QQIIII", address, slots * chunk, chunk, 0, 0, 0))
        for ring in (fill_ring, completion_ring, tx_ring):
            sock.setsockopt(sol_xdp, ring, struct.pack("I", slots))
        # Four times producer, consumer, descriptors, flags: receive, transmit, fill, completion.
        ring = struct.unpack("16Q", sock.getsockopt(sol_xdp, offsets, 128))[4:8]
        queue = mmap.mmap(sock.fileno(), ring[2] + slots * 16, flags=mmap.MAP_SHARED | mmap.MAP_POPULATE,
                          offset=0x80000000)
        kernel.bind_xdp(sock.fileno(), socket.if_nametoindex(device))
        queue[ring[2]:ring[2] + 16] = struct.pack("QII", 0, len(frame), 0)
        queue[ring[0]:ring[0] + 4] = struct.pack("I", 1)
        kernel.kick(sock.fileno())


def join_group(group, device="eth0"):
    """Tells the link which group one wants to hear: attacker-chosen bits, sent by the kernel."""
    index = socket.if_nametoindex(device)
    if ":" in group:
        sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        request = socket.inet_pton(socket.AF_INET6, group) + index.to_bytes(4, "little")
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, request)
    else:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        request = socket.inet_aton(group) + b"\0\0\0\0" + index.to_bytes(4, "little")
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, request)
    time.sleep(1.1)  # reports follow within a second
    sock.close()


def foreign_source(source, target, port, kind=socket.SOCK_STREAM, transparent=False):
    """A socket bound to an address that is not the pod's."""
    v6 = ":" in target
    level = socket.IPPROTO_IPV6 if v6 else socket.IPPROTO_IP
    option = (IPV6_TRANSPARENT if v6 else IP_TRANSPARENT) if transparent else (
        IPV6_FREEBIND if v6 else IP_FREEBIND)
    with socket.socket(packets.family_of(target), kind) as sock:
        sock.setsockopt(level, option, 1)
        sock.settimeout(0.1)
        sock.bind((source, 0))
        sock.connect((target, port))
        sock.send(MARKER)


def bind_device_after_connect(target, port):
    """The connection is made on loopback, then moved to the cable, then closed."""
    sock = make_socket(target)
    sock.connect((target, port))
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0")
    try:
        sock.send(MARKER)
    finally:
        sock.close()
    time.sleep(0.3)  # the first retransmissions


def flood(address, port, count):
    """Dials that stay open: how many came through, and the errnos of the rest."""
    kept, met = [], set()
    for _ in range(count):
        sock = make_socket(address)
        try:
            sock.connect((address, port))
            kept.append(sock)
        except OSError as error:
            met.add(error.errno)
    return len(kept), met


def in_user_namespace(map_line, function, *arguments):
    """As root of a user namespace of one's own, mapped as asked."""
    import kernel
    kernel.unshare(kernel.CLONE_NEWUSER)
    if map_line:
        with open("/proc/self/uid_map", "wb") as file:
            file.write(map_line.encode())
    return function(*arguments)


def command(*words):
    """Exit status of a program; 127 where it is not installed."""
    try:
        return subprocess.run(words, capture_output=True, check=False).returncode
    except FileNotFoundError:
        return 127


def run_setuid_shell(shell, address, port):
    """A set-user-ID shell sends a datagram; the UID that it ran as."""
    script = f"id -u; echo {MARKER.decode()} > /dev/udp/{address}/{port}"
    done = subprocess.run([shell, "-p", "-c", script], capture_output=True, text=True, check=False)
    return int(done.stdout.split()[0])


def switch_to(uid, function, *arguments):
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    return function(*arguments)


def bound_and_connected(target, port, sport):
    """A datagram socket with a peer, that listens for errors; nothing is sent."""
    sock = make_socket(target, socket.SOCK_DGRAM, sport=sport)
    v6 = ":" in target
    sock.setsockopt(*((socket.IPPROTO_IPV6, IPV6_RECVERR, 1) if v6 else (0, IP_RECVERR, 1)))
    sock.connect((target, port))
    return sock


def error_queue(sock):
    """What an ICMP error brought; empty if none did."""
    sock.settimeout(0.2)
    try:
        data, ancillary, _, _ = sock.recvmsg(2048, 1024, MSG_ERRQUEUE)
        return data + b"".join(value for _, _, value in ancillary)
    except OSError:
        return b""


def leave_behind(address, port, size):
    """Sends much and closes at once: the rest is sent by a socket without an owner."""
    sock = make_socket(address, timeout=5)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, size * 2)
    sock.connect((address, port))
    sent = sock.send(b"x" * size)
    sock.close()
    return sent


serve = standins.serve
