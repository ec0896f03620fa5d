#!/usr/bin/env python3
"""Deletes each rule in turn: some escape or duty must go red, or the rule has no reason to be.

Policies are turned too (drop to accept). killers.txt remembers which case kills which rule, so that
a run asks that one first; a rule that is new, or whose case no longer kills it, is tried with all.
"""

import argparse
import os
import re
import sys

os.environ.setdefault("CHAPERONE_NETNS_PATIENCE_S", "1.5")  # read by the modules below

import cases
import escapes_flows
import escapes_headers  # noqa: F401  (each registers its cases)
import escapes_identity  # noqa: F401
import escapes_inbound  # noqa: F401
import escapes_packets  # noqa: F401
import duties  # noqa: F401
import fences
import rules
from topology import World

KILLERS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "killers.txt")
QUICK_EVERY = 8  # the quick run takes each eighth rule


class Mutation:
    """One rule less, or one policy turned, in a text of --dry-run."""

    def __init__(self, where, what, text):
        self.where, self.what, self.text = where, what, text

    @property
    def name(self):
        return f"{self.where}: {self.what}"


def _nft_mutations(text):
    lines = text.splitlines(keepends=True)
    block = ""
    for at, line in enumerate(lines):
        stripped = line.strip()
        if stripped.startswith(("chain ", "set ", "counter ", "table ")) and stripped.endswith("{"):
            block = stripped.removesuffix(" {")
        elif block.startswith("chain ") and "policy drop" in line:
            yield Mutation(block, "policy drop", "".join(
                lines[:at] + [line.replace("policy drop", "policy accept")] + lines[at + 1 :]))
        elif block.startswith("chain ") and stripped not in ("}", "") and not stripped.startswith("type "):
            yield Mutation(block, stripped, "".join(lines[:at] + lines[at + 1 :]))


def _iptables_mutations(text):
    lines = text.splitlines(keepends=True)
    tool = ""
    for at, line in enumerate(lines):
        if line.startswith("# "):
            tool = line[2:].removesuffix("-restore\n")
        elif line.startswith(":") and " DROP " in line:
            yield Mutation(tool, line.split(" [")[0], "".join(
                lines[:at] + [line.replace(" DROP ", " ACCEPT ")] + lines[at + 1 :]))
        elif line.startswith("-A "):
            yield Mutation(tool, line.strip(), "".join(lines[:at] + lines[at + 1 :]))


def _run_one(backend, text, case, family):
    with World(sidecar=False) as world:
        rules.load(world, backend, text)
        world.start_sidecar()
        cases.run_case(world, case, case.tiers[0], family)


def _old_flows(backend, text, family, loose):
    escapes_flows.flows_opened_before_the_rules(
        lambda world: rules.load(world, backend, text), "user", family, loose)


# Never reached while every rule is there: what the chain's last rule leaves is nothing. They are for
# the day on which a rule is missing.
BACKSTOPS = {"chain f_out: policy drop", "ip6tables: :OUTPUT DROP", "iptables: :OUTPUT DROP"}


def candidates(backend, layer2):
    """(name, test(text)) of everything that may go red; with the layer-2 guard, what asks for it."""
    found = {}
    for case in cases.REGISTRY:
        if case.applies(backend, case.tiers[0]) and case.layer2 == layer2:
            for family in case.families:
                found[f"{case.name}/{family}"] = (
                    lambda text, case=case, family=family: _run_one(backend, text, case, family))
    for family in () if layer2 else (4, 6):
        for fence in fences.FENCES:
            found[f"{fence.__name__}/{family}"] = (
                lambda text, fence=fence, family=family: fence(backend, text, family))
        for loose in (True, False):
            found[f"old_flows_{'loose' if loose else 'strict'}/{family}"] = (
                lambda text, family=family, loose=loose: _old_flows(backend, text, family, loose))
    return found


def is_red(test, text, say=None):
    try:
        test(text)
    except (AssertionError, OSError) as error:
        if say:
            say(error)
        return True
    return False


def require_green(backend, tests, *flags):
    """A case that is red without any mutation would kill them all."""
    with World(sidecar=False) as world:
        text = rules.text(world, backend, *flags)
    for name, test in tests.items():
        if is_red(test, text, lambda error, name=name: print(f"{backend} {name}: {error}")):
            sys.exit(f"{name} is red under the whole ruleset: mend that first")


def killer_of(mutation, tests, known):
    first = known.get(mutation.name)
    if first in tests and is_red(tests[first], mutation.text):
        return first
    for name, test in tests.items():
        if is_red(test, mutation.text):
            return name
    return None


def read_killers():
    try:
        with open(KILLERS, encoding="utf-8") as file:
            pairs = [line.rstrip("\n").split("\t") for line in file if "\t" in line]
    except FileNotFoundError:
        return {}
    return {rule: case for rule, case in pairs}


def mutations(backend, layer2, options):
    """The rules beside the layer-2 guard are tried without it: it must not hide their loss."""
    with World(sidecar=False) as world:
        text = rules.text(world, backend, *(() if layer2 else ("--no-l2-guard",)))
    found = _nft_mutations(text) if backend == "nft" else _iptables_mutations(text)
    chosen = [one for one in found if (one.where == "chain eg") == layer2
              and one.name not in BACKSTOPS
              and (not options.rule or re.search(options.rule, one.name))]
    return chosen[:: QUICK_EVERY] if options.quick else chosen


def run_backend(backend, options, known, layer2=False):
    tests = candidates(backend, layer2)
    survivors, learned = [], {}
    chosen = mutations(backend, layer2, options)
    asked = {known.get(mutation.name) for mutation in chosen}
    require_green(backend, {name: test for name, test in tests.items() if name in asked},
                  *(() if layer2 else ("--no-l2-guard",)))
    for mutation in chosen:
        killer = killer_of(mutation, tests, known)
        if killer:
            learned[mutation.name] = killer
        else:
            survivors.append(mutation.name)
        if options.verbose or not killer:
            print(f"{'killed by ' + killer if killer else 'SURVIVED':48} {mutation.name}", flush=True)
    label = backend + (" layer 2" if layer2 else "")
    print(f"{label}: {len(chosen) - len(survivors)} of {len(chosen)} mutations go red", flush=True)
    return survivors, learned


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backend", choices=rules.BACKENDS, action="append")
    parser.add_argument("--quick", action="store_true", help=f"each {QUICK_EVERY}th rule only")
    parser.add_argument("--rule", help="only rules that match this expression")
    parser.add_argument("--learn", action="store_true", help="write killers.txt anew")
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    rules.require_root()
    known, survivors = read_killers(), []
    for backend in options.backend or ("nft", "iptables-nft"):
        for layer2 in (False, True) if backend == "nft" else (False,):
            lost, learned = run_backend(backend, options, known, layer2)
            survivors += lost
            known |= learned
    if options.learn:
        with open(KILLERS, "w", encoding="utf-8") as file:
            file.writelines(f"{rule}\t{case}\n" for rule, case in sorted(known.items()))
    sys.exit(1 if survivors else 0)


if __name__ == "__main__":
    main()
