"""Rows 1-6, 8, 31, 32: being, or seeming to be, somebody who may."""

import errno
import os
import shutil
import socket

import attempts
import kernel
import process
from cases import captured, duty, escape, expect, outcome, refused
from topology import HOST, RESOLVER, SIDECAR, identity, with_raw

SHELL = "/bin/bash"


def _nothing_passes(world, who, family):
    captured(world, who, HOST[family], 443)
    refused(world, who, attempts.send, HOST[family], 443)


@escape("1", tiers=("user",))
def sidecars_user_without_its_group(world, _who, family):
    _nothing_passes(world, identity(SIDECAR, gid=10001), family)


@escape("1", tiers=("user",))
def sidecars_group_without_its_user(world, _who, family):
    _nothing_passes(world, identity(10001, gid=SIDECAR), family)


@escape("2", control=False)
def switching_to_the_sidecars_user(world, who, family):
    strong = who | {"capabilities": who["capabilities"] + (kernel.CAP_SETUID, kernel.CAP_SETGID)}
    # The threat is real: with SETUID it works, which is why admission refuses SETUID.
    world.agent(strong, attempts.switch_to, SIDECAR, attempts.exchange, RESOLVER[family], 53)
    expect(world.frames(), "the control did not get out")
    _, error = outcome(world, who, attempts.switch_to, SIDECAR, attempts.exchange, RESOLVER[family], 53)
    expect(error == errno.EPERM, f"the switch was not refused: errno {error}")


@escape("3", tiers=("user",), control=False)
def set_user_id_program_of_the_sidecar(world, who, family):
    shell = os.path.join(world.folder, "shell")
    if not os.path.exists(shell):
        shutil.copy(os.path.realpath(SHELL), shell)
        os.chown(shell, SIDECAR, SIDECAR)
        os.chmod(shell, 0o6755)
    careless = who | {"no_new_privs": False}
    uid = world.agent(careless, attempts.run_setuid_shell, shell, RESOLVER[family], 53)
    expect(uid == SIDECAR and world.frames(), "the control did not get out")
    uid = world.agent(who, attempts.run_setuid_shell, shell, HOST[family], 9999)
    expect(uid == who["uid"], f"no_new_privs did not hold: ran as {uid}")


@escape("4")
def the_agents_socket_in_the_sidecars_hands(world, who, family):
    ours, theirs = socket.socketpair()

    def give():
        with socket.socket(socket.AF_INET if family == 4 else socket.AF_INET6, socket.SOCK_DGRAM) as sock:
            socket.send_fds(theirs, [b"x"], [sock.fileno()])

    def use():
        _, fds, _, _ = socket.recv_fds(ours, 1, 1)
        with socket.socket(fileno=fds[0]) as sock:
            sock.sendto(attempts.MARKER, (RESOLVER[family], 53))
            sock.sendto(attempts.MARKER, (HOST[family], 9999))

    with ours, theirs:
        world.agent(who, give)
        try:
            world.as_sidecar(use)
        except OSError as error:
            expect(error.errno in attempts.REFUSALS, f"errno {error.errno}")


@escape("5", control=False)
def user_namespace_mapped_to_the_sidecar(world, who, family):
    _, error = outcome(world, who, attempts.in_user_namespace, f"{SIDECAR} {SIDECAR} 1",
                       attempts.send, RESOLVER[family], 53)
    expect(error == errno.EPERM, f"mapping the sidecar's UID: errno {error}")


@escape("5")
def user_namespace_of_its_own(world, who, family):
    # Mapping UID 0 of the pod needs SETFCAP; unmapped one still has every right inside.
    line = f"0 {who['uid']} 1" if who["uid"] else None
    refused(world, who, attempts.in_user_namespace, line, attempts.send, HOST[family], 443)
    if not world.ruled:
        return
    for function, arguments in ((attempts.frame_send, (b"\0" * 60,)),
                                (attempts.raw_send, (HOST[family], b"\0" * 60)),
                                (attempts.set_mark_and, (1, attempts.send, HOST[family], 443))):
        _, error = outcome(world, who, attempts.in_user_namespace, line, function, *arguments)
        expect(error == errno.EPERM, f"{function.__name__} in a user namespace: errno {error}")


