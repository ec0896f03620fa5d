"""A private mount namespace for one test program, so that nothing of it can stay behind.

After enter(), /mnt is a memory file system that exists for this program and its children alone:

    /mnt/src     the checkout, read-only
    /mnt/build   the build folder: our binaries, and cache/ with downloaded clients and servers
    /mnt/tmp     data folders of servers, sockets, keys
    /etc/hosts   names the servers of the test (HOSTS)

Unprivileged users of the test reach all of it wherever the checkout lies, and it vanishes with the
last process, killed or not.
"""

import atexit
import ctypes
import os
import pathlib
import shutil
import subprocess
import sys

SRC = pathlib.Path("/mnt/src")
BUILD = pathlib.Path("/mnt/build")
CACHE = BUILD / "cache"
TMP = pathlib.Path("/mnt/tmp")

POD4, CLUSTER4 = "10.77.0.1", "10.77.0.2"
POD6, CLUSTER6 = "fd77::1", "fd77::2"
HOSTS = f"127.0.0.1 localhost\n::1 localhost\n{CLUSTER4} db.cluster.test collector.cluster.test\n"

AGENT_UID = 10001    # the agent: no capabilities, no_new_privs
SIDECAR_UID = 19337  # the one user whose packets may leave the pod (docs/security-model.md)

_CLONE_NEWNS = 0x00020000
_libc = ctypes.CDLL(None, use_errno=True)
_entered = False


def _mount(*words):
    subprocess.run(["mount", *map(str, words)], check=True)


def enter():
    """Moves this process into a mount namespace of its own. Once; needs root."""
    global _entered
    if _entered:
        return
    if os.geteuid() != 0:
        sys.exit("this test makes network and mount namespaces and needs root: sudo tests/run")
    checkout = pathlib.Path(__file__).resolve().parents[3]
    build = pathlib.Path(os.environ.get("CHAPERONE_BUILD", checkout / "build")).resolve()
    build.mkdir(exist_ok=True)
    if _libc.unshare(_CLONE_NEWNS) != 0:
        sys.exit(f"unshare: {os.strerror(ctypes.get_errno())}: mount namespaces are not allowed here")
    _mount("--make-rprivate", "/")
    _mount("-t", "tmpfs", "-o", "mode=755", "chaperone-test", "/mnt")
    for folder, source in ((SRC, checkout), (BUILD, build)):
        folder.mkdir()
        _mount("--bind", source, folder)
    _mount("-o", "remount,bind,ro", SRC)
    TMP.mkdir()
    TMP.chmod(0o1777)
    CACHE.mkdir(exist_ok=True)
    hosts = pathlib.Path("/mnt/hosts")
    hosts.write_text(HOSTS)
    _mount("--bind", hosts, "/etc/hosts")
    os.chdir("/mnt")
    _entered = True


def folder(name, uid=0, gid=None, mode=0o755):
    """A new folder under /mnt/tmp for one owner."""
    path = TMP / name
    path.mkdir(parents=True)
    path.chmod(mode)
    os.chown(path, uid, uid if gid is None else gid)
    return path


def keep_for_inspection():
    """With CHAPERONE_TEST_KEEP=1, copies logs and data of a failed test to build/kept."""
    if os.environ.get("CHAPERONE_TEST_KEEP"):
        kept = BUILD / "kept" / str(os.getpid())
        shutil.copytree(TMP, kept, symlinks=True, ignore_dangling_symlinks=True,
                        ignore=lambda where, names: [n for n in names if n.startswith(".s.")])
        print(f"kept: build/kept/{kept.name}", file=sys.stderr)


atexit.register(keep_for_inspection)
