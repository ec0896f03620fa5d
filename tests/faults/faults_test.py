#!/usr/bin/env python3
"""Faults at random moments under load; then everything is counted.

    faults_test.py [--seconds N] [--away N] [--seed N] [--only FAULT ...]

Each fault comes once before any comes twice. The spool lies on a small file system of its own, which a
fault fills; clients reset their connections in every state, read in sips and write in crumbs (load.py).

What must be 0: markers in the server's own log without a record at the collector; answered markers
without a record; wrong answers. The seed is printed and repeats a run's choices.
"""

import argparse
import collections
import contextlib
import os
import pathlib
import random
import re
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from integration.lib import sandbox  # noqa: E402

sandbox.enter()
from integration.lib import postgres  # noqa: E402
from integration.lib.certificates import Authority  # noqa: E402
from integration.lib.chaperone import Collector, Sidecar, records  # noqa: E402
from integration.lib.process import Process  # noqa: E402
from integration.lib.world import World  # noqa: E402

CLIENTS = 4
DISK_BYTES = 72 << 20          # a little more than the spool may hold
SPOOL_FULL_BYTES = 48 << 20    # the last of its four segments is kept for outcomes
FILL_SECONDS = 60
SETTLE_SECONDS = 60
MARKER = re.compile(r"mark-\d+-\d+-end")
FIXTURE = """
create role app login password 'app-secret-of-the-test'; create database shop owner app;
\\c shop
set role app; create table events(id bigint generated always as identity, kind text); create table guarded(id int);
"""


def all_markers(world, collector):
    """Every marker of every record that the collector holds."""
    found, cursor = collections.Counter(), ""
    while True:
        page = records(world, collector, f"kind=command&limit=1000{f'&cursor={cursor}' if cursor else ''}")
        for record in page["records"]:
            found.update(set(MARKER.findall(str(record))))
        cursor = page.get("next", "")
        if not cursor or not page["records"]:
            return found


class Faults:
    def __init__(self, sidecar, collector, server, chance, away):
        self.sidecar, self.collector, self.server, self.chance, self.away = sidecar, collector, server, chance, away
        self.spool = sidecar.folder / "spool"
        self.done = collections.Counter()

    def full_disk(self):
        """Nothing is left on the spool's file system while statements come that need a new segment."""
        filler = self.spool / "filler"
        with open(filler, "wb") as file, self.bulk():
            space = os.statvfs(self.spool)
            os.posix_fallocate(file.fileno(), 0, max(4096, space.f_bavail * space.f_frsize - 64 * 1024))
            time.sleep(self.chance.uniform(3, 8))
        filler.unlink()

    def full_spool(self):
        """The collector is away until the spool holds all that it may, and a little longer."""
        self.collector.process.kill()
        with self.bulk():
            end = time.monotonic() + FILL_SECONDS
            while time.monotonic() < end and self.spool_bytes() < SPOOL_FULL_BYTES:
                time.sleep(0.1)
            time.sleep(self.chance.uniform(2, 4))
        self.collector.start()

    def collector_away_long(self):
        self.collector.process.kill()
        time.sleep(self.away)
        self.collector.start()

    @contextlib.contextmanager
    def bulk(self):
        flag = sandbox.TMP / "bulk"
        flag.touch()
        try:
            yield
        finally:
            flag.unlink()

    def spool_bytes(self):
        return sum(path.stat().st_size for path in self.spool.glob("*.segment"))

    def kill_sidecar(self):
        self.sidecar.process.kill()
        self.sidecar.start()

    def kill_collector(self):
        self.collector.process.kill()
        self.collector.start()

    def collector_away(self):
        self.collector.process.kill()
        time.sleep(self.chance.uniform(1, 5))
        self.collector.start()

    def server_reset(self):
        self.server.sql("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'app'")

    def pause_sidecar(self):
        os.kill(self.sidecar.process.pid, signal.SIGSTOP)
        time.sleep(self.chance.uniform(0.1, 1))
        os.kill(self.sidecar.process.pid, signal.SIGCONT)

    def plan(self, only):
        """Without end: each in turn, in an order of this round."""
        every = ["kill_sidecar", "kill_sidecar", "kill_collector", "collector_away", "collector_away_long", "server_reset",
                 "pause_sidecar", "full_disk", "full_spool"]
        while True:
            round_ = [name for name in every if not only or name in only]
            self.chance.shuffle(round_)
            yield from round_

    def one(self, name):
        self.done[name] += 1
        getattr(self, name)()


