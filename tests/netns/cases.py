"""How a test is written, registered and judged.

An *escape* is tried three ways by the same function: with no rules (the sniffer must see its frames,
or the test proves nothing), and under the rules in both tiers (the sniffer must see none). A *duty*
is what must go on working under the rules.
"""

import dataclasses
import time

import attempts
import topology

BOTH = (4, 6)
EVERY_TIER = ("user", "root")
CONTROL_S = 3  # how long a control waits for what it must see


@dataclasses.dataclass(frozen=True)
class Case:
    row: str  # of the table in README.md
    name: str
    function: object
    families: tuple
    tiers: tuple
    backends: tuple
    control: bool
    is_escape: bool
    allows: object  # frames that the function's own allowed traffic makes
    layer2: bool  # asks for the layer-2 guard

    def applies(self, backend, tier):
        return tier in self.tiers and (not self.backends or backend.split("+")[0] in self.backends)


REGISTRY = []


def _register(row, families, tiers, backends, control, is_escape, allows, layer2=False):
    def add(function):
        REGISTRY.append(Case(row, function.__name__, function, families, tiers, tuple(backends),
                             control, is_escape, allows, layer2))
        return function
    return add


def escape(row, families=BOTH, tiers=EVERY_TIER, backends=(), control=True, allows=None, layer2=False):
    backends = ("nft",) if layer2 else backends
    return _register(row, families, tiers, backends, control, True, allows, layer2)


def duty(row, families=BOTH, tiers=("user",), backends=()):
    return _register(row, families, tiers, backends, False, False, None)


def limit(row, families=BOTH, tiers=("user",), backends=()):
    """What gets out although nobody wants it (docs/limits.md). Judged by its own assertions, so that it
    goes red, and the page is mended, when the kernel or a rule stops it."""
    return _register(row, families, tiers, backends, False, False, None)


def expect(condition, message):
    if not condition:
        raise AssertionError(message)


def outcome(world, who, function, *arguments):
    """(value, None) or (None, errno)."""
    try:
        return world.agent(who, function, *arguments), None
    except OSError as error:
        return None, error.errno


def refused(world, who, function, *arguments):
    """The rules refuse it, at once; without rules anything may happen."""
    value, error = outcome(world, who, function, *arguments)
    if world.ruled:
        expect(error in attempts.REFUSALS,
               f"{function.__name__}{arguments} was not refused: value {value!r}, errno {error}")


def captured(world, who, address, port, **how):
    """The sidecar gets the connection, and learns where it was meant to go."""
    def go():
        return attempts.dial(address, port, **how)
    value, error = outcome(world, who, go)
    listener = topology.standins.DNS if port == 53 else topology.standins.OUTBOUND
    if world.ruled:
        expect(value == f"sidecar {listener} {address} {port}",
               f"a dial of {address}:{port} was not captured: {value!r}, errno {error}")


def _seen_in_time(world, case):
    until = time.monotonic() + CONTROL_S
    while time.monotonic() < until:
        for frame in world.frames():
            if not frame.is_the_links_own_report() and not (case.allows and case.allows(frame)):
                return True
    return False


def run_case(world, case, tier, family):
    """Judges one case in one world; raises AssertionError."""
    who = topology.TIERS[tier]
    world.sniffer.frames(0)
    case.function(world, who, family)
    if not case.is_escape:
        return
    if world.ruled:
        frames = [frame for frame in world.frames() if not (case.allows and case.allows(frame))]
        expect(not frames, "frames got out: " + "; ".join(str(frame) for frame in frames[:4]))
    elif case.control:
        expect(_seen_in_time(world, case), "vacuous: without rules no frame was seen either")
