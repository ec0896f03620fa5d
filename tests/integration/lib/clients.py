"""The clients of tests/integration/clients: how each is made ready and started."""

import dataclasses
from typing import Callable

from . import cache, sandbox

HERE = sandbox.SRC / "tests/integration/clients"

STEPS = ("connect tls_require tls_verify_full simple parameters prepared pipeline transaction copy_in "
         "copy_out notice notify cancel failed_transaction refused_idle refused_in_transaction "
         "refused_in_pipeline refused_prepared refused_copy_program still_there").split()
PGBENCH_STEPS = "simple extended prepared pipeline refused_simple refused_extended refused_prepared".split()


@dataclasses.dataclass
class Client:
    command: Callable[[], list]  # makes it ready, and returns the words that run it
    steps: list = dataclasses.field(default_factory=lambda: STEPS)
    slow: bool = False           # a toolchain that takes minutes: label `drivers`


def _python(script):
    return lambda: [cache.venv("clients/python") / "bin/python", HERE / "python" / script]


def _libpq():
    folder = cache.built("clients/libpq", [
        "cc", "-O1", "-Wall", "-Wextra", "-I/usr/include/postgresql", "scenario.c", "-o", "scenario",
        "-lpq", "-lpthread"])
    return [folder / "scenario"]


ALL = {
    "psql": Client(lambda: [HERE / "psql/scenario.sh"]),
    "pgbench": Client(lambda: [HERE / "pgbench/scenario.sh"], PGBENCH_STEPS),
    "libpq": Client(_libpq),
    "psycopg": Client(_python("psycopg_scenario.py")),
    "asyncpg": Client(_python("asyncpg_scenario.py")),
    "node": Client(lambda: ["node", cache.npm("clients/node") / "scenario.js"]),
}


def _pgjdbc():
    folder = cache.built(
        "clients/pgjdbc",
        ["mvn", "-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=jars"],
        ["javac", "-cp", "jars/*", "-d", "classes", "Scenario.java"])
    return ["java", "-cp", f"{folder}/classes:{folder}/jars/*", "Scenario"]


def _pgx():
    return [cache.built("clients/pgx", ["go", "build", "-trimpath", "-o", "scenario", "."]) / "scenario"]


def _sqlx():
    folder = cache.built("clients/sqlx", ["cargo", "build", "--locked", "-q", "--target-dir", "target"])
    return [folder / "target/debug/scenario"]


ALL |= {
    "pgjdbc": Client(_pgjdbc, slow=True),
    "pgx": Client(_pgx, slow=True),
    "sqlx": Client(_sqlx, slow=True),
}
