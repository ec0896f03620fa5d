#!/usr/bin/env python3
"""Every escape and duty, in one back end (or "none": the controls), for both tiers and families."""

import argparse
import sys
import time

import cases
import escapes_flows  # noqa: F401  (each registers its cases)
import escapes_headers  # noqa: F401
import escapes_identity  # noqa: F401
import escapes_inbound  # noqa: F401
import escapes_packets  # noqa: F401
import duties  # noqa: F401
import rules
import topology


def make_world(backend):
    if backend == "none":
        return topology.World()
    world = topology.World(sidecar=False)
    try:
        rules.init(world, backend)
        world.start_sidecar()
    except BaseException:
        world.close()
        raise
    return world


def chosen(backend, tier, pattern):
    for case in cases.REGISTRY:
        if pattern and pattern not in case.name:
            continue
        if backend == "none":
            if case.is_escape and case.control and tier in case.tiers:
                yield case
        elif case.applies(backend, tier):
            yield case


def judge(world, case, tier, family, failures):
    label = f"{case.name} (row {case.row}), IPv{family}, {tier}"
    try:
        cases.run_case(world, case, tier, family)
    except (AssertionError, OSError) as error:
        failures.append(label)
        print(f"FAIL {label}: {error}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backend", choices=("none", *rules.BACKENDS), default="nft")
    parser.add_argument("--tier", choices=tuple(topology.TIERS), action="append")
    parser.add_argument("--family", type=int, choices=(4, 6), action="append")
    parser.add_argument("--case", help="only cases whose name holds this")
    parser.add_argument("--times", action="store_true", help="print how long each case took")
    options = parser.parse_args()
    rules.require_root()
    failures, count = [], 0
    for tier in options.tier or topology.TIERS:
        with make_world(options.backend) as world:
            for case in chosen(options.backend, tier, options.case):
                for family in set(case.families) & set(options.family or (4, 6)):
                    began = time.monotonic()
                    judge(world, case, tier, family, failures)
                    count += 1
                    if options.times:
                        print(f"{time.monotonic() - began:6.2f} s {case.name} IPv{family} {tier}")
    print(f"{options.backend}: {count - len(failures)} of {count} passed")
    sys.exit(1 if failures or count == 0 else 0)


if __name__ == "__main__":
    main()
