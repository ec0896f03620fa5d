#!/usr/bin/env python3
"""Records transcripts of real PostgreSQL clients against a real server, for replay_test.cc.

    tests/golden/postgres/record.py [NAME ...]      all scenarios, or those named

Starts a server of its own in a temporary folder (PostgreSQL 15, as the user postgres where run by
root), puts a relay before it, runs the client of each scenario through the relay, and writes
NAME.golden beside this file: prose, then bytes as they came in either direction. The expected events
behind each flight are added by the test itself:

    CHAPERONE_GOLDEN_UPDATE=1 build/tests/golden/postgres/golden_postgres

Read the difference before committing it. The file's form is told in transcript.h.
"""
import os
import pathlib
import pwd
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

import scenarios

HERE = pathlib.Path(__file__).resolve().parent
BIN = pathlib.Path(os.environ.get("PG_BIN", "/usr/lib/postgresql/15/bin"))
HBA = """host all cleartext_role 127.0.0.1/32 password
host all md5_role 127.0.0.1/32 md5
host all scram_role 127.0.0.1/32 scram-sha-256
local all all trust
host all all 127.0.0.1/32 trust
host replication all 127.0.0.1/32 trust
"""
ROLES = """CREATE ROLE cleartext_role LOGIN PASSWORD 'test-password';
CREATE ROLE scram_role LOGIN PASSWORD 'test-password';
SET password_encryption = 'md5'; CREATE ROLE md5_role LOGIN PASSWORD 'test-password';
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A throwaway server; stopped and removed on leaving, whatever happened."""

    def __enter__(self):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="chaperone-golden-"))
        self.port = free_port()
        self.user = "postgres" if os.geteuid() == 0 else None
        if self.user:
            os.chown(self.home, pwd.getpwnam("postgres").pw_uid, -1)
        try:
            self.run(BIN / "initdb", "-D", self.home / "data", "-U", "postgres", "-A", "trust",
                     "--locale=C.UTF-8", "-E", "UTF8")
            with open(self.home / "data" / "pg_hba.conf", "w") as hba:
                hba.write(HBA)
            with open(self.home / "data" / "postgresql.conf", "a") as conf:
                conf.write(f"port = {self.port}\nlisten_addresses = '127.0.0.1'\nfsync = off\n"
                           f"unix_socket_directories = '{self.home}'\nwal_level = logical\n"
                           "max_wal_size = 128MB\n")
            self.process = subprocess.Popen(
                self.as_user([BIN / "postgres", "-D", self.home / "data"]),
                stdout=subprocess.DEVNULL, stderr=open(self.home / "log", "w"))
            self.wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def as_user(self, command):
        command = [str(part) for part in command]
        user = ["--reuid", self.user, "--regid", self.user, "--clear-groups"] if self.user else []
        return ["setpriv", "--pdeathsig=KILL", *user, *command]

    def run(self, *command):
        subprocess.run(self.as_user(command), check=True, stdout=subprocess.DEVNULL, cwd=self.home)

    def wait(self):
        for _ in range(100):
            if subprocess.run([BIN / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)],
                              check=False).returncode == 0:
                return
            time.sleep(0.1)
        raise RuntimeError("the server did not start: " + (self.home / "log").read_text()[-500:])

    def sql(self, text, database="postgres"):
        self.run(BIN / "psql", "-q", "-h", "127.0.0.1", "-p", self.port, "-U", "postgres", "-X",
                 "-v", "ON_ERROR_STOP=1", "-d", database, "-c", text)

    def __exit__(self, *_):
        process = getattr(self, "process", None)
        if process:
            process.send_signal(2)  # fast shutdown
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
        shutil.rmtree(self.home, ignore_errors=True)


class Relay:
    """Passes connections to the server and keeps what passed: (direction, bytes) in order."""

    def __init__(self, server_port):
        self.server_port = server_port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.connections = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.server_port))
            log, lock = [], threading.Lock()
            self.connections.append(log)
            for letter, source, sink in (("F", client, server), ("B", server, client)):
                threading.Thread(target=self.pump, args=(letter, source, sink, log, lock),
                                 daemon=True).start()

    @staticmethod
    def pump(letter, source, sink, log, lock):
        try:
            while data := source.recv(65536):
                with lock:
                    log.append((letter, data))
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def close(self):
        self.listener.close()


def flights(log):
    """Runs of bytes in one direction."""
    out = []
    for letter, data in log:
        if out and out[-1][0] == letter:
            out[-1][1] += data
        else:
            out.append([letter, bytearray(data)])
    return out


def escape(data):
    return "".join(chr(b) if 33 <= b < 127 and b != 92 else "\\s" if b == 32 else f"\\{b:02x}"
                   for b in data)


class Framer:
    """Cuts flights into messages, one for a line; it knows the packets without a type byte."""

    def __init__(self):
        self.startup = True
        self.raw_answer = False

    def cut(self, letter, data):
        while data:
            size = min(self.size(letter, data), len(data))
            yield bytes(data[:size])
            data = data[size:]

    def size(self, letter, data):
        if letter == "B":
            if self.raw_answer:
                self.raw_answer = False
                return 1
            return 1 + struct.unpack(">I", data[1:5])[0] if len(data) >= 5 else len(data)
        if self.startup:
            size, code = struct.unpack(">II", data[:8])
            self.raw_answer = code in (80877103, 80877104)
            self.startup = self.raw_answer
            return size
        return 1 + struct.unpack(">I", data[1:5])[0] if len(data) >= 5 else len(data)


def lines_of(log):
    framer = Framer()
    for letter, data in flights(log):
        for message in framer.cut(letter, data):
            text = escape(message)
            while text:
                cut = len(text) if len(text) <= 96 else 96
                while cut < len(text) and "\\" in text[cut - 2:cut]:
                    cut -= 1  # not within an escape
                yield f"{letter} {text[:cut]}"
                text = text[cut:]
                letter = letter.lower() if text else letter.upper()


def write(name, prose, connections):
    for i, log in enumerate(connections):
        suffix = f"_{i + 1}" if len(connections) > 1 else ""
        path = HERE / f"{name}{suffix}.golden"
        path.write_text(prose.strip() + "\n\n" + "\n".join(lines_of(log)) + "\n")
        print(f"{path.name}: {sum(len(d) for _, d in log)} bytes")


def main():
    wanted = sys.argv[1:]
    with Server() as server:
        server.sql(ROLES)
        server.run(BIN / "pgbench", "-i", "-q", "-s", "1", "-h", "127.0.0.1", "-p", server.port,
                   "-U", "postgres", "postgres")
        server.sql(scenarios.SCHEMA)
        for name, (prose, run) in scenarios.ALL.items():
            if wanted and name not in wanted:
                continue
            relay = Relay(server.port)
            run(scenarios.Clients(BIN, relay.port, server.port, server.home))
            time.sleep(0.2)  # both pumps have seen the end
            relay.close()
            # pgbench looks around on a first connection of its own, always in the same way.
            first = 1 if len(relay.connections) > 1 and scenarios.is_pgbench(name) else 0
            write(name, prose, [log for log in relay.connections[first:] if log])


if __name__ == "__main__":
    main()
