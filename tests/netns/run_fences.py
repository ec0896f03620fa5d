#!/usr/bin/env python3
"""Each fence alone, in every back end and family."""

import sys

import fences
import rules
from topology import World


def main():
    rules.require_root()
    failed = count = 0
    for backend in rules.BACKENDS:
        with World(sidecar=False) as world:
            text = rules.text(world, backend, "--no-l2-guard")
        for fence in fences.FENCES:
            for family in (4, 6):
                count += 1
                try:
                    fence(backend, text, family)
                except (AssertionError, OSError) as error:
                    failed += 1
                    print(f"FAIL {fence.__name__}, {backend}, IPv{family}: {error}", flush=True)
    print(f"fences: {count - failed} of {count} passed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
