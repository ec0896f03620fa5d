"""What record.py records: for each scenario its prose, and the client that is run."""
import os
import signal
import socket
import struct
import subprocess
import time

SCHEMA = """
CREATE TABLE item (id int PRIMARY KEY, name text, price numeric);
INSERT INTO item VALUES (1, 'anvil', 12.50), (2, 'bell', NULL), (3, E'tab\\there', 3);
CREATE TABLE target (id int PRIMARY KEY, note text);
CREATE TABLE later (id int UNIQUE DEFERRABLE INITIALLY DEFERRED);
"""


class Clients:
    def __init__(self, binaries, port, server_port, home):
        self.binaries, self.port, self.home = binaries, port, home
        self.server_port = server_port  # to go around the recording
        self.env = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "PGCONNECT_TIMEOUT": "10",
                    "PGHOST": "127.0.0.1", "PGPORT": str(port), "PGUSER": "postgres",
                    "PGDATABASE": "postgres", "PGSSLMODE": "disable", "PGGSSENCMODE": "disable",
                    "PGPASSWORD": "test-password", "PSQLRC": os.devnull, "HOME": str(home)}

    def run(self, *command, text=None, timeout=60, **env):
        """Ends the client with Ctrl-C at the timeout: some only stop so."""
        client = subprocess.Popen([str(self.binaries / command[0]), *map(str, command[1:])],
                                  env={**self.env, **env}, text=True, cwd=self.home,
                                  stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL)
        try:
            client.communicate(text, timeout)
        except subprocess.TimeoutExpired:
            client.send_signal(signal.SIGINT)
            client.communicate(timeout=20)

    def psql(self, text, *more, **env):
        self.run("psql", "-X", "-q", *more, text=text, **env)

    def pgbench(self, *options, script=None):
        if script:
            path = self.home / "script.sql"
            path.write_text(script)
            options = (*options, "-f", path)
        self.run("pgbench", "-n", *options)


def is_pgbench(name):
    return name.startswith(("pgbench_", "libpq_"))


def message(letter, body=b""):
    return letter.encode() + struct.pack(">I", len(body) + 4) + body


def parse(name, text, *types):
    body = name + b"\0" + text + b"\0" + struct.pack(">H", len(types))
    return message("P", body + b"".join(struct.pack(">I", t) for t in types))


def bind(portal, name, *values, binary=False, results=()):
    body = portal + b"\0" + name + b"\0" + (b"\0\1\0\1" if binary else b"\0\0")
    body += struct.pack(">H", len(values))
    for value in values:
        body += b"\xff\xff\xff\xff" if value is None else struct.pack(">I", len(value)) + value
    return message("B", body + struct.pack(">H", len(results)) +
                   b"".join(struct.pack(">H", r) for r in results))


def execute(portal=b"", rows=0):
    return message("E", portal + b"\0" + struct.pack(">i", rows))


SYNC, FLUSH = message("S"), message("H")


def by_hand(*flights, minor=0, options=b""):
    """A client written for this file: each flight is sent when the one before was answered."""

    def run(clients):
        with socket.create_connection(("127.0.0.1", clients.port)) as server:
            server.settimeout(0.3)
            body = struct.pack(">HH", 3, minor) + b"user\0postgres\0" + options + b"\0"
            for data in (struct.pack(">I", len(body) + 4) + body, *flights, message("X")):
                server.sendall(data)
                try:
                    while server.recv(65536):
                        pass
                except socket.timeout:
                    pass

    return run


