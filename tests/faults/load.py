#!/usr/bin/env python3
"""One agent under load: load.py CLIENT SECONDS. Each statement carries a marker of its own; the answer
must carry it back. Prints `sent M`, `done M`, `wrong M what` and goes on after every broken connection."""

import pathlib
import random
import socket
import struct
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from integration.lib import wire  # noqa: E402

CLIENT, SECONDS = sys.argv[1], float(sys.argv[2])
SEED = int(sys.argv[3])
choice = random.Random(SEED)


def say(*words):
    print(*words, flush=True)


def whole(messages):
    """An answer that was cut off is none."""
    if not messages or messages[-1][0] != b"Z":
        raise ConnectionError("ended in the middle of an answer")
    return messages


def values(messages):
    """First column of every DataRow."""
    found = []
    for kind, body in whole(messages):
        if kind == b"D":
            size = struct.unpack_from("!i", body, 2)[0]
            found.append(body[6:6 + size].decode())
    return found


def simple(db, marker):
    return values(db.ask(wire.query(f"select '{marker}'"))), [marker]


def extended(db, marker):
    return values(db.ask(wire.parse(f"select $1 || '' /* {marker} */"), wire.bind(values=[marker.encode()]),
                         wire.execute(), wire.SYNC)), [marker]


def written(db, marker):
    return values(db.ask(wire.query(f"insert into events(kind) values ('{marker}') returning kind"))), [marker]


def refused(db, marker):
    got = wire.errors(whole(db.ask(wire.query(f"drop table guarded /* {marker} */"))))
    return got, ["42501"]


def large(db, marker):
    """More than any buffer on the way, read slowly."""
    db.send(wire.query(f"select '{marker}', repeat('x', 100000) from generate_series(1, 20)"))
    time.sleep(choice.random() * 0.2)
    return values(db.until_ready()), [marker] * 20


def broken_off(db, marker):
    """The client resets the connection while the answer is on its way."""
    db.send(wire.query(f"select '{marker}', repeat('x', 100000) from generate_series(1, 20)"))
    db.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    db.close()
    raise ConnectionError("on purpose")


WAYS = [simple] * 6 + [extended] * 6 + [written] * 4 + [refused] * 2 + [large] + [broken_off]


def one_connection(end, number):
    db = wire.Wire("db.cluster.test")
    while time.monotonic() < end:
        marker = f"mark-{CLIENT}-{number[0]}-end"
        number[0] += 1
        way = choice.choice(WAYS)
        say("sent", marker)
        got, wanted = way(db, marker)
        if got == wanted:
            say("done" if way is not refused else "refused", marker)
        elif got == [] and wanted != []:
            say("lost", marker)  # an error instead of an answer: not wrong, but no answer either
            return
        else:
            say("wrong", marker, got[:2])


def main():
    end, number = time.monotonic() + SECONDS, [0]
    while time.monotonic() < end:
        try:
            one_connection(end, number)
        except (OSError, ConnectionError):
            time.sleep(0.05)


main()
