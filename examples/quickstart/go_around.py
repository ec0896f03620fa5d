#!/usr/bin/env python3
"""What an agent may try instead of the sidecar. `go_around.py` tries; `go_around.py --far LOG` is the
far side, which writes down whatever reaches it on port 9999."""

import select
import socket
import sys

FAR4, FAR6, PORT = "10.77.0.2", "fd77::2", 9999


def dial(family, address):
    with socket.socket(family, socket.SOCK_STREAM) as s:
        s.settimeout(5)
        s.connect((address, PORT))
        s.sendall(b"hello from the agent")
        if not s.recv(1):
            raise ConnectionError("closed without a byte")


def datagram(family, address):
    with socket.socket(family, socket.SOCK_DGRAM) as s:
        s.sendto(b"hello from the agent", (address, PORT))


def packet():
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as s:
        s.bind(("eth0", 0))
        s.send(b"\xff" * 60)


def try_all():
    attempts = [("TCP to another port", lambda: dial(socket.AF_INET, FAR4)),
                ("TCP over IPv6", lambda: dial(socket.AF_INET6, FAR6)),
                ("UDP", lambda: datagram(socket.AF_INET, FAR4)),
                ("UDP over IPv6", lambda: datagram(socket.AF_INET6, FAR6)),
                ("raw IP", lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 47)),
                ("a packet socket", packet)]
    escaped = 0
    for name, attempt in attempts:
        try:
            attempt()
            print(f"  {name:22} WENT THROUGH")
            escaped += 1
        except OSError as error:
            print(f"  {name:22} {error.strerror or error}")
    return escaped


def far_side(log):
    listeners = []
    for family, address in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            s = socket.socket(family, kind)
            if family == socket.AF_INET6:
                s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            s.bind((address, PORT))
            if kind == socket.SOCK_STREAM:
                s.listen()
            listeners.append(s)
    while True:
        for s in select.select(listeners, [], [])[0]:
            peer = s.accept()[1] if s.type == socket.SOCK_STREAM else s.recvfrom(65536)[1]
            with open(log, "a") as out:
                out.write(f"{peer}\n")


if sys.argv[1:2] == ["--far"]:
    far_side(sys.argv[2])
sys.exit(1 if try_all() else 0)