def cancel(clients):
    process = subprocess.Popen([str(clients.binaries / "psql"), "-X", "-c", "SELECT pg_sleep(20)"],
                               env=clients.env, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    process.wait(20)


def psql(text, *more, **env):
    return lambda clients: clients.psql(text, *more, **env)


def pgbench(*options, script=None):
    return lambda clients: clients.pgbench(*options, script=script)


def large_object(clients):
    (clients.home / "blob").write_bytes(bytes(range(256)) * 4)
    os.chmod(clients.home / "blob", 0o644)
    clients.psql("\\lo_import blob\n\\lo_export :LASTOID blob.out\n\\lo_unlink :LASTOID\n")


def replication(clients):
    clients.psql("IDENTIFY_SYSTEM;\nSELECT 1;\n", "dbname=postgres replication=database")
    clients.psql("SELECT pg_create_logical_replication_slot('golden', 'test_decoding');"
                 "INSERT INTO target VALUES (100, 'replicated'); DELETE FROM target;",
                 PGHOST=str(clients.home), PGPORT=str(clients.server_port))
    clients.run("pg_recvlogical", "-S", "golden", "--start", "-f", os.devnull, "-d", "postgres",
                "--endpos", "FFFFFF/0", "-s", "1", timeout=3)


PIPELINE = """\\startpipeline
SELECT count(*) FROM item;
INSERT INTO target VALUES (50, 'pipelined');
SELECT note FROM target WHERE id = 50;
\\endpipeline
"""
PIPELINE_ERROR = """\\startpipeline
SELECT 1;
SELECT 1/0;
SELECT 'never reached';
\\endpipeline
"""

ALL = {
    "psql_simple": (
        "psql, the simple protocol: rows, an empty query, two statements in one message, a notice,\n"
        "an error, and a transaction block that fails and is rolled back.",
        psql("SELECT * FROM item ORDER BY id;\n;\nSELECT 1 \\; SELECT 'two' AS b;\n"
             "DROP TABLE IF EXISTS no_such;\nSELECT 1/0;\nBEGIN;\nSELECT nope;\nSELECT 1;\n"
             "ROLLBACK;\nUPDATE item SET price = 1 WHERE id = 99;\nSET TimeZone = 'UTC';\n")),
    "psql_sslmode_prefer": (
        "psql as it comes: it asks for TLS, the server declines with one byte, and it goes on in\n"
        "clear on the same connection.",
        psql("SELECT 1", PGSSLMODE="prefer")),
    "psql_options": (
        "psql with settings in PGOPTIONS, with an escaped space, and an application name.",
        psql("SHOW search_path", PGOPTIONS="-c search_path=a,\\ b --statement-timeout=5s",
             PGAPPNAME="golden test")),
    "psql_copy_out": (
        "psql, COPY TO STDOUT in text and in binary.",
        psql("COPY item TO STDOUT;\nCOPY item TO STDOUT (FORMAT binary);\n")),
    "psql_copy_in": (
        "psql, COPY FROM STDIN: good lines; then a line that the server refuses.",
        psql("COPY target FROM STDIN;\n1\tone\n2\ttwo\n\\.\nCOPY target FROM STDIN;\n3\tthree\n"
             "bad\tline\n\\.\nDELETE FROM target;\n")),
    "psql_copy_fail": (
        "psql, \\copy from what cannot be read (a folder): the client itself gives up (CopyFail).",
        psql("\\copy target FROM '/tmp'\nSELECT 1;\n")),
    "psql_notify": (
        "psql, LISTEN and NOTIFY in one session.",
        psql("LISTEN news;\nNOTIFY news, 'extra, extra';\nUNLISTEN news;\n")),
    "psql_large_object": (
        "psql, \\lo_import, \\lo_export and \\lo_unlink: libpq's large objects are FunctionCalls.",
        large_object),
    "psql_cancel": (
        "psql, a statement cancelled by Ctrl-C: the request is a connection of its own.",
        cancel),
    "psql_cursor": (
        "psql with FETCH_COUNT: rows come through a cursor, by FETCH.",
        psql("\\set FETCH_COUNT 2\nSELECT * FROM item ORDER BY id;\n")),
    "psql_deferred": (
        "psql: a constraint that is checked at COMMIT only.",
        psql("BEGIN;\nINSERT INTO later VALUES (1), (1);\nCOMMIT;\n")),
    "login_cleartext": ("psql, password in clear.", psql("SELECT 1", PGUSER="cleartext_role")),
    "login_md5": ("psql, MD5 password.", psql("SELECT 1", PGUSER="md5_role")),
    "login_scram": ("psql, SCRAM-SHA-256.", psql("SELECT 1", PGUSER="scram_role")),
    "login_refused": (
        "psql, SCRAM-SHA-256 with a wrong password.",
        psql("SELECT 1", PGUSER="scram_role", PGPASSWORD="wrong")),
    "login_no_database": (
        "psql, a database that does not exist: a fatal error instead of ReadyForQuery.",
        psql("SELECT 1", PGDATABASE="no_such")),
    "pgbench_simple": ("pgbench -S -M simple, two transactions.", pgbench("-S", "-t", "2")),
    "pgbench_extended": (
        "pgbench -S -M extended, two transactions.", pgbench("-S", "-M", "extended", "-t", "2")),
    "pgbench_prepared": (
        "pgbench -S -M prepared, three transactions: parsed once, bound three times.",
        pgbench("-S", "-M", "prepared", "-t", "3")),
    "pgbench_tpcb_prepared": (
        "pgbench's own mixed transaction, -M prepared.", pgbench("-M", "prepared", "-t", "1")),
    "libpq_pipeline": (
        "libpq in pipeline mode (pgbench \\startpipeline): three commands before one Sync.",
        pgbench("-M", "extended", "-t", "1", script=PIPELINE)),
    "libpq_pipeline_error": (
        "libpq in pipeline mode: the second command fails, the third is skipped.",
        pgbench("-M", "extended", "-t", "1", script=PIPELINE_ERROR)),
    "replication": (
        "psql on a replication connection (a database is named, so it speaks SQL too), then\n"
        "pg_recvlogical: COPY both ways, with status messages from the client, ended by both.",
        replication),
    "portal_rows": (
        "By hand, after the manual: a portal is read two rows at a time (PortalSuspended), described,\n"
        "and closed; parameters in text, in binary and null.",
        by_hand(parse(b"s", b"SELECT id, name, $1::int, $2::text FROM item ORDER BY id") +
                message("D", b"Ss\0") + SYNC,
                bind(b"p", b"s", struct.pack(">i", 7), None, binary=True, results=(1, 0, 1, 0)) +
                message("D", b"Pp\0") + execute(b"p", 2) + FLUSH,
                execute(b"p", 2) + message("C", b"Pp\0") + message("C", b"Ss\0") + SYNC,
                parse(b"", b"") + bind(b"", b"") + execute() + SYNC)),
    "extended_errors": (
        "By hand: an error in each place of the extended protocol; what is sent until the Sync is\n"
        "skipped, a simple query too; and a Sync that fails, because it commits.",
        by_hand(parse(b"", b"SELEC") + bind(b"", b"") + execute() + SYNC,
                parse(b"", b"SELECT $1::int") + bind(b"", b"", b"x") + execute() + SYNC,
                parse(b"", b"SELECT 1/0") + bind(b"", b"") + execute() + execute() + SYNC,
                message("D", b"Snone\0") + message("Q", b"SELECT 'skipped'\0") + FLUSH, SYNC,
                parse(b"", b"INSERT INTO later VALUES (5), (5)") + bind(b"", b"") + execute() +
                SYNC)),
    "extended_copy": (
        "By hand: COPY in both directions in the extended protocol. The Sync that follows the\n"
        "Execute of COPY FROM STDIN at once is swallowed by the server; the second one is answered.",
        by_hand(parse(b"", b"COPY item TO STDOUT") + bind(b"", b"") + execute() + SYNC,
                parse(b"", b"COPY target FROM STDIN") + bind(b"", b"") + execute() + SYNC,
                message("d", b"7\tseven\n") + message("d", b"8\teight\n") + message("c") + SYNC,
                parse(b"", b"COPY target FROM STDIN") + bind(b"", b"") + execute() + FLUSH,
                message("d", b"9\tnine\n") + message("f", b"changed my mind\0") + SYNC,
                message("d", b"ignored outside of COPY") + message("c") +
                message("Q", b"DELETE FROM target\0"))),
    "protocol_3_2": (
        "By hand: a client that asks for protocol 3.2 and an option; this server speaks 3.0 and says\n"
        "so (NegotiateProtocolVersion).",
        by_hand(message("Q", b"SELECT 1\0"), minor=2, options=b"_pq_.test\0on\0")),
    "function_call": (
        "By hand: FunctionCall of int4pl(2, 3) in binary, and of a function that does not exist.",
        by_hand(message("F", struct.pack(">IHHHiiiiH", 177, 1, 1, 2, 4, 2, 4, 3, 1)),
                message("F", struct.pack(">IHHH", 999999, 0, 0, 0)))),
}
