#!/usr/bin/env python3
"""chaperone-init itself: how it runs, what it refuses, and rows 12, 13 and 43."""

import os
import shutil
import socket
import subprocess
import sys
import traceback

import attempts
import escapes_flows
import kernel
import process
import rules
import standins
import topology
from attempts import MARKER
from cases import expect
from rules import BACKENDS, FLAGS, INIT
from topology import HOST, INIT_UID, RESOLVER, SIDECAR, TIERS, World, identity, run

TESTS = []


def test(function):
    TESTS.append(function)
    return function


def _is_closed(world):
    """The rules hold now: an agent's datagram is refused and no frame of it seen."""
    world.sniffer.frames(0)
    for family in (4, 6):
        try:
            world.agent(TIERS["user"], attempts.send, HOST[family], 9999)
        except OSError as error:
            expect(error.errno in attempts.REFUSALS, f"errno {error.errno}")
        else:
            raise AssertionError(f"IPv{family} datagrams are not refused")
    expect(not world.frames(), "frames got out")


def _is_open(world):
    """Nothing was loaded: the world is as it was."""
    world.sniffer.frames(0)
    world.agent(TIERS["user"], attempts.send, HOST[4], 9999)
    expect(world.frames(), "something was loaded")


def _with_capability(world, capability="cap_net_admin+ep"):
    program = os.path.join(world.folder, "chaperone-init")
    shutil.copy(INIT, program)
    run("setcap", capability, program)
    return program


def _execute(*words):
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


@test
def runs_as_non_root_with_a_file_capability_alone():
    """As an init container does: UID 65532, NET_ADMIN in the bounding set, no_new_privs."""
    for backend in ("auto", "nft", "iptables", "iptables-nft"):
        with World(sidecar=False) as world:
            program = _with_capability(world)
            who = identity(INIT_UID, capabilities=(kernel.CAP_NET_ADMIN,))
            status, said = world.agent(who, _execute, program, "--backend", backend, *FLAGS)
            expect(status == 0, f"{backend}: {said}")
            expect("rules loaded and proved" in said, said)
            expect(backend != "auto" or "back end nft (chosen)" in said, said)
            _is_closed(world)


@test
def the_legacy_tools_need_net_raw_and_say_so():
    with World(sidecar=False) as world:
        program = _with_capability(world)
        who = identity(INIT_UID, capabilities=(kernel.CAP_NET_ADMIN,))
        status, said = world.agent(who, _execute, program, "--backend", "iptables-legacy", *FLAGS)
        expect(status == 1 and "NET_RAW" in said, said)
        _is_open(world)
        program = _with_capability(world, "cap_net_admin,cap_net_raw+ep")
        who = identity(INIT_UID, capabilities=(kernel.CAP_NET_ADMIN, kernel.CAP_NET_RAW))
        status, said = world.agent(who, _execute, program, "--backend", "iptables-legacy", *FLAGS)
        expect(status == 0, said)
        _is_closed(world)


@test
def without_the_capability_it_says_what_is_missing():
    with World(sidecar=False) as world:
        shutil.copy(INIT, world.folder)
        program = os.path.join(world.folder, "chaperone-init")
        status, said = world.agent(identity(INIT_UID), _execute, program, *FLAGS)
        expect(status == 1 and "NET_ADMIN" in said and "setcap" in said, said)


@test
def the_agent_cannot_execute_the_capable_file():
    with World(sidecar=False) as world:
        program = _with_capability(world)
        try:
            status, said = world.agent(TIERS["user"], _execute, program, *FLAGS)
        except PermissionError:
            return
        raise AssertionError(f"it ran: {status} {said}")


