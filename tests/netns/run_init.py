#!/usr/bin/env python3
"""chaperone-init itself: how it runs, what it refuses, and the rows of init_rows.py."""

import os
import shutil
import socket
import sys
import traceback

import init_rows
import kernel
import process
import rules
from cases import expect
from checks import execute, is_closed, is_open
from rules import BACKENDS, FLAGS, INIT
from topology import INIT_UID, RESOLVER, SIDECAR, TIERS, World, identity, run

TESTS = list(init_rows.TESTS)


def test(function):
    TESTS.append(function)
    return function


def _with_capability(world, capability="cap_net_admin+ep"):
    program = os.path.join(world.folder, "chaperone-init")
    shutil.copy(INIT, program)
    run("setcap", capability, program)
    return program


@test
def runs_as_non_root_with_a_file_capability_alone():
    """As an init container does: UID 65532, NET_ADMIN in the bounding set, no_new_privs."""
    for backend in ("auto", "nft", "iptables", "iptables-nft"):
        with World(sidecar=False) as world:
            program = _with_capability(world)
            who = identity(INIT_UID, capabilities=(kernel.CAP_NET_ADMIN,))
            status, said = world.agent(who, execute, program, "--backend", backend, *FLAGS)
            expect(status == 0, f"{backend}: {said}")
            expect("rules loaded and proved" in said, said)
            expect(backend != "auto" or "back end nft (chosen)" in said, said)
            is_closed(world)


@test
def the_legacy_tools_need_net_raw_and_say_so():
    with World(sidecar=False) as world:
        program = _with_capability(world)
        who = identity(INIT_UID, capabilities=(kernel.CAP_NET_ADMIN,))
        status, said = world.agent(who, execute, program, "--backend", "iptables-legacy", *FLAGS)
        expect(status == 1 and "NET_RAW" in said, said)
        is_open(world)
        program = _with_capability(world, "cap_net_admin,cap_net_raw+ep")
        who = identity(INIT_UID, capabilities=(kernel.CAP_NET_ADMIN, kernel.CAP_NET_RAW))
        status, said = world.agent(who, execute, program, "--backend", "iptables-legacy", *FLAGS)
        expect(status == 0, said)
        is_closed(world)


@test
def without_the_capability_it_says_what_is_missing():
    with World(sidecar=False) as world:
        shutil.copy(INIT, world.folder)
        program = os.path.join(world.folder, "chaperone-init")
        status, said = world.agent(identity(INIT_UID), execute, program, *FLAGS)
        expect(status == 1 and "NET_ADMIN" in said and "setcap" in said, said)


@test
def the_agent_cannotexecute_the_capable_file():
    with World(sidecar=False) as world:
        program = _with_capability(world)
        try:
            status, said = world.agent(TIERS["user"], execute, program, *FLAGS)
        except PermissionError:
            return
        raise AssertionError(f"it ran: {status} {said}")


@test
def auto_falls_back_where_the_kernel_has_no_nf_tables():
    """A seccomp filter plays the kernel without nfnetlink: nft and iptables-nft cannot work."""
    with World(sidecar=False) as world:
        def go():
            kernel.deny_socket(socket.AF_NETLINK, 12)  # NETLINK_NETFILTER
            return execute(INIT, *FLAGS)
        status, said = process.call(world.pod, None, go)
        expect(status == 0 and "back end iptables-legacy (chosen)" in said, said)
        expect("nfnetlink" in said and "passed over: back end iptables-nft" in said, said)
        is_closed(world)
    with World(sidecar=False) as world:
        def strict():
            kernel.deny_socket(socket.AF_NETLINK, 12)
            return execute(INIT, "--backend", "nft", *FLAGS)
        status, said = process.call(world.pod, None, strict)
        expect(status == 1 and "lacks nfnetlink (NETFILTER_NETLINK)" in said, said)
        is_open(world)


