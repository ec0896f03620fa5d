#!/usr/bin/env python3
"""Both ends of many idle connections.

    idle.py serve HOST PORT          a server that completes logins, answers what a sidecar asks about
                                     settings, and refuses every other statement
    idle.py hold HOST PORT COUNT     logs in COUNT times, says `held`, and holds until its input ends"""

import pathlib
import selectors
import socket
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from integration.lib import wire  # noqa: E402

READY = wire.message(b"Z", b"I")
GREETING = (wire.message(b"R", b"\0\0\0\0") +
            b"".join(wire.message(b"S", wire.text(name) + wire.text(value)) for name, value in (
                ("server_version", "15.0"), ("client_encoding", "UTF8"), ("standard_conforming_strings", "on"))) +
            wire.message(b"K", struct.pack("!II", 1, 2)) + READY)
SETTINGS = (("role", "bench"), ("standard_conforming_strings", "on"), ("client_encoding", "UTF8"),
            ("transaction_read_only", "off"), ("default_transaction_read_only", "off"), ("schema", "public"))
TEXT_OID = 25


def row(*values):
    return wire.message(b"D", struct.pack("!H", len(values)) + b"".join(
        struct.pack("!i", len(v)) + v.encode() for v in values))


COLUMNS = wire.message(b"T", struct.pack("!H", 3) + b"".join(
    wire.text(name) + struct.pack("!IHIhih", 0, 0, TEXT_OID, -1, -1, 0) for name in "abc"))
ANSWER = (COLUMNS + b"".join(row(name, value, "") for name, value in SETTINGS) +
          wire.message(b"C", wire.text(f"SELECT {len(SETTINGS)}")) + READY)
REFUSED = wire.message(b"E", b"SERROR\0VERROR\0C42501\0Mnothing here\0\0") + READY


def serve(host, port):
    listener = socket.create_server((host, port), backlog=4096)
    listener.setblocking(False)
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select():
            if key.fileobj is listener:
                connection, _ = listener.accept()
                selector.register(connection, selectors.EVENT_READ, "startup")
                continue
            data = key.fileobj.recv(65536)
            if not data or data[:1] == b"X":
                selector.unregister(key.fileobj)
                key.fileobj.close()
            elif key.data == "startup":
                key.fileobj.sendall(GREETING)
                selector.modify(key.fileobj, selectors.EVENT_READ, "open")
            else:
                key.fileobj.sendall(ANSWER if b"chaperone:settings" in data else REFUSED)


def hold(host, port, count):
    connections = [wire.Wire(host, port, user="bench", database="bench") for _ in range(count)]
    print("held", flush=True)
    sys.stdin.read()
    for connection in connections:
        connection.close()


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(sys.argv[2], int(sys.argv[3]))
    hold(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
