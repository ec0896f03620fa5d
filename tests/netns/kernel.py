"""System calls that Python 3.11 does not offer: namespaces, capabilities, prctl."""

import ctypes
import os
import struct

_libc = ctypes.CDLL(None, use_errno=True)

CLONE_NEWNS = 0x00020000
CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000

CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER = 0, 1, 3
CAP_SETGID, CAP_SETUID, CAP_NET_ADMIN, CAP_NET_RAW = 6, 7, 12, 13
CAP_LAST = 40

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_KEEPCAPS, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 1, 4, 8, 24, 38
SYS_CAPSET = 126  # x86_64
_CAPABILITY_VERSION_3 = 0x20080522


def _checked(result, what):
    if result != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{what}: {os.strerror(error)}")


def bind_xdp(fd, index):
    """Binds an AF_XDP socket to a device's first queue, in copy mode; Python knows no such address."""
    _checked(_libc.bind(fd, struct.pack("HHIII", 44, 1 << 1, index, 0, 0), 16), "bind")


def kick(fd):
    """An empty send: the kernel looks at the ring."""
    if _libc.sendto(fd, None, 0, 0x40, None, 0) < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


def enter(fd):
    _checked(_libc.setns(fd, 0), "setns")


def setns(path):
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        enter(fd)
    finally:
        os.close(fd)


def unshare(flags):
    _checked(_libc.unshare(flags), "unshare")


def mount(source, target, kind, flags):
    _checked(_libc.mount(source.encode(), target.encode(), kind.encode(), flags, None), "mount")


def prctl(option, value):
    _checked(_libc.prctl(option, value, 0, 0, 0), f"prctl {option}")


def set_capabilities(capabilities):
    """Effective and permitted become exactly these; nothing is inheritable."""
    mask = sum(1 << capability for capability in capabilities)
    header = struct.pack("Ii", _CAPABILITY_VERSION_3, 0)
    low, high = mask & 0xFFFFFFFF, mask >> 32
    data = struct.pack("6I", low, low, 0, high, high, 0)
    _checked(_libc.syscall(SYS_CAPSET, header, data), "capset")


def deny_socket(domain, protocol):
    """From here on the kernel has no such socket: EPROTONOSUPPORT, by a seccomp filter."""
    load, equal, answer = 0x20, 0x15, 0x06
    allow, deny = 0x7FFF0000, 0x00050000 | 93
    program = b"".join(struct.pack("HBBI", *one) for one in (
        (load, 0, 0, 0), (equal, 0, 5, 41),  # the number of socket(2)
        (load, 0, 0, 16), (equal, 0, 3, domain), (load, 0, 0, 32), (equal, 0, 1, protocol),
        (answer, 0, 0, deny), (answer, 0, 0, allow)))
    buffer = ctypes.create_string_buffer(program)
    header = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(buffer))
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    _checked(_libc.prctl(22, 2, header, 0, 0), "seccomp")


def become(uid, gid, capabilities=(), no_new_privs=True):
    """What a container runtime does to a container's first process; no way back."""
    for capability in range(CAP_LAST + 1):
        if capability not in capabilities:
            prctl(PR_CAPBSET_DROP, capability)
    prctl(PR_SET_KEEPCAPS, 1)
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    set_capabilities(capabilities)
    prctl(PR_SET_DUMPABLE, 1)  # as after the exec that a real container begins with
    if no_new_privs:
        prctl(PR_SET_NO_NEW_PRIVS, 1)
