"""The spool alone, on one core: what spool_bench prints, over several runs of it."""

import re

import figures
from integration.lib import sandbox
from integration.lib.process import run

SPOOL_BENCH = sandbox.BUILD / "tests/bench/spool/spool_bench"
RATE_BAR, RECORD_BYTES, RECOVERY_SECONDS_BAR = 300_000, 400, 2.0
RUNS, GIGABYTES = 5, "1.0"
APPEND = re.compile(r"append, commands, synced\s+(\d+) records/s\s+(\d+) bytes each")
RECOVERY = re.compile(r"recovery of [\d.]+ GB, \d+ records: ([\d.]+) s")


def rows():
    rates, sizes, recoveries = [], [], []
    for _ in range(RUNS):  # on the disk that holds the build
        out = run([SPOOL_BENCH, sandbox.BUILD, GIGABYTES])
        rate, size = APPEND.search(out).groups()
        rates.append(float(rate))
        sizes.append(int(size))
        recoveries += [float(seconds) for seconds in RECOVERY.findall(out)]
    if min(sizes) < RECORD_BYTES:
        raise RuntimeError(f"records of {min(sizes)} bytes are too small to count")
    yield figures.Row("records appended: chained, checkpointed, synced", figures.mean(rates), RATE_BAR, unit=" per s",
                      digits=0, beside=f"{min(sizes)} bytes each")
    yield figures.Row("recovery of 1 GB, pages cached", figures.mean(recoveries), RECOVERY_SECONDS_BAR,
                      at_least=False, unit=" s")


def cells():
    yield "records", lambda: list(rows())
