"""PostgreSQL's protocol by hand, for what no driver would send. Messages are plain bytes, so that a
test can cut, repeat and reorder them. PostgreSQL manual, chapter "Frontend/Backend Protocol"."""

import socket
import struct

PROTOCOL_3_0 = 196608
SSL_REQUEST = struct.pack("!II", 8, 80877103)
REPLY_SECONDS = 20


def message(kind, body=b""):
    return kind + struct.pack("!I", len(body) + 4) + body


def text(value):
    return (value.encode() if isinstance(value, str) else value) + b"\0"


def startup(parameters, version=PROTOCOL_3_0):
    body = struct.pack("!I", version) + b"".join(text(k) + text(v) for k, v in parameters.items()) + b"\0"
    return struct.pack("!I", len(body) + 4) + body


def query(sql):
    return message(b"Q", text(sql))


def parse(sql, name="", types=()):
    return message(b"P", text(name) + text(sql) + struct.pack("!H", len(types)) +
                   b"".join(struct.pack("!I", oid) for oid in types))


def bind(name="", portal="", values=()):
    body = text(portal) + text(name) + struct.pack("!HH", 0, len(values))
    for value in values:
        body += struct.pack("!i", -1) if value is None else struct.pack("!I", len(value)) + value
    return message(b"B", body + struct.pack("!H", 0))


def execute(portal="", rows=0):
    return message(b"E", text(portal) + struct.pack("!I", rows))


def describe(kind, name=""):
    return message(b"D", kind + text(name))


def close(kind, name=""):
    return message(b"C", kind + text(name))


def function_call(oid, *arguments):
    body = struct.pack("!IHH", oid, 0, len(arguments))
    body += b"".join(struct.pack("!I", len(a)) + a for a in arguments)
    return message(b"F", body + struct.pack("!H", 0))


SYNC, FLUSH, TERMINATE = message(b"S"), message(b"H"), message(b"X")
COPY_DONE = message(b"c")


def copy_data(data):
    return message(b"d", data)


class Wire:
    """One connection. What the server sent is kept whole in `received`."""

    def __init__(self, host, port=5432, user="app", database="shop", **parameters):
        self.received = b""
        self._pending = b""
        self.socket = socket.create_connection((host, port), timeout=REPLY_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.send(startup({"user": user, "database": database, **parameters}))
        self.greeting = self.until_ready()

    def send(self, data, piece=0):
        """Sends it whole, or `piece` bytes at a time, each in a segment of its own."""
        for at in range(0, len(data), piece or len(data)):
            self.socket.sendall(data[at:at + (piece or len(data))])

    def next(self):
        """(kind, body) of the next message; None at the end of the stream."""
        while len(self._pending) < 5 or len(self._pending) < 1 + struct.unpack_from("!I", self._pending, 1)[0]:
            data = self.socket.recv(65536)
            if not data:
                return None
            self.received += data
            self._pending += data
        size = 1 + struct.unpack_from("!I", self._pending, 1)[0]
        kind, body = self._pending[:1], self._pending[5:size]
        self._pending = self._pending[size:]
        return kind, body

    def until_ready(self, times=1, on_copy_in=b""):
        """Messages up to the `times`-th ReadyForQuery, or to the end of the stream. `on_copy_in` is
        sent when the server asks for COPY data."""
        seen = []
        while times > 0:
            one = self.next()
            if one is None:
                break
            seen.append(one)
            times -= one[0] == b"Z"
            if one[0] == b"G" and on_copy_in:
                self.send(on_copy_in)
            if one[0] == b"R" and one[1][:4] not in (b"\0\0\0\0",):
                raise ConnectionError(f"asked for authentication {one[1][:4]!r}")
        return seen

    def ask(self, *messages, ready=1, piece=0, on_copy_in=b""):
        self.send(b"".join(messages), piece)
        return self.until_ready(ready, on_copy_in)

    def close(self):
        self.socket.close()


def errors(messages):
    """The SQLSTATEs of the ErrorResponses among them."""
    found = []
    for kind, body in messages:
        if kind == b"E":
            fields = {f[:1]: f[1:].decode(errors="replace") for f in body.split(b"\0") if f}
            found.append(fields.get(b"C", ""))
    return found


def status(messages):
    """The transaction status of the last ReadyForQuery: I, T or E."""
    ready = [body for kind, body in messages if kind == b"Z"]
    return ready[-1].decode() if ready else ""
