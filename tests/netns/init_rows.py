"""Rows 12, 13 and 43: about the init step more than about its rules."""

import os
import shutil

import attempts
import escapes_flows
import kernel
import process
import rules
import standins
import topology
from attempts import MARKER
from cases import expect
from checks import execute, is_open
from rules import BACKENDS, FLAGS, INIT
from topology import HOST, RESOLVER, SIDECAR, World, run


def row_12_version_4_is_not_programmed_where_version_6_fails():
    for backend in ("iptables-nft", "iptables-legacy"):
        with World(sidecar=False) as world:
            status, said = process.call(world.pod, None, _with_broken_v6, world.folder, backend)
            expect(status == 1 and "ip6tables" in said, said)
            is_open(world)  # nothing half-done: and the pod does not start


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
    return execute(program, "--backend", backend, *FLAGS)


def row_13_flows_opened_before_the_rules():
    for family in (4, 6):
        escapes_flows.flows_opened_before_the_rules(None, "user", family, True)
        for backend in BACKENDS:
            # Loose: conntrack takes up a connection in its middle, and NAT with it; strict: it does not.
            for tier, loose in (("user", True), ("user", False), ("root", True)):
                escapes_flows.flows_opened_before_the_rules(
                    lambda world, backend=backend: rules.init(world, backend), tier, family, loose)


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

    status, said = inside(0, (kernel.CAP_NET_ADMIN,), execute, os.path.abspath(INIT),
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


TESTS = (row_12_version_4_is_not_programmed_where_version_6_fails,
         row_13_flows_opened_before_the_rules, row_43_in_a_pod_with_a_user_namespace)
