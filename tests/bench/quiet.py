"""One core for everything that is measured, and first call on it: what else runs on the machine then
costs cache and little else. Children inherit both."""

import atexit
import os
import pathlib
import signal
import sys

NICE = -15
# Under a session's autogroup `nice` reaches no further than that session; a group of one's own does.
V1, V1_SHARES = pathlib.Path("/sys/fs/cgroup/cpu"), "262144"
V2, V2_WEIGHT = pathlib.Path("/sys/fs/cgroup"), "10000"


def _group():
    """A CPU group with the largest share there is: (folder, its parent), or None."""
    if (V1 / "cpu.shares").exists():
        parent, share, value = V1, "cpu.shares", V1_SHARES
    else:
        parent, share, value = V2, "cpu.weight", V2_WEIGHT
    folder = parent / f"chaperone-bench-{os.getpid()}"
    try:
        folder.mkdir()
        (folder / share).write_text(value)
        (folder / "cgroup.procs").write_text(str(os.getpid()))
    except OSError as error:
        print(f"no CPU group of our own ({error}): nice {NICE} only", file=sys.stderr)
        return None
    return folder, parent


def _leave(folder, parent):
    for pid in (folder / "cgroup.procs").read_text().split():
        (parent / "cgroup.procs").write_text(pid)
    folder.rmdir()


def take(core):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that all of it is undone
    os.sched_setaffinity(0, {core})
    os.nice(NICE)
    group = _group()
    if group:
        atexit.register(_leave, *group)
