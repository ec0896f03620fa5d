"""Loads rules into a world: by chaperone-init, or from the text of its --dry-run, changed or not."""

import os
import sys

from topology import DECLARED_PORT, RESOLVER, run, sweep

BACKENDS = ("nft", "iptables-nft", "iptables-legacy")
INIT = os.path.join(os.environ.get("CHAPERONE_BUILD", "build"), "sidecar/capture/chaperone-init")

FLAGS = ["--resolver", RESOLVER[4], "--resolver", RESOLVER[6], "--inbound-port", str(DECLARED_PORT)]


def init(world, backend, *more, check=True):
    """Runs chaperone-init as root in the pod; its outcome."""
    world.backend, world.ruled = backend, True
    return run(INIT, "--backend", backend, *FLAGS, *more, netns=world.pod, check=check)


def text(world, backend, *more):
    return run(INIT, "--dry-run", "--backend", backend, *FLAGS, *more, netns=world.pod).stdout


def load(world, backend, rules):
    """Loads a text in the form of --dry-run."""
    world.backend, world.ruled = backend, True
    if backend == "nft":
        run("nft", "-f", "-", netns=world.pod, text=rules)
        return
    variant = backend.removeprefix("iptables-")
    v6, v4 = rules.split("# iptables-restore\n")
    run(f"ip6tables-{variant}-restore", netns=world.pod, text=v6)
    run(f"iptables-{variant}-restore", netns=world.pod, text=v4)


def counters(world, family):
    """Packets by name of our counters; nft keeps one for both families."""
    if world.backend == "nft":
        return _nft_counters(run("nft", "list", "counters", netns=world.pod).stdout)
    found = {}
    variant = world.backend.removeprefix("iptables-")
    tool = f"ip{'6' if family == 6 else ''}tables-{variant}-save"
    for line in run(tool, "-c", netns=world.pod).stdout.splitlines():
        if "--comment escaped" in line:
            found[line.split("--comment ")[1].split()[0]] = int(line[1 : line.index(":")])
    return found


def _nft_counters(listing):
    found, name = {}, None
    for line in listing.splitlines():
        words = line.split()
        if words[:1] == ["counter"]:
            name = words[1]
        elif words[:1] == ["packets"]:
            found[name] = found.get(name, 0) + int(words[1])
    return found


def require_root():
    if os.geteuid() != 0:
        sys.exit("these tests make network namespaces and need root: sudo tests/run -L netns")
    sweep()
    if not os.access(INIT, os.X_OK):
        sys.exit(f"{INIT} is not built: cmake --build build --target chaperone-init")
