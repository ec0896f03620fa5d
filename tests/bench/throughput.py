"""Long-lived connections: small transactions, and results of many megabytes."""

import time

import figures
import stage
from integration.lib import sandbox
from integration.lib.sandbox import CLUSTER4

MODES, CLIENTS = ("simple", "extended", "prepared"), (1, 8, 64)
CONNECTED_SECONDS = 0.6   # even 64 clients are, by then
PLAIN = {"PGSSLMODE": "disable"}
RATE_BAR, CPU_BAR = 0.97, 1.10
BULK = {"COPY OUT of 200 MB": ("copy bulk to stdout", 200, "MB"),
        "SELECT of 1M wide rows": ("select * from wide", 1000, "krow")}


def percentile(values, part):
    return values[min(len(values) - 1, int(part * len(values)))]


def spent_between(proxy, begin, end):
    """(CPU seconds, wall clock at both ends) of the proxy between two times from now."""
    start = time.monotonic()
    readings = []
    for at in (begin, end):
        time.sleep(max(0.0, start + at - time.monotonic()))
        readings.append((proxy.cpu(), time.time()))
    return readings[1][0] - readings[0][0], readings[0][1], readings[1][1]


def transactions(logs):
    """(end in seconds, latency in us) of each line of pgbench's logs."""
    for path in logs.iterdir():
        with open(path) as lines:
            for line in lines:
                _, _, latency, _, seconds, micros = line.split()[:6]
                yield int(seconds) + int(micros) / 1e6, int(latency)
        path.unlink()


def begin_pgbench(proxy, mode, clients, seconds, *more):
    return proxy.begin_client(stage.CLIENT / "pgbench", "-h", CLUSTER4, "-U", stage.TRUSTED, "-n", "-S", "-M", mode,
                              "-c", clients, "-j", 1, "-T", seconds, *more, "bench", env=PLAIN)


def warm_up(proxy, mode, clients):
    """Nothing is counted: on a busy machine a second may have no transaction to count."""
    proxy.end_client(begin_pgbench(proxy, mode, clients, 1))


def pgbench(proxy, mode, clients, seconds):
    """Counted while all clients are connected: neither logins, nor what follows on them, nor ends."""
    logs = sandbox.folder(f"pgbench-{time.monotonic_ns()}", proxy.client_uid)
    run = begin_pgbench(proxy, mode, clients, seconds, "-l", f"--log-prefix={logs}/log")
    spent, begin, end = spent_between(proxy, CONNECTED_SECONDS, seconds)
    proxy.end_client(run)
    done = list(transactions(logs))
    logs.rmdir()
    latencies = sorted(latency for at, latency in done if begin < at <= end)
    return {"rate": len(latencies) / (end - begin), "cpu": spent / len(latencies) * 1e6,
            "p50": percentile(latencies, .5), "p99": percentile(latencies, .99)}


def query(proxy, sql, units):
    before, start = proxy.cpu(), time.monotonic()
    proxy.client(stage.CLIENT / "psql", "-h", CLUSTER4, "-U", stage.TRUSTED, "-XqAt", "-o", "/dev/null", "-c", sql,
                 "bench", env=PLAIN)
    return {"rate": units / (time.monotonic() - start), "cpu": (proxy.cpu() - before) / units * 1e6}


def interleaved(proxies, rounds, warm, measure):
    """One turn each, `rounds` times; who begins alternates. {name: [figures of a turn]}"""
    found = {proxy.name: [] for proxy in proxies}
    for number in range(rounds):
        for proxy in proxies if number % 2 == 0 else reversed(proxies):
            try:
                proxy.start()
                warm(proxy)
                found[proxy.name].append(measure(proxy))
            finally:
                proxy.stop()
    return found


def column(turns, key):
    return [turn[key] for turn in turns]


def _beside(ours, theirs):
    middle = lambda turns, key: figures.statistics.median(column(turns, key))
    p = {key: f"{middle(ours, key):,.0f} / {middle(theirs, key):,.0f}" for key in ours[0]}
    text = f"rate {p['rate']} per s, CPU {p['cpu']} us"
    return text + (f"; p50 {p['p50']} us, p99 {p['p99']} us" if "p99" in p else "")


def rows_of(name, found):
    ours, theirs = found["chaperone"], found["haproxy-t"]
    rate = figures.ratio(column(ours, "rate"), column(theirs, "rate"))
    cpu = figures.ratio(column(ours, "cpu"), column(theirs, "cpu"))
    yield figures.Row(f"{name}: rate to haproxy-t", rate, RATE_BAR, beside=_beside(ours, theirs))
    if "p99" in ours[0]:
        yield figures.Row(f"{name}: proxy CPU per transaction to haproxy-t", cpu, CPU_BAR, at_least=False)


def cells(proxies, rounds, seconds):
    """Yields (name, function that measures the cell and returns its rows)."""
    for clients in CLIENTS:
        for mode in MODES:
            name = f"pgbench -S {mode}, {clients} client{'s' if clients > 1 else ''}"
            yield name, lambda n=name, m=mode, c=clients: list(rows_of(n, interleaved(
                proxies, rounds, lambda p: warm_up(p, m, c), lambda p: pgbench(p, m, c, seconds))))
    for name, (sql, units, _) in BULK.items():
        yield name, lambda n=name, s=sql, u=units: list(rows_of(n, interleaved(
            proxies, rounds, lambda p: warm_up(p, "simple", 1), lambda p: query(p, s, u))))
