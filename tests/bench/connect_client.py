#!/usr/bin/env python3
"""connect_client.py COUNT PAUSE CONNINFO: what an agent does over and over: connect, one query, leave,
and think. By libpq itself, without the time that starting psql takes. Prints milliseconds, one a line."""

import ctypes
import sys
import time

count, pause, conninfo = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3].encode()
pq = ctypes.CDLL("libpq.so.5")
for function in (pq.PQconnectdb, pq.PQexec):
    function.restype = ctypes.c_void_p
pq.PQerrorMessage.restype = ctypes.c_char_p
TUPLES_OK = 2

for _ in range(count):
    time.sleep(pause)
    start = time.monotonic()
    connection = ctypes.c_void_p(pq.PQconnectdb(conninfo))
    result = ctypes.c_void_p(pq.PQexec(connection, b"select 1"))
    if pq.PQresultStatus(result) != TUPLES_OK:
        sys.exit(pq.PQerrorMessage(connection).decode())
    pq.PQclear(result)
    pq.PQfinish(connection)
    print((time.monotonic() - start) * 1000)