@test
def refuses_to_run_as_the_sidecars_user():
    with World(sidecar=False) as world:
        program = _with_capability(world)
        who = identity(SIDECAR, capabilities=(kernel.CAP_NET_ADMIN,))
        status, said = world.agent(who, execute, program, *FLAGS)
        expect(status == 1 and "own UID" in said, said)
        is_open(world)


@test
def dry_run_prints_what_the_kernel_takes_and_changes_nothing():
    for backend in ("nft", "iptables"):
        with World(sidecar=False) as world:
            text = rules.text(world, backend)
            is_open(world)
            rules.load(world, "nft" if backend == "nft" else "iptables-nft", text)
            is_closed(world)


@test
def running_again_replaces_the_rules():
    for backend in BACKENDS:
        with World(sidecar=False) as world:
            rules.init(world, backend)
            rules.init(world, backend)
            run(INIT, "--backend", backend, "--inbound-port", "9191", netns=world.pod)
            listing = _listing(world, backend)
            expect("9191" in listing and "8080" not in listing, "the old rules are still there")
            expect(RESOLVER[4] not in listing, "the old resolver is still there")
            is_closed(world)


def _listing(world, backend):
    if backend == "nft":
        return run("nft", "list", "ruleset", netns=world.pod).stdout
    return run(f"{backend}-save", netns=world.pod).stdout


FOREIGN = {
    "nft": ("nft", "table ip mesh {\nchain out {\ntype nat hook output priority -100\n"
                   "tcp dport 1-65535 redirect to :15001\n}\n}\n", "table ip mesh, chain out"),
    "nft-in": ("nft", "table inet mesh {\nchain pre {\ntype nat hook prerouting priority -100\n"
                      "tcp dport 80 redirect to :15006\n}\n}\n", "table inet mesh, chain pre"),
    "nft-tproxy": ("nft", "table inet proxy {\nchain pre {\ntype filter hook prerouting priority -150\n"
                          "meta l4proto tcp tproxy ip to :15001\n}\n}\n", "table inet proxy, chain pre"),
    "nft-dup": ("nft", "table ip copies {\nchain out {\ntype filter hook output priority 10\n"
                       "dup to 10.78.0.2\n}\n}\n", "table ip copies, chain out"),
    "iptables-nft": ("iptables-nft", "-t nat -A OUTPUT -p tcp -j REDIRECT --to-ports 15001", "nat"),
    "iptables-legacy": ("iptables-legacy", "-t nat -A OUTPUT -p tcp -j REDIRECT --to-ports 15001",
                        "iptables-legacy table nat"),
    "ip6tables-legacy": ("ip6tables-legacy", "-t nat -A OUTPUT -p tcp -j REDIRECT --to-ports 15001",
                         "ip6tables-legacy table nat"),
}


@test
def refuses_beside_foreign_nat_rules_and_names_them():
    for backend in BACKENDS:
        for name, (tool, words, named) in FOREIGN.items():
            with World(sidecar=False) as world:
                if tool == "nft":
                    run("nft", "-f", "-", netns=world.pod, text=words)
                else:
                    run(tool, *words.split(), netns=world.pod)
                done = rules.init(world, backend, check=False)
                expect(done.returncode == 1, f"{backend} beside {name}: status {done.returncode}")
                expect(named in done.stderr and any(word in done.stderr.upper() for word in ("REDIRECT", "TPROXY", "DUP")),
                       f"{backend} beside {name}: {done.stderr}")


@test
def refuses_beside_its_own_other_back_end():
    for first in BACKENDS:
        for second in BACKENDS:
            if first == second:
                continue
            with World(sidecar=False) as world:
                rules.init(world, first)
                done = rules.init(world, second, check=False)
                expect(done.returncode == 1 and "of an earlier run" in done.stderr,
                       f"{second} after {first}: {done.stderr}")


