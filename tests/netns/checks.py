"""Whether a world is closed or open, and programs run in it."""

import subprocess

import attempts
from cases import expect
from topology import HOST, TIERS


def is_closed(world):
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


def is_open(world):
    """Nothing was loaded: the world is as it was."""
    world.sniffer.frames(0)
    world.agent(TIERS["user"], attempts.send, HOST[4], 9999)
    expect(world.frames(), "something was loaded")


def execute(*words):
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return done.returncode, done.stderr
