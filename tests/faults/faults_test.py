#!/usr/bin/env python3
"""Faults at random moments under load; then everything is counted.

    faults_test.py [--seconds N] [--seed N]

What must be 0: markers in the server's own log without a record at the collector; answered markers
without a record; wrong answers. The seed is printed and repeats a run's choices.
"""

import argparse
import collections
import pathlib
import random
import re
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
    def __init__(self, world, sidecar, collector, chance):
        self.world, self.sidecar, self.collector, self.chance = world, sidecar, collector, chance
        self.done = collections.Counter()

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
        import os
        import signal
        os.kill(self.sidecar.process.pid, signal.SIGSTOP)
        time.sleep(self.chance.uniform(0.1, 1))
        os.kill(self.sidecar.process.pid, signal.SIGCONT)

    def one(self):
        fault = self.chance.choice([self.kill_sidecar, self.kill_sidecar, self.kill_collector, self.collector_away,
                                    self.server_reset, self.pause_sidecar])
        self.done[fault.__name__] += 1
        fault()


def said(loads):
    """What the clients printed: word to the set of markers."""
    words = collections.defaultdict(set)
    for load in loads:
        for line in load.log.read_text().splitlines():
            word, marker = line.split()[:2]
            words[word].add(marker)
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
        sidecar = world.own(Sidecar(world, policy, collector, authority, {"password": postgres.APP_PASSWORD}))
        sidecar.program_kernel()
        sidecar.start()
        loads = [world.own(Process(f"load {n}", world.agent_words(
            "/usr/bin/python3", sandbox.SRC / "tests/faults/load.py", n, chosen.seconds, chosen.seed + n),
            sandbox.TMP / f"load-{n}.log")) for n in range(CLIENTS)]
        faults = Faults(world, sidecar, collector, chance)
        faults.server = server
        end = time.monotonic() + chosen.seconds
        while time.monotonic() < end - 5:
            time.sleep(chance.uniform(0.5, 3))
            faults.one()
        for load in loads:
            load.popen.wait(chosen.seconds + 60)
        words = said(loads)
        server_saw = set(MARKER.findall(server.statements_seen()))
        recorded = settled(world, collector, server_saw | words["done"] | words["refused"])
        without = server_saw - set(recorded)
        lost = (words["done"] | words["refused"]) - set(recorded)
        print(f"{len(words['sent'])} sent, {len(words['done'])} answered, {len(words['refused'])} refused, "
              f"{len(server_saw)} seen by the server, {sum(faults.done.values())} faults: "
              f"{', '.join(f'{n} {name}' for name, n in sorted(faults.done.items()))}")
        print(f"records lost {len(lost)}; commands at the server without a record {len(without)}; "
              f"wrong answers {len(words['wrong'])}")
        if not words["done"] or lost or without or words["wrong"]:
            sys.exit(1)


if __name__ == "__main__":
    main()
