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


def client(data):
    return b"".join(b"\0" + bytes([len(data[i:i + 255])]) + data[i:i + 255]
                    for i in range(0, len(data), 255))


SYNC = message(b"S")
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
    "server": client(query(b"SELECT 1")) + b"\3\x0e" + message(b"C", b"SELECT 1\0"),
}

folder = pathlib.Path(__file__).parent / "corpus"
for name, seed in SEEDS.items():
    (folder / name).write_bytes(seed)