@test
def auto_falls_back_where_the_kernel_has_no_nf_tables():
    """A seccomp filter plays the kernel without nfnetlink: nft and iptables-nft cannot work."""
    with World(sidecar=False) as world:
        def go():
            kernel.deny_socket(socket.AF_NETLINK, 12)  # NETLINK_NETFILTER
            return _execute(INIT, *FLAGS)
        status, said = process.call(world.pod, None, go)
        expect(status == 0 and "back end iptables-legacy (chosen)" in said, said)
        expect("nfnetlink" in said and "passed over: back end iptables-nft" in said, said)
        _is_closed(world)
    with World(sidecar=False) as world:
        def strict():
            kernel.deny_socket(socket.AF_NETLINK, 12)
            return _execute(INIT, "--backend", "nft", *FLAGS)
        status, said = process.call(world.pod, None, strict)
        expect(status == 1 and "lacks nfnetlink (NETFILTER_NETLINK)" in said, said)
        _is_open(world)


@test
def refuses_to_run_as_the_sidecars_user():
    with World(sidecar=False) as world:
        program = _with_capability(world)
        who = identity(SIDECAR, capabilities=(kernel.CAP_NET_ADMIN,))
        status, said = world.agent(who, _execute, program, *FLAGS)
        expect(status == 1 and "own UID" in said, said)
        _is_open(world)


@test
def dry_run_prints_what_the_kernel_takes_and_changes_nothing():
    for backend in ("nft", "iptables"):
        with World(sidecar=False) as world:
            text = rules.text(world, backend)
            _is_open(world)
            rules.load(world, "nft" if backend == "nft" else "iptables-nft", text)
            _is_closed(world)


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
            _is_closed(world)


def _listing(world, backend):
    if backend == "nft":
        return run("nft", "list", "ruleset", netns=world.pod).stdout
    return run(f"{backend}-save", netns=world.pod).stdout


