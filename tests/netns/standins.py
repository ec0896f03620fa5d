"""Tiny stand-ins: the sidecar in the pod, the world outside, and agents that listen."""

import selectors
import socket
import struct
import time

OUTBOUND, INBOUND, PROBE, DNS, METRICS = 19001, 19006, 19021, 19053, 19090
SO_ORIGINAL_DST = 80
BACKLOG = 1024


def original_destination(connection):
    """Where the client of a redirected connection meant to go, as (address, port)."""
    if connection.family == socket.AF_INET6:
        peer = connection.getpeername()[0]
        if not peer.startswith("::ffff:"):
            raw = connection.getsockopt(socket.IPPROTO_IPV6, SO_ORIGINAL_DST, 28)
            port, address = struct.unpack("!2xH4x16s4x", raw)
            return socket.inet_ntop(socket.AF_INET6, address), port
    raw = connection.getsockopt(socket.IPPROTO_IP, SO_ORIGINAL_DST, 16)
    port, address = struct.unpack("!2xH4s8x", raw)
    return socket.inet_ntoa(address), port


def listen(port, address="::"):
    listener = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if address == "::":
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    listener.bind((address, port))
    listener.listen(BACKLOG)
    return listener


def datagrams(port, address="::"):
    sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    if address == "::":
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    # Each answer must leave from the address that was asked.
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
    sock.setsockopt(socket.IPPROTO_IP, 8, 1)  # IP_PKTINFO
    sock.bind((address, port))
    return sock


def answer_datagram(sock, prefix):
    data, ancillary, _, peer = sock.recvmsg(2048, 256)
    kept = [(level, kind, value) for level, kind, value in ancillary
            if (level, kind) == (socket.IPPROTO_IPV6, socket.IPV6_PKTINFO)]
    try:
        sock.sendmsg([prefix + data], kept, 0, peer)
    except OSError:
        pass  # nobody is owed an answer


def accept(listener, who):
    try:
        connection, _ = listener.accept()
    except OSError:
        return
    try:
        meant = "%s %d" % original_destination(connection)
    except OSError:
        meant = "direct"
    connection.settimeout(2)
    try:
        connection.sendall(f"{who} {listener.getsockname()[1]} {meant}\n".encode())
    except OSError:
        pass
    connection.close()


def serve(ready, who, tcp_ports, udp_ports, address="::"):
    """Says who answered and what the client meant: "who port address port"."""
    selector = selectors.DefaultSelector()
    for port in tcp_ports:
        selector.register(listen(port, address), selectors.EVENT_READ, "tcp")
    for port in udp_ports:
        selector.register(datagrams(port, address), selectors.EVENT_READ, "udp")
    ready()
    while True:
        for key, _ in selector.select():
            if key.data == "tcp":
                accept(key.fileobj, who)
            else:
                answer_datagram(key.fileobj, who.encode() + b" ")


def sidecar(ready):
    serve(ready, "sidecar", (OUTBOUND, INBOUND, PROBE, DNS, METRICS), (DNS,))


def outside(ready):
    """Servers in the far namespace: web, resolver, some datagram service, and a sink."""
    serve(ready, "outside", (443, 53, 10250, 80), (53, 443, 9999))


def wait_forever():
    while True:
        time.sleep(3600)


def hold(ready, port, seconds_between_reads=0.0, path=None):
    """Accepts and reads, at its own pace; writes how many bytes each connection brought."""
    listener = listen(port)
    ready()
    while True:
        connection, _ = listener.accept()
        total = 0
        try:
            while data := connection.recv(65536):
                total += len(data)
                time.sleep(seconds_between_reads)
        except OSError:
            pass
        connection.close()
        if path:
            with open(path, "wb") as out:
                out.write(str(total).encode())
