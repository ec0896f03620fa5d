"""What stands on the stage: a server in the cluster's namespace, a client in the pod's, and between
them, one at a time behind the rules of chaperone-init, the sidecar, HAProxy or nothing."""

import pathlib
import re
import shutil
import subprocess

from integration.lib import postgres, sandbox
from integration.lib.chaperone import Sidecar
from integration.lib.process import Process, as_user, run
from integration.lib.sandbox import AGENT_UID, SIDECAR_UID

HERE = pathlib.Path(__file__).resolve().parent
CLIENT = pathlib.Path("/usr/lib/postgresql/15/bin")
TRUSTED, PASSWORDED = "bench", "app"   # roles: trust without TLS; SCRAM over TLS
DIALS_MAX = 6000                       # for 5,000 idle connections, opened as fast as they will
PORT = 19001
CLIENT_ENV = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/mnt/tmp", "LANG": "C.UTF-8"}

HBA = f"""\
local     all all          trust
hostnossl all {TRUSTED} all trust
hostssl   all {PASSWORDED} all scram-sha-256
"""
SETTINGS = """
max_connections = 300
shared_buffers = 512MB
autovacuum = off
log_statement = none
max_parallel_workers_per_gather = 0
"""
# bulk: 25,600 rows of 8 KB, 200 MB as COPY sends them; wide: 1,000,000 rows of 10 columns.
FIXTURE = f"""
create role {TRUSTED} login superuser;
create role {PASSWORDED} login superuser password '{postgres.APP_PASSWORD}';
create database bench;
\\c bench
create table bulk as select g id, repeat('x', 8180) t from generate_series(1, 25600) g;
create table wide as select g a, g::bigint * 7 b, g::float8 / 3 c, md5(g::text) d, now() e, g % 100 f,
  'name-' || g h, g % 2 = 0 i, g::numeric(12, 2) j, null::text k from generate_series(1, 1000000) g;
vacuum analyze;
"""


def settle(world):
    """Alike on every machine: reno, because a namespace may not choose cubic everywhere and a host's
    bbr would pace bulk data; and ports enough for connections in a row."""
    for space in (world.pod, world.cluster):
        space.run("sysctl", "-qw", "net.ipv4.tcp_congestion_control=reno", "net.ipv4.tcp_tw_reuse=1",
                  "net.ipv4.ip_local_port_range=20000 65000", "net.core.somaxconn=16384",
                  "net.ipv4.tcp_max_syn_backlog=16384")


def server(world, authority):
    one = world.own(postgres.Postgres(15, world.cluster, authority, hba=HBA, plain=False, settings=SETTINGS)).start()
    one.sql(FIXTURE)
    run([CLIENT / "pgbench", "-h", one.folder, "-U", TRUSTED, "-i", "-q", "-s", "10", "bench"])
    return one


def cpu_seconds(pid):
    """Of all threads that are alive, to the nanosecond."""
    return sum(int((task / "schedstat").read_text().split()[0])
               for task in pathlib.Path(f"/proc/{pid}/task").iterdir()) / 1e9


def resident_kb(pid, key="VmRSS"):
    return int(re.search(rf"{key}:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1])


class Direct:
    """The client is let out by the rules: it runs as the sidecar's user."""
    name, client_uid = "direct", SIDECAR_UID

    def __init__(self, world):
        self.world = world

    def start(self):
        pass

    def stop(self):
        pass

    def begin_client(self, *argv, env=None):
        """Starts a client in the pod; end_client() gives its output. A failure of it ends the run."""
        return subprocess.Popen([str(word) for word in self.world.agent_words(*argv, uid=self.client_uid)],
                                env={**CLIENT_ENV, **(env or {})}, text=True, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def end_client(self, run, timeout=120):
        out, _ = run.communicate(timeout=timeout)
        if run.returncode:
            raise RuntimeError(f"{self.name}: exit {run.returncode} of {' '.join(run.args)}\n{out[-2000:]}")
        return out

    def client(self, *argv, env=None):
        return self.end_client(self.begin_client(*argv, env=env))


class Proxied(Direct):
    """start() to stop() is one turn."""
    client_uid = AGENT_UID
    process = None

    def cpu(self):
        return cpu_seconds(self.process.pid)

    def resident_kb(self, key="VmRSS"):
        return resident_kb(self.process.pid, key)

    def stop(self):
        if self.process:
            self.process.stop()
            self.process = None


class Haproxy(Proxied):
    name = "haproxy-t"

    def start(self):
        self.process = Process(self.name, self.world.pod.words(*as_user(SIDECAR_UID), "haproxy", "-db", "-q",
                                                               "-f", HERE / "haproxy.cfg"), sandbox.TMP / "haproxy.log")
        self.process.wait_until(self._listens)

    def _listens(self):
        tables = pathlib.Path(f"/proc/{self.process.pid}/net/tcp").read_text()
        return re.search(rf"0100007F:{PORT:04X} 0+:0000 0A", tables)


class _OnDisk(Sidecar):
    """Its spool lies beside the build: on a disk, as in a pod, not in the test's memory."""

    def _mine(self, name, mode=0o700):
        if name != "spool":
            return super()._mine(name, mode)
        self.spool_folder = sandbox.BUILD / "bench-spool" / self.folder.name
        shutil.rmtree(self.spool_folder, ignore_errors=True)
        for folder in (self.spool_folder.parent, self.spool_folder):
            folder.mkdir(exist_ok=True)
            shutil.chown(folder, SIDECAR_UID, SIDECAR_UID)
        return self.spool_folder


class Chaperone(Proxied):
    """Everything on: parsing, catalogue, six rules, records. A fresh spool each turn.

    `user` is the role it logs in as: TRUSTED over plain TCP, PASSWORDED by SCRAM over verified TLS."""
    name, turns = "chaperone", 0

    def __init__(self, world, authority, user=TRUSTED, more="", ports="5432"):
        super().__init__(world)
        self.authority, self.user, self.more, self.ports = authority, user, more, ports

    def policy(self):
        secure = self.user == PASSWORDED
        text = (HERE / "policy.yaml").read_text()
        return (text.replace("@TLS@", 'tls: {ca_file: "@DIR@/ca.pem"}' if secure else "tls: off")
                .replace("@CREDENTIAL@", '{password_file: "@DIR@/password"}' if secure else "{}")
                .replace("@MORE@", self.more).replace("@PORTS@", self.ports))

    def prepare(self):
        Chaperone.turns += 1
        self.sidecar = _OnDisk(self.world, self.policy(), authority=self.authority,
                               secrets={"password": postgres.APP_PASSWORD},
                               name=f"sidecar-{self.turns}", spool="4GiB")
        return self.sidecar

    def start(self):
        self.process = self.prepare().start().process

    def stop(self):
        super().stop()
        shutil.rmtree(self.sidecar.spool_folder.parent, ignore_errors=True)
        shutil.rmtree(self.sidecar.folder, ignore_errors=True)


def program_kernel(world, authority):
    """Once: the rules stay, whoever listens behind them."""
    Chaperone(world, authority).prepare().program_kernel("--dials-max", str(DIALS_MAX))