FOREIGN = {
    "nft": ("nft", "table ip mesh {\nchain out {\ntype nat hook output priority -100\n"
                   "tcp dport 1-65535 redirect to :15001\n}\n}\n", "table ip mesh, chain out"),
    "nft-in": ("nft", "table inet mesh {\nchain pre {\ntype nat hook prerouting priority -100\n"
                      "tcp dport 80 redirect to :15006\n}\n}\n", "table inet mesh, chain pre"),
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
                expect(named in done.stderr and "REDIRECT" in done.stderr.upper(),
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
                expect(done.returncode == 1 and "other rules" in done.stderr,
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
                    _is_closed(world)


@test
def a_taken_port_is_named_before_anything_is_loaded():
    with World() as world:
        done = rules.init(world, "nft", check=False)
        expect(done.returncode == 1 and "19001" in done.stderr, done.stderr)
        _is_open(world)


@test
def wrong_flags_are_refused():
    for words in (["--resolver", "dns.example"], ["--inbound-port", "19001"], ["--backend", "pf"],
                  ["--device", "eth0\"; drop"], ["--sidecar-uid", "0"], ["--inbound-port", "70000"]):
        done = run(INIT, "--dry-run", *words, check=False)
        expect(done.returncode == 2 and done.stderr, f"{words}: {done.returncode}")


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
        _is_closed(world)
    with World(sidecar=False) as world:
        done = rules.init(world, "nft", "--device", "eth9", check=False)
        expect(done.returncode == 1 and "eth9" in done.stderr and "eth0" in done.stderr, done.stderr)
        _is_open(world)


@test
def row_12_version_4_is_not_programmed_where_version_6_fails():
    for backend in ("iptables-nft", "iptables-legacy"):
        with World(sidecar=False) as world:
            status, said = process.call(world.pod, None, _with_broken_v6, world.folder, backend)
            expect(status == 1 and "ip6tables" in said, said)
            _is_open(world)  # nothing half-done: and the pod does not start


def _with_broken_v6(folder, backend):
    """In a mount namespace of its own, where ip6tables-restore fails."""
    tools = os.path.join(folder, "sbin")
    os.mkdir(tools)
    for multi in ("xtables-nft-multi", "xtables-legacy-multi"):
        shutil.copy(f"/usr/sbin/{multi}", tools)
    for variant in ("nft", "legacy"):
        for name in ("iptables", "ip6tables"):
            for verb in ("", "-save", "-restore"):
                os.symlink(f"xtables-{variant}-multi", f"{tools}/{name}-{variant}{verb}")
    os.unlink(f"{tools}/ip6{backend[2:]}-restore")
    with open(f"{tools}/ip6{backend[2:]}-restore", "w", encoding="utf-8") as script:
        # A test run passes, so that the failure comes in the middle of the work.
        script.write('#!/bin/sh\n[ "$1" = --test ] && exit 0\necho no such table >&2\nexit 1\n')
    os.chmod(f"{tools}/ip6{backend[2:]}-restore", 0o755)
    program = os.path.abspath(INIT)
    kernel.unshare(kernel.CLONE_NEWNS)
    kernel.mount("none", "/", "none", 0x44000)  # MS_REC | MS_PRIVATE
    kernel.mount(tools, "/usr/sbin", "none", 0x1000)  # MS_BIND
    return _execute(program, "--backend", backend, *FLAGS)


@test
def row_13_flows_opened_before_the_rules():
    for family in (4, 6):
        escapes_flows.flows_opened_before_the_rules(None, "user", family, True)
        for backend in BACKENDS:
            # Loose: conntrack takes up a connection in its middle, and NAT with it; strict: it does not.
            for tier, loose in (("user", True), ("user", False), ("root", True)):
                escapes_flows.flows_opened_before_the_rules(
                    lambda world, backend=backend: rules.init(world, backend), tier, family, loose)


@test
def row_43_in_a_pod_with_a_user_namespace():
    """The network namespace belongs to a user namespace in which UIDs are shifted."""
    for backend in ("nft", "iptables-nft"):
        with World(sidecar=False) as world:
            holder = world.background(world.pod, None, _hold_user_namespace)
            try:
                _check_shifted(world, holder.pid, backend)
            finally:
                holder.stop()


def _hold_user_namespace(ready):
    kernel.unshare(kernel.CLONE_NEWUSER | kernel.CLONE_NEWNET)
    ready()
    standins.wait_forever()


SHIFT = 300000


def _enter_shifted(pid, uid, capabilities, function, *arguments):
    # Opened first: what belongs to the host cannot be opened from within.
    with open(f"/proc/{pid}/ns/user", "rb") as user, open(f"/proc/{pid}/ns/net", "rb") as net:
        kernel.enter(user.fileno())
        kernel.enter(net.fileno())
    os.setgroups([])
    os.setresgid(0, 0, 0)
    os.setresuid(0, 0, 0)
    kernel.become(uid, uid, capabilities)
    return function(*arguments)


def _check_shifted(world, pid, backend):
    for file in ("uid_map", "gid_map"):
        with open(f"/proc/{pid}/{file}", "wb") as out:
            out.write(f"0 {SHIFT} 65536".encode())
    run("ip", "-n", world.pod, "link", "set", "eth0", "netns", str(pid))
    lines = ["link set lo up", "link set eth0 up"]
    for family, length in ((4, 24), (6, 64)):
        lines.append(f"addr add {topology.POD[family]}/{length} dev eth0"
                     + (" nodad" if family == 6 else ""))
        lines.append(f"route add default via {topology.GATEWAY[family]}")
    run("nsenter", f"--net=/proc/{pid}/ns/net", "ip", "-batch", "-", text="\n".join(lines))

    def inside(uid, capabilities, function, *arguments):
        return process.call(None, None, _enter_shifted, pid, uid, capabilities, function, *arguments)

    status, said = inside(0, (kernel.CAP_NET_ADMIN,), _execute, os.path.abspath(INIT),
                          "--backend", backend, *FLAGS)
    expect(status == 0, f"{backend}: {said}")
    world.sniffer.frames(0)
    for family in (4, 6):
        try:
            inside(10001, (), attempts.send, HOST[family], 9999)
        except OSError as error:
            expect(error.errno in attempts.REFUSALS, f"errno {error.errno}")
        else:
            raise AssertionError(f"{backend}: IPv{family} datagrams are not refused")
        expect(not world.frames(), "frames got out")
        answer = inside(SIDECAR, (), attempts.exchange, RESOLVER[family], 53)
        expect(answer == b"outside " + MARKER and world.frames(), f"the sidecar: {answer!r}")


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