@escape("6", families=(4,), control=False)
def flushing_the_rules(world, who, family):
    for words in (("nft", "flush", "ruleset"), ("nft", "delete", "table", "inet", "chaperone"),
                  ("iptables-nft", "-F"), ("iptables-legacy", "-t", "nat", "-F"),
                  ("ip", "link", "set", "eth0", "down"), ("ip", "route", "flush", "table", "local"),
                  ("ip", "addr", "add", "10.77.0.99/24", "dev", "eth0")):
        expect(world.agent(who, attempts.command, *words) != 0, f"{words} succeeded")
    _nothing_passes(world, who, family)


@escape("6", tiers=("root",))
def settings_that_root_may_change(world, who, family):
    """Container runtimes mount /proc/sys read-only; the rules hold without that too."""
    settings = ("ipv4.conf.all.route_localnet", "ipv4.conf.eth0.route_localnet", "ipv4.ip_forward",
                "ipv6.conf.all.forwarding", "ipv6.conf.all.proxy_ndp")
    try:
        for name in settings:
            world.agent(who, attempts.command, "sysctl", "-w", f"net.{name}=1")
        _nothing_passes(world, who, family)
    finally:
        for name in settings:
            world.agent(who, attempts.command, "sysctl", "-w", f"net.{name}=0")


@escape("8")
def a_mark_on_the_socket(world, who, family):
    if world.ruled:
        for mark in (1, SIDECAR):
            _, error = outcome(world, who, attempts.set_mark_and, mark, attempts.send, HOST[family], 443)
            expect(error == errno.EPERM, f"a mark without NET_RAW: errno {error}")
    for mark in (1, 2, SIDECAR):
        refused(world, with_raw(who), attempts.set_mark_and, mark, attempts.send, HOST[family], 443)
        value, _ = outcome(world, with_raw(who), attempts.set_mark_and, mark, attempts.dial,
                           HOST[family], 443)
        expect(not world.ruled or value == f"sidecar 19001 {HOST[family]} 443", f"marked dial: {value}")


@escape("31", tiers=("user",))
def every_other_container(world, _who, family):
    for uid in (1, 10002, 65532, 65534, SIDECAR - 1, SIDECAR + 1, 2**32 - 2):
        _nothing_passes(world, identity(uid), family)


def _try_family(domain, kind, protocol, address, port):
    """A stream over whatever this family carries it on."""
    with socket.socket(domain, kind, protocol) as sock:
        sock.settimeout(attempts.ANSWER_S)
        sock.connect((address, port))
        return sock.recv(200).decode().strip()


@escape("32")
def other_socket_families(world, who, family):
    inet = socket.AF_INET if family == 4 else socket.AF_INET6
    smc = 43
    for domain, protocol in ((inet, 262), (inet, 256), (smc, 0 if family == 4 else 1)):  # MPTCP, SMC
        value, error = outcome(world, who, _try_family, domain, socket.SOCK_STREAM, protocol,
                               HOST[family], 443)
        absent = error in (errno.EPROTONOSUPPORT, errno.EAFNOSUPPORT, errno.ESOCKTNOSUPPORT,
                           errno.EINVAL, errno.ENOPROTOOPT)
        expect(not world.ruled or absent or value == f"sidecar 19001 {HOST[family]} 443",
               f"family {domain} protocol {protocol}: {value!r} errno {error}")
    if not world.ruled:
        attempts_seen = outcome(world, who, attempts.send, HOST[family], 443)
        expect(attempts_seen[1] is None, "the control could not send")


@duty("32", families=(4,))
def families_that_need_rights_are_refused(world, who, _family):
    for domain, kind, protocol in ((socket.AF_PACKET, socket.SOCK_RAW, 0),
                                   (socket.AF_INET, socket.SOCK_RAW, 255),
                                   (socket.AF_INET6, socket.SOCK_RAW, 58), (44, socket.SOCK_RAW, 0)):
        def make(words=(domain, kind, protocol)):
            socket.socket(*words).close()
        try:
            world.agent(who, make)
        except OSError as error:
            expect(error.errno in (errno.EPERM, errno.EAFNOSUPPORT), f"{domain}: {error}")
        else:
            raise process.Failed(f"a socket of family {domain} kind {kind} was given")
