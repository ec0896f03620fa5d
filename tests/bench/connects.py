"""Short connections: connect, one query, disconnect."""

import re
import statistics

import figures
import stage
from integration.lib import postgres
from integration.lib.sandbox import CLUSTER4
from throughput import column, interleaved

SOONER_BAR, SATURATED_BAR = 4.0, 0.9
PER_TURN, WARM_UPS, PAUSE_SECONDS = 10, 3, 0.1
SATURATING_CLIENTS = 8
SECURE, PLAIN = f"sslmode=require password={postgres.APP_PASSWORD}", "sslmode=disable"


def paused(proxy, user, options, times=PER_TURN):
    """Milliseconds of one connect, query and disconnect: the median of a turn."""
    out = proxy.client("/usr/bin/python3", stage.HERE / "connect_client.py", times, PAUSE_SECONDS,
                       f"host={CLUSTER4} user={user} dbname=bench {options}")
    return {"ms": statistics.median(float(line) for line in out.split())}


def saturated(proxy, user, options, seconds):
    env = {"PGSSLMODE": re.search(r"sslmode=(\w+)", options)[1], "PGPASSWORD": postgres.APP_PASSWORD}
    out = proxy.client(stage.CLIENT / "pgbench", "-h", CLUSTER4, "-U", user, "-n", "-S", "-C", "-c", SATURATING_CLIENTS,
                       "-j", 1, "-T", seconds, "bench", env=env)
    return {"rate": float(re.search(r"tps = ([\d.]+)", out)[1])}


def _turns(sidecar, direct, rounds, measure):
    """`measure(proxy, options)` with the options that fit each side."""
    found = interleaved([sidecar, direct], rounds, lambda p: paused(p, *p.login, WARM_UPS), measure)
    return found["chaperone"], found["direct"]


def paused_rows(name, sidecar, direct, rounds, bar):
    ours, theirs = _turns(sidecar, direct, rounds, lambda p: paused(p, *p.login))
    ms = [statistics.median(column(turns, "ms")) for turns in (ours, theirs)]
    yield figures.Row(f"connect, query, disconnect, {name}: times sooner than direct",
                      figures.ratio(column(theirs, "ms"), column(ours, "ms")), bar,
                      beside=f"{ms[0]:.2f} / {ms[1]:.2f} ms")


def saturated_rows(name, sidecar, direct, rounds, seconds, bar):
    ours, theirs = _turns(sidecar, direct, rounds, lambda p: saturated(p, *p.login, seconds))
    rates = [statistics.median(column(turns, "rate")) for turns in (ours, theirs)]
    yield figures.Row(f"connects at {SATURATING_CLIENTS} clients, {name}: rate to direct",
                      figures.ratio(column(ours, "rate"), column(theirs, "rate")), bar,
                      beside=f"{rates[0]:,.0f} / {rates[1]:,.0f} per s")


def _pair(world, authority, user, ours, theirs):
    sidecar, direct = stage.Chaperone(world, authority, user=user), stage.Direct(world)
    sidecar.login, direct.login = (user, ours), (user, theirs)
    return sidecar, direct


def cells(world, authority, rounds, seconds):
    # libpq asks for TLS unless it is told not to, and the sidecar gives it.
    scram = _pair(world, authority, stage.PASSWORDED, "sslmode=prefer password=placeholder", SECURE)
    scram_plain = _pair(world, authority, stage.PASSWORDED, PLAIN, SECURE)
    trust = _pair(world, authority, stage.TRUSTED, PLAIN, PLAIN)
    for name, pair, sooner, rate in (("SCRAM over TLS", scram_plain, SOONER_BAR, SATURATED_BAR),
                                     ("SCRAM over TLS, and TLS to the sidecar", scram, SOONER_BAR,
                                      SATURATED_BAR),
                                     ("trust without TLS", trust, None, None)):
        yield f"connect paused, {name}", lambda n=name, p=pair, b=sooner: list(paused_rows(n, *p, rounds, b))
        yield f"connect saturated, {name}", lambda n=name, p=pair, b=rate: list(
            saturated_rows(n, *p, rounds, seconds, b))
