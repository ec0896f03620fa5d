"""Functions run in another namespace and as somebody else, in a child that cannot outlive us."""

import os
import pickle
import select
import signal
import socket
import sys
import time
import traceback

import kernel

CALL_TIMEOUT_S = 60


class Failed(AssertionError):
    """The function in the child raised something other than OSError."""


def _child(pipe, netns, identity, function, arguments):
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        if netns:
            kernel.setns(f"/run/netns/{netns}")
        if identity:
            kernel.become(**identity)
        answer = ("value", function(*arguments))
    except OSError as error:
        answer = ("errno", (error.errno, str(error)))
    except BaseException:  # the parent must hear of anything
        answer = ("failed", traceback.format_exc())
    with os.fdopen(pipe, "wb") as out:
        out.write(pickle.dumps(answer))


def _fork(netns, identity, function, arguments):
    reader, writer = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(reader)
            _child(writer, netns, identity, function, arguments)
        finally:
            os._exit(0)
    os.close(writer)
    return pid, reader


def _read_all(reader, deadline):
    chunks = []
    while True:
        ready, _, _ = select.select([reader], [], [], max(0, deadline - time.monotonic()))
        if not ready:
            return None
        chunk = os.read(reader, 65536)
        if not chunk:
            return b"".join(chunks)
        chunks.append(chunk)


def call(netns, identity, function, *arguments):
    """function(*arguments) there; its value, or the OSError that it met."""
    pid, reader = _fork(netns, identity, function, arguments)
    try:
        raw = _read_all(reader, time.monotonic() + CALL_TIMEOUT_S)
    finally:
        os.close(reader)
        if raw is None:
            os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    if raw is None:
        raise Failed(f"{function.__name__} did not end within {CALL_TIMEOUT_S} s")
    if not raw:
        raise Failed(f"{function.__name__} died without an answer")
    kind, value = pickle.loads(raw)
    if kind == "errno":
        raise OSError(value[0], value[1])
    if kind == "failed":
        raise Failed(value)
    return value


def call_for_sockets(netns, identity, function, *arguments):
    """Sockets that the function makes there, as that identity: their owner stays who made them."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        def give():
            made = function(*arguments)
            socket.send_fds(theirs, [b"x"], [sock.fileno() for sock in made])
        call(netns, identity, give)
        _, fds, _, _ = socket.recv_fds(ours, 1, 16)
    return [socket.socket(fileno=fd) for fd in fds]


class Background:
    """A function that goes on in a child until stopped; it says that it is ready by `ready()`."""

    def __init__(self, netns, identity, function, *arguments):
        reader, writer = os.pipe()

        def start():
            os.close(reader)
            function(lambda: os.write(writer, b"r"), *arguments)

        self._netns, self._pid = netns, None
        self._pid, self._answer = _fork(netns, identity, start, ())
        os.close(writer)
        ready, _, _ = select.select([reader, self._answer], [], [], CALL_TIMEOUT_S)
        said = os.read(reader, 1) if reader in ready else b""
        os.close(reader)
        if said != b"r":
            why = _read_all(self._answer, time.monotonic() + 1)
            self.stop()
            raise Failed(f"{function.__name__} did not start: {pickle.loads(why) if why else ''}")

    @property
    def pid(self):
        return self._pid

    def signal(self, number):
        os.kill(self._pid, number)

    def stop(self):
        if self._pid is None:
            return
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        os.close(self._answer)
        self._pid = None