@test
def foreign_filter_rules_that_would_be_wiped_out_are_named():
    with World(sidecar=False) as world:
        run("iptables-nft", "-A", "INPUT", "-p", "tcp", "--dport", "22", "-j", "DROP", netns=world.pod)
        done = rules.init(world, "iptables-nft", check=False)
        expect(done.returncode == 1 and "--dport 22" in done.stderr, done.stderr)
        rules.init(world, "nft")  # leaves them alone
        expect("--dport 22" in run("iptables-nft-save", netns=world.pod).stdout, "they are gone")


@test
def the_self_test_notices_rules_that_do_not_hold():
    """Somebody's untracking means no NAT; somebody's early drop means nothing arrives."""
    odd = {"nft": (("notrack", "tcp"), ("notrack", "udp"), ("drop", "tcp")),
           "iptables-nft": (("notrack", "tcp"),), "iptables-legacy": (("drop", "tcp"),)}
    for backend in BACKENDS:
        for sabotage, kind in odd[backend]:
            with World(sidecar=False) as world:
                run("nft", "-f", "-", netns=world.pod, text="table inet odd {\nchain c {\n"
                    f"type filter hook output priority -400\nmeta l4proto {kind} {sabotage}\n}}\n}}\n")
                done = rules.init(world, backend, check=False)
                expect(done.returncode == 1 and "self-test" in done.stderr,
                       f"{backend} with {sabotage}: {done.returncode} {done.stderr}")
                if sabotage == "notrack":
                    is_closed(world)


@test
def a_taken_port_is_named_before_anything_is_loaded():
    with World() as world:
        done = rules.init(world, "nft", check=False)
        expect(done.returncode == 1 and "19001" in done.stderr, done.stderr)
        is_open(world)


@test
def wrong_flags_are_refused():
    for words in (["--resolver", "dns.example"], ["--inbound-port", "19001"], ["--backend", "pf"],
                  ["--device", "eth0\"; drop"], ["--sidecar-uid", "0"], ["--inbound-port", "70000"],
                  ["--resolver", "0.0.0.0"], ["--dials-max", "100000"], ["--metrics-listener", "0"]):
        done = run(INIT, "--dry-run", *words, check=False)
        said = done.stdout + done.stderr
        expect(done.returncode == 2 and said, f"{words}: {done.returncode}")
        expect("->" not in said and "Could not convert" not in said, f"{words}: {said}")
    with World(sidecar=False) as world:
        done = run(INIT, "--dry-run", "--device", "eth9", netns=world.pod, check=False)
        expect(done.returncode == 1 and "eth9" in done.stderr and not done.stdout, done.stderr)


@test
def one_family_alone_is_enough_and_said():
    with World(sidecar=False) as world:
        run("ip", "-n", world.pod, "-6", "route", "delete", "default")
        done = rules.init(world, "nft")
        expect("IPv6: no route out" in done.stderr, done.stderr)
        run("ip", "-n", world.pod, "route", "delete", "default")
        done = rules.init(world, "nft", check=False)
        expect(done.returncode == 1 and "no default route" in done.stderr, done.stderr)


@test
def a_missing_layer_2_guard_is_said():
    with World(sidecar=False) as world:
        done = rules.init(world, "nft", "--no-l2-guard")
        expect("warning: no layer-2 guard" in done.stderr, done.stderr)
        is_closed(world)
    with World(sidecar=False) as world:
        done = rules.init(world, "nft", "--device", "eth9", check=False)
        expect(done.returncode == 1 and "eth9" in done.stderr and "eth0" in done.stderr, done.stderr)
        is_open(world)


def main():
    rules.require_root()
    wanted, failed = sys.argv[1:], []
    chosen = [one for one in TESTS if not wanted or any(word in one.__name__ for word in wanted)]
    for one in chosen:
        try:
            one()
        except (AssertionError, OSError):
            failed.append(one.__name__)
            print(f"FAIL {one.__name__}: {one.__doc__ or ''}\n{traceback.format_exc(limit=-4)}", flush=True)
    print(f"init: {len(chosen) - len(failed)} of {len(chosen)} passed")
    sys.exit(1 if failed or not chosen else 0)


if __name__ == "__main__":
    main()
