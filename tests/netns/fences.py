"""The rules stop a packet at more than one place; here each place stands alone."""

import re

import attempts
import escapes_flows
import packets
import rules
from attempts import MARKER
from cases import expect, outcome
from topology import HOST, POD, TIERS, World, with_raw


def without_output_fence(backend, text):
    """Nothing is refused in OUTPUT any more; NAT and the later hooks stay."""
    if backend == "nft":
        return re.sub(r"(hook output priority 0; policy )drop;\n.*?(\t}\n)", r"\1accept;\n\2", text,
                      flags=re.S)
    return text.replace(":OUTPUT DROP", ":OUTPUT ACCEPT").replace("-A OUTPUT -j CHAPERONE_OUT\n", "")


def without_postrouting_fence(backend, text):
    if backend == "nft":
        return re.sub(r"(hook postrouting priority 300; policy )drop;\n.*?(\t}\n)", r"\1accept;\n\2",
                      text, flags=re.S)
    text = text.replace(":POSTROUTING DROP", ":POSTROUTING ACCEPT")
    return text.replace("-A POSTROUTING -j CHAPERONE_POST\n", "")


def _send_everything(world, who, family):
    outcome(world, who, attempts.send, HOST[family], 443)
    outcome(world, who, attempts.ping, HOST[family])
    batch = [packets.ip(POD[family], HOST[family], protocol, MARKER) for protocol in (47, 132, 253)]
    batch += [packets.tcp(POD[family], 5200, HOST[family], 443, flags) for flags in (0, packets.RST)]
    outcome(world, with_raw(who), attempts.raw_send_all, HOST[family], batch)


def postrouting_alone(backend, text, family):
    """What OUTPUT lets through by mistake does not leave, and is counted."""
    with World(sidecar=False) as world:
        rules.load(world, backend, without_output_fence(backend, text))
        world.frames()
        for who in TIERS.values():
            _send_everything(world, who, family)
            frames = world.frames()
            expect(not frames, "frames got out: " + "; ".join(map(str, frames[:3])))
        count = rules.counters(world, family).get("escaped_post", 0)
        expect(count > 0, "what was stopped in POSTROUTING is not counted")


def output_alone(backend, text, family):
    with World(sidecar=False) as world:
        rules.load(world, backend, without_postrouting_fence(backend, text))
        world.start_sidecar()
        world.frames()
        for who in TIERS.values():
            _send_everything(world, who, family)
            outcome(world, who, attempts.dial, HOST[family], 443)
            frames = world.frames()
            expect(not frames, "frames got out: " + "; ".join(map(str, frames[:3])))


def forward_alone(backend, text, family):
    with World(sidecar=False) as world:
        rules.load(world, backend, without_postrouting_fence(backend, text))
        world.frames()
        escapes_flows.forwarding_through_the_pod(world, None, family)
        frames = world.frames()
        expect(not frames, "frames were forwarded: " + "; ".join(map(str, frames[:3])))


FENCES = (postrouting_alone, output_alone, forward_alone)
