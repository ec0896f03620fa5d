"""Size, growth and how soon it is ready."""

import statistics
import subprocess
import threading
import time

import figures
import stage
import throughput
from integration.lib import chaperone, sandbox
from integration.lib.process import Process, as_user
from integration.lib.sandbox import CLUSTER4, SIDECAR_UID

IDLE_MB_BAR, CONNECTION_KB_BAR, GROWTH_KB_BAR, READY_MS_BAR = 12.0, 6.0, 512.0, 150.0
IDLE_CONNECTIONS, IDLE_PORT = 5000, 5433
IDLE_ROUNDS, READY_ROUNDS = 3, 20
SETTLE_SECONDS = 3
GROWTH_SECONDS, GROWTH_HOUR, SAMPLE_SECONDS = 120, 3600, 2


def ready_ms(sidecar):
    """From the exec of the words that start it, the change of user and namespace among them."""
    prepared = sidecar.prepare()
    words = sidecar.world.pod.words(*as_user(SIDECAR_UID), chaperone.SIDECAR, "--config",
                                    prepared.folder / "sidecar.yaml")
    start = time.monotonic()
    with subprocess.Popen([str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True) as process:
        try:
            for line in process.stdout:
                if "ready: listening" in line:
                    return (time.monotonic() - start) * 1000
            raise RuntimeError("the sidecar ended before it was ready")
        finally:
            process.terminate()
            process.wait(20)
            sidecar.stop()


def ready_rows(sidecar):
    taken = [ready_ms(sidecar) for _ in range(READY_ROUNDS)]
    yield figures.Row("ready after exec", figures.mean(taken), READY_MS_BAR, at_least=False, unit=" ms", digits=0,
                      beside=f"longest of {len(taken)}: {max(taken):.0f} ms")


def idle_rows(sidecar):
    found = []
    for _ in range(IDLE_ROUNDS):
        sidecar.start()
        time.sleep(SETTLE_SECONDS)
        found.append(sidecar.resident_kb() / 1024)
        sidecar.stop()
    yield figures.Row("resident, idle", figures.mean(found), IDLE_MB_BAR, at_least=False, unit=" MB", digits=1)


def connection_rows(sidecar):
    """KB for each of many idle plain connections, both of its sockets included; kernel memory is not."""
    here = stage.HERE / "idle.py"
    server = Process("idle server", sidecar.world.cluster.words(
        *as_user(65534), "/usr/bin/python3", here, "serve", CLUSTER4, IDLE_PORT), sandbox.TMP / "idle.log")
    try:
        time.sleep(1)
        sidecar.start()
        time.sleep(SETTLE_SECONDS)
        before = sidecar.resident_kb()
        holder = subprocess.Popen([str(w) for w in sidecar.world.agent_words(
            "/usr/bin/python3", here, "hold", CLUSTER4, IDLE_PORT, IDLE_CONNECTIONS)], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        said = holder.stdout.readline()
        if said.strip() != "held":
            raise RuntimeError(f"the connections were not held: {said!r}")
        time.sleep(SETTLE_SECONDS)
        each = (sidecar.resident_kb() - before) / IDLE_CONNECTIONS
        holder.stdin.close()
        holder.wait(60)
    finally:
        sidecar.stop()
        server.stop()
    yield figures.Row(f"each of {IDLE_CONNECTIONS:,} idle connections", figures.mean([each]), CONNECTION_KB_BAR,
                      at_least=False, unit=" KB")


def mixed_load(sidecar, until, failures):
    """Rounds of all modes, few and many clients, connects and bulk."""
    turns = [("simple", 1), ("extended", 8), ("prepared", 64), ("simple", 8)]
    number = 0
    try:
        while time.monotonic() < until:
            throughput.pgbench(sidecar, *turns[number % len(turns)], 2)
            throughput.query(sidecar, "select * from wide limit 100000", 100)
            number += 1
    except RuntimeError as error:
        failures.append(error)


def growth_rows(sidecar, seconds):
    """Resident memory under load: the last quarter of the time against the second one."""
    sidecar.start()
    samples, failures = [], []
    until = time.monotonic() + seconds
    load = threading.Thread(target=mixed_load, args=(sidecar, until, failures))
    load.start()
    while load.is_alive():
        samples.append(sidecar.resident_kb())
        time.sleep(SAMPLE_SECONDS)
    load.join()
    sidecar.stop()
    if failures:
        raise failures[0]
    quarter = len(samples) // 4
    early, late = samples[quarter:2 * quarter], samples[-quarter:]
    grown = figures.mean([b - a for a, b in zip(early, late)])
    yield figures.Row(f"growth over {seconds // 60} minutes of mixed load", grown, GROWTH_KB_BAR, at_least=False,
                      unit=" KB", digits=0, beside=f"{statistics.median(late) / 1024:.1f} MB at the end")


def cells(world, authority, seconds):
    plain = stage.Chaperone(world, authority)
    unwarmed = stage.Chaperone(world, authority, more="warm: {mode: off}", ports=f"5432, {IDLE_PORT}")
    yield "ready after exec", lambda: list(ready_rows(plain))
    yield "resident, idle", lambda: list(idle_rows(plain))
    yield "idle connections", lambda: list(connection_rows(unwarmed))
    yield "growth", lambda: list(growth_rows(plain, seconds))