def said(loads):
    """What the clients printed: word to the set of markers."""
    words = collections.defaultdict(set)
    for load in loads:
        for line in load.log.read_text().splitlines():
            word, marker = line.split()[:2]
            if word not in ("full", "reset"):
                words[word].add(marker)
                continue
            words[word].add(f"{marker} {len(words[word])}")
            if word == "wrong":
                print(line)
    return words


def settled(world, collector, wanted):
    """The records, once they hold what is wanted or nothing more comes."""
    end = time.monotonic() + SETTLE_SECONDS
    while True:
        have = all_markers(world, collector)
        if not wanted - set(have) or time.monotonic() > end:
            return have
        time.sleep(1)


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=60)
    options.add_argument("--away", type=float, default=20, help="seconds of a long absence of the collector")
    options.add_argument("--only", nargs="*", default=[], help="these faults alone")
    options.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 30))
    chosen = options.parse_args()
    print(f"seed {chosen.seed}", flush=True)
    chance = random.Random(chosen.seed)
    with World() as world:
        authority = Authority(sandbox.folder("authority"))
        server = world.own(postgres.Postgres(15, world.cluster, authority)).start()
        server.sql(FIXTURE)
        collector = world.own(Collector(world, authority)).start()
        policy = (sandbox.SRC / "tests/integration/policies/clients.yaml").read_text()
        sidecar = world.own(Sidecar(world, policy, collector, authority, {"password": postgres.APP_PASSWORD},
                                    spool="64MiB"))
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES},mode=700,uid={sandbox.SIDECAR_UID},"
                        f"gid={sandbox.SIDECAR_UID}", "spool", sidecar.folder / "spool"], check=True)
        sidecar.program_kernel()
        sidecar.start()
        loads = [world.own(Process(f"load {n}", world.agent_words(
            "/usr/bin/python3", sandbox.SRC / "tests/faults/load.py", n, chosen.seconds, chosen.seed + n),
            sandbox.TMP / f"load-{n}.log")) for n in range(CLIENTS)]
        faults = Faults(sidecar, collector, server, chance, chosen.away)
        end = time.monotonic() + chosen.seconds
        for name in faults.plan(chosen.only):
            time.sleep(chance.uniform(0.5, 3))
            if time.monotonic() > end - 5:
                break
            faults.one(name)
        for load in loads:
            load.popen.wait(chosen.seconds + 60)
        words = said(loads)
        server_saw = set(MARKER.findall(server.statements_seen()))
        recorded = settled(world, collector, server_saw | words["done"] | words["refused"])
        without = server_saw - set(recorded)
        lost = (words["done"] | words["refused"]) - set(recorded)
        print(f"{len(words['sent'])} sent, {len(words['done'])} answered, {len(words['refused'])} refused, "
              f"{len(server_saw)} seen by the server, {len(words['full'])} told that the spool is full, "
              f"{len(words['reset'])} reset in {len({word.split()[0] for word in words['reset']})} states, "
              f"{sum(faults.done.values())} faults: "
              f"{', '.join(f'{n} {name}' for name, n in sorted(faults.done.items()))}")
        print(f"records lost {len(lost)}; commands at the server without a record {len(without)}; "
              f"wrong answers {len(words['wrong'])}")
        if not words["done"] or lost or without or words["wrong"]:
            sys.exit(1)


if __name__ == "__main__":
    main()
