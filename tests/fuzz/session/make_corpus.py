#!/usr/bin/env python3
"""Writes the seeds of fuzz_postgres_exchange: python3 make_corpus.py (beside the folder corpus)."""
import pathlib
import struct


def message(kind, body=b""):
    return kind + struct.pack("!I", len(body) + 4) + body


def query(text):
    return message(b"Q", text + b"\0")


def extended(text):
    return (message(b"P", b"\0" + text + b"\0\0\0") + message(b"B", b"\0\0" + bytes(6)) +
            message(b"E", b"\0" + bytes(4)))


def parse(name, text):
    return message(b"P", name + b"\0" + text + b"\0\0\0")


def bind(portal, name, *values):
    return message(b"B", portal + b"\0" + name + b"\0\0\0" + struct.pack("!H", len(values)) +
                   b"".join(struct.pack("!I", len(value)) + value for value in values) + b"\0\0")


def execute(portal, rows=0):
    return message(b"E", portal + b"\0" + struct.pack("!I", rows))


def describe(kind, name):
    return message(b"D", kind + name + b"\0")


def close(kind, name):
    return message(b"C", kind + name + b"\0")


def in_steps(step, data):
    return b"".join(step + bytes([len(data[i:i + 255])]) + data[i:i + 255]
                    for i in range(0, len(data), 255))


def client(data):
    return in_steps(b"\0", data)


def server(data):
    return in_steps(b"\3", data)


SYNC = message(b"S")
FLUSH = message(b"H")
REPLIES = b"\1\xff"
BYTEWISE = b"\1\1"
FAIL_COPY = b"\2\0"
COPY = message(b"d", query(b"DELETE FROM kept"))

SEEDS = {
    "query": client(query(b"SELECT 1") + query(b"DELETE FROM kept")) + REPLIES,
    "extended": client(extended(b"SELECT 1") + extended(b"DELETE FROM kept") + SYNC) + BYTEWISE,
    "barrier": client(query(b"SET search_path TO o") + query(b"SELECT 1")) + BYTEWISE,
    "transaction": client(query(b"BEGIN")) + REPLIES + client(query(b"SELECT 1/0")) + REPLIES +
    client(query(b"ROLLBACK")) + REPLIES,
    "copy": client(query(b"COPY t FROM STDIN")) + REPLIES + client(COPY + message(b"c")) + REPLIES,
    "copy_fails": client(query(b"SET search_path TO o; COPY public.t FROM STDIN")) + REPLIES +
    client(COPY[:9]) + FAIL_COPY + REPLIES + client(COPY[9:] + query(b"SELECT 1")) + REPLIES,
    "prepare": client(query(b"PREPARE p AS SELECT 1")) + REPLIES +
    client(message(b"B", b"\0p\0" + bytes(6)) + message(b"E", b"\0" + bytes(4)) + SYNC) + REPLIES,
    "durable": client(query(b"CREATE TABLE t (a int)") + message(b"X")) + REPLIES,
    "named": client(parse(b"s", b"DELETE FROM kept WHERE id = $1") + describe(b"S", b"s") +
                    bind(b"p", b"s", b"500") + describe(b"P", b"p") + execute(b"p", 1) + FLUSH +
                    execute(b"p", 0) + close(b"P", b"p") + close(b"S", b"s") + SYNC) + BYTEWISE,
    "long_names": client(parse(b"x" * 64, b"SELECT 1") + bind(b"y" * 64, b"x" * 63) + execute(b"y" * 63) +
                         parse(b"x" * 65, b"SELECT 2") + SYNC) + REPLIES,
    "skips_to_sync": client(extended(b"SELECT f()") + extended(b"SELECT 1") + bind(b"", b"none") + SYNC +
                            extended(b"SELECT 1") + SYNC) + BYTEWISE,
    "call": client(message(b"F", struct.pack("!IHHIIH", 1598, 0, 0, 0, 0, 0)) + query(b"")) + REPLIES,
    "savepoints": client(query(b"BEGIN; SAVEPOINT a; SET search_path TO o")) + REPLIES +
    client(query(b"ROLLBACK TO a")) + REPLIES + client(query(b"SELECT 1; COMMIT; DISCARD ALL")) + BYTEWISE,
    "settings": client(query(b"SET standard_conforming_strings TO off") + query(b"SELECT '\\\\'") +
                       query(b"SET ROLE r; RESET ALL") + query(b"SET client_encoding TO 'SJIS'")) + BYTEWISE,
    "copy_out": client(query(b"COPY t TO STDOUT; SELECT 1")) + REPLIES + client(message(b"f", b"no\0")) +
    REPLIES,
    "copy_ends": client(query(b"COPY t FROM STDIN")) + REPLIES +
    client(COPY + message(b"f", b"enough\0") + SYNC + query(b"SELECT 1")) + BYTEWISE,
    "execute": client(query(b"PREPARE p AS DELETE FROM kept; EXECUTE p; DEALLOCATE p") +
                      query(b"DECLARE c CURSOR FOR SELECT 1; FETCH c; CLOSE c")) + REPLIES,
    "notices": client(query(b"SELECT 1")) +
    server(message(b"S", b"search_path\0o\0") + message(b"N", b"SWARNING\0C01000\0Mm\0\0") +
           message(b"A", bytes(4) + b"c\0p\0") + message(b"T", b"\0\1a\0" + bytes(18)) +
           message(b"D", b"\0\1\xff\xff\xff\xff") + message(b"C", b"SELECT 1\0") + message(b"Z", b"I")),
    "server": client(query(b"SELECT 1")) + b"\3\x0e" + message(b"C", b"SELECT 1\0"),
}

folder = pathlib.Path(__file__).parent / "corpus"
for name, seed in SEEDS.items():
    (folder / name).write_bytes(seed)
