#!/usr/bin/env python3
"""Speed and size, side by side with HAProxy behind the same redirect rules, held against bars.

    bench.py [--rounds 20] [--seconds 2] [--only REGEX] [--core N] [--hour] [--page FILE]

Root; namespaces of its own. All that is measured runs on one core, its turns interleaved; only ratios
of one run mean anything. Exit 1 when a bar fails."""

import argparse
import os
import pathlib
import platform
import re
import resource
import shutil
import subprocess
import sys
import time

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1]), str(pathlib.Path(__file__).resolve().parent)]
from integration.lib import sandbox  # noqa: E402

sandbox.enter()
import connects  # noqa: E402
import figures  # noqa: E402
import footprint  # noqa: E402
import quiet  # noqa: E402
import recording  # noqa: E402
import stage  # noqa: E402
import throughput  # noqa: E402
from integration.lib import chaperone  # noqa: E402
from integration.lib.certificates import Authority  # noqa: E402
from integration.lib.world import World  # noqa: E402

SKIP = 77
PAGE = """\
# Benchmarks

Made by `sudo tests/run -L bench` (`tests/bench`), on {date}, in {minutes:.0f} minutes: {held} of {all} bars held.

Machine: {machine}. {rounds} rounds, turns of {seconds} s, interleaved, each proxy started for its turn; client,
proxy and server share **one core**, so that a rate tells what all of it costs. Absolute figures mean
something only beside each other, in one run on one machine.

`haproxy-t` is HAProxy with one thread behind the same redirect rules: it relays and does nothing
else. The sidecar has everything on: it parses, resolves names by the catalogue, judges by six rules
and records each command and its outcome, chained and signed, on disk. Ratios are geometric means of the
rounds' ratios. A bar fails if the whole interval is on its wrong side.

{table}
"""


def arguments():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--rounds", type=int, default=20)
    ap.add_argument("--seconds", type=int, default=2, help="of one turn")
    ap.add_argument("--only", default="", help="cells whose name matches")
    ap.add_argument("--core", type=int, default=0)
    ap.add_argument("--hour", action="store_true", help="the growth test takes an hour, not two minutes")
    ap.add_argument("--page", type=pathlib.Path, help="write the table here as well")
    return ap.parse_args()


def machine():
    """What a reader must know to read the figures."""
    cpu = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    memory = int(re.search(r"MemTotal:\s+(\d+)", pathlib.Path("/proc/meminfo").read_text())[1]) / 1024 ** 2
    peer = subprocess.run(["haproxy", "-v"], text=True, capture_output=True).stdout.split()
    return (f"{os.cpu_count()} CPUs ({cpu[1] if cpu else platform.machine()}), {memory:.0f} GB, Linux "
            f"{platform.release()}; PostgreSQL 15; HAProxy {peer[2] if len(peer) > 2 else '?'}")


def page(rows, args, minutes):
    """docs/benchmarks.md, but for what people add to it."""
    held = sum(row.passed for row in rows if row.bar is not None)
    return PAGE.format(date=time.strftime("%Y-%m-%d"), machine=machine(), rounds=args.rounds, seconds=args.seconds,
                       minutes=minutes, table=figures.markdown(rows), held=held, all=sum(r.bar is not None for r in rows))


def measured(plan, only):
    for name, measure in plan:
        if not re.search(only, name):
            continue
        start = time.monotonic()
        found = measure()
        print(figures.markdown(found).split("\n", 2)[2], f" [{time.monotonic() - start:.0f} s]", flush=True)
        yield from found


def main():
    args = arguments()
    missing = [*chaperone.built(), *(["spool_bench"] if not recording.SPOOL_BENCH.exists() else []),
               *(["haproxy (apt-get install haproxy)"] if not shutil.which("haproxy") else [])]
    if missing:
        print(f"not here: {', '.join(missing)}")
        return SKIP
    quiet.take(args.core)
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    begun = time.monotonic()
    with World() as world:
        authority = Authority(sandbox.folder("authority"))
        stage.settle(world)
        stage.program_kernel(world, authority)
        stage.server(world, authority)
        peers = [stage.Chaperone(world, authority), stage.Haproxy(world)]
        plan = [*throughput.cells(peers, args.rounds, args.seconds),
                *footprint.cells(world, authority, footprint.GROWTH_HOUR if args.hour else footprint.GROWTH_SECONDS),
                *connects.cells(world, authority, args.rounds, args.seconds),  # leave the kernel much to forget
                *recording.cells()]
        rows = list(measured(plan, args.only))
    text = page(rows, args, (time.monotonic() - begun) / 60)
    print("\n" + text)
    if args.page:
        args.page.write_text(text)
    return 0 if all(row.passed for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
