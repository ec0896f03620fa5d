#!/usr/bin/env python3
"""One agent under load: load.py CLIENT SECONDS SEED. Each statement carries a marker of its own; the
answer must carry it back. Prints `sent M`, `done M`, `wrong M what` and goes on after every broken
connection. While the file BULK exists, statements are large enough to fill a spool."""

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
BULK = pathlib.Path("/mnt/tmp/bulk")
BULK_BYTES = 60_000  # what a record keeps of a text is 64 KiB
choice = random.Random(SEED)


class Unanswered(Exception):
    """An error that is neither the answer nor the refusal: nothing was promised."""


def say(*words):
    print(*words, flush=True)


def whole(messages):
    """An answer that was cut off is none."""
    if any(kind == b"E" and b"spool" in body for kind, body in messages):
        say("full", "-")
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


def bulky(db, marker):
    return values(db.ask(wire.query(f"select '{marker}' /* {'x' * BULK_BYTES} */"))), [marker]


def extended(db, marker):
    return values(db.ask(wire.parse(f"select $1 || '' /* {marker} */"), wire.bind(values=[marker.encode()]),
                         wire.execute(), wire.SYNC)), [marker]


def written(db, marker):
    return values(db.ask(wire.query(f"insert into events(kind) values ('{marker}') returning kind"))), [marker]


def refused(db, marker):
    got = wire.errors(whole(db.ask(wire.query(f"drop table guarded /* {marker} */"))))
    if got and got != ["42501"]:
        raise Unanswered(got)
    return got, ["42501"]


def large_query(marker):
    return wire.query(f"select '{marker}', repeat('x', 100000) from generate_series(1, 20)")


def large(db, marker):
    """More than any buffer on the way, read slowly."""
    db.send(large_query(marker))
    time.sleep(choice.random() * 0.2)
    return values(db.until_ready()), [marker] * 20


def slow_reader(db, marker):
    """The same in sips, so that everything on the way stands full for a while."""
    db.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    db.send(large_query(marker))
    sips = []
    for _ in range(40):
        sips.append(db.socket.recv(512))
        time.sleep(0.02)
    db._pending += b"".join(sips)
    return values(db.until_ready()), [marker] * 20


def slow_writer(db, marker):
    """A message a few bytes at a time, with pauses in between."""
    data = wire.query(f"insert into events(kind) values ('{marker}') returning kind")
    for at in range(0, len(data), 7):
        db.socket.sendall(data[at:at + 7])
        time.sleep(0.01)
    return values(db.until_ready()), [marker]


def reset(db):
    """The client's end is gone without a word, whatever is under way."""
    db.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    db.close()
    raise ConnectionError("on purpose")


def half_a_message(db, marker):
    db.socket.sendall(wire.query(f"select '{marker}'")[:-5])


def parsed(db, marker):
    db.send(wire.parse(f"select '{marker}'") + wire.FLUSH)
    time.sleep(choice.random() * 0.05)


def bound(db, marker):
    db.send(wire.parse(f"insert into events(kind) values ('{marker}')") + wire.bind() + wire.execute())
    time.sleep(choice.random() * 0.05)


def in_transaction(db, marker):
    db.ask(wire.query("begin"))
    db.ask(wire.query(f"insert into events(kind) values ('{marker}')"))


def in_failed_transaction(db, marker):
    db.ask(wire.query("begin"))
    db.ask(wire.query(f"select 1/0 /* {marker} */"))


def in_copy_in(db, marker):
    db.send(wire.query(f"copy events(kind) from stdin /* {marker} */"))
    while (one := db.next()) and one[0] not in (b"G", b"E"):
        pass
    db.send(wire.copy_data(b"some line\n"))


def in_copy_out(db, marker):
    db.send(wire.query(f"copy (select repeat('x', 1000) from generate_series(1, 5000)) to stdout /* {marker} */"))
    db.next()


def in_answer(db, marker):
    db.send(large_query(marker))
    time.sleep(choice.random() * 0.05)


def waiting(db, marker):
    db.send(wire.query(f"select '{marker}', count(*) from generate_series(1, 300000)"))


def refused_before(db, marker):
    db.send(wire.query(f"drop table guarded /* {marker} */"))


def at_startup(db, marker):
    other = socket.create_connection(("db.cluster.test", 5432), timeout=5)
    packet = wire.startup({"user": "app", "database": "shop"})
    other.sendall(packet[:choice.randrange(len(packet) + 1)])
    time.sleep(choice.random() * 0.02)
    other.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    other.close()


STATES = [half_a_message, parsed, bound, in_transaction, in_failed_transaction, in_copy_in, in_copy_out, in_answer,
          waiting, refused_before, at_startup]


def broken_off(db, marker):
    """The client resets the connection in some state."""
    state = choice.choice(STATES)
    say("reset", state.__name__)
    state(db, marker)
    reset(db)


WAYS = [simple] * 6 + [extended] * 6 + [written] * 4 + [refused] * 2 + [large] + [broken_off] * 2
WAYS += [slow_reader, slow_writer]


def one_connection(end, number):
    db = wire.Wire("db.cluster.test")
    while time.monotonic() < end:
        marker = f"mark-{CLIENT}-{number[0]}-end"
        number[0] += 1
        way = bulky if BULK.exists() and choice.random() < 0.8 else choice.choice(WAYS)
        say("sent", marker)
        try:
            got, wanted = way(db, marker)
        except Unanswered:
            got, wanted = [], [marker]
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
