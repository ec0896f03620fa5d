"""Processes that a test starts, and that end with it: normally, on failure, and when it is killed."""

import ctypes
import os
import pathlib
import signal
import subprocess
import time

START_SECONDS = 30   # for a server to say that it is ready
STOP_SECONDS = 20    # for it to end before it is killed

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent():
    """For preexec_fn of what a test starts by itself. Its thread counts: start from the main one."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def as_user(uid, gid=None, capabilities=(), no_new_privs=True):
    """The words before a command that run it as `uid` with nothing but these capabilities."""
    sets = ",".join(["-all"] + [f"+{name}" for name in capabilities])
    words = ["setpriv", f"--reuid={uid}", f"--regid={uid if gid is None else gid}", "--clear-groups",
             f"--bounding-set={sets}", f"--inh-caps={sets}", f"--ambient-caps={sets}",
             "--pdeathsig=KILL"]
    return words + (["--no-new-privs"] if no_new_privs else [])


class Process:
    """One child with its output in a file. stop() is safe to call twice."""

    def __init__(self, name, argv, log, env=None, stop_signal=signal.SIGTERM, **options):
        self.name, self.log, self.stop_signal = name, pathlib.Path(log), stop_signal
        with open(self.log, "ab") as output:
            self.popen = subprocess.Popen(
                [str(word) for word in argv], stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                env={**os.environ, **(env or {})}, start_new_session=True,
                preexec_fn=die_with_parent, **options)

    @property
    def pid(self):
        return self.popen.pid

    def running(self):
        return self.popen.poll() is None

    def tail(self, lines=30):
        text = self.log.read_text(errors="replace").splitlines()
        return "\n".join(text[-lines:])

    def wait_until(self, ready, what="ready"):
        """Calls ready() until it is true; fails at once if the process ends first."""
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            if not self.running():
                raise RuntimeError(f"{self.name} ended with {self.popen.returncode}:\n{self.tail()}")
            if ready():
                return self
            time.sleep(0.05)
        raise RuntimeError(f"{self.name} is not {what} after {START_SECONDS} s:\n{self.tail()}")

    def kill(self):
        """As a crash would end it."""
        self.popen.kill()
        self.popen.wait()

    def stop(self):
        if self.running():
            self.popen.send_signal(self.stop_signal)
            try:
                self.popen.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()
        return self.popen.returncode


def run(argv, timeout=120, **options):
    """A short command whose output matters; raises with all of it if it fails."""
    done = subprocess.run([str(word) for word in argv], timeout=timeout, text=True,
                          stdin=subprocess.DEVNULL if "input" not in options else None,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, argv))}: exit {done.returncode}\n{done.stdout}")
    return done.stdout
