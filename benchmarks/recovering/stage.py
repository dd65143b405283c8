"""The pretend world in which the three recover: Tokyo is gone, vendors take their time, and DNS shows it T later."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from dr_console.providers.deadlines import Deadline
from dr_console.providers.registry import deployments, dns
from tests.sandboxed import Sandbox

HOST = "api.example.com"
STANDBY = "gemini-toolbox-standby"
LATENCY_SECONDS = 0.2
# Longer than a build and a switch; longer than resolvers go on with what they know.
BUILD_SECONDS, KEPT_SECONDS = 70.0, 310.0
WAITED_FOR = {"deployment.create", "production.promote"}
NOT_SEEN = "names-not-seen"
# Whoever looks more often takes the processor from those who are measured.
LOOK_EVERY_SECONDS = 0.03
SECONDS = 30.0


@dataclass(frozen=True)
class Ids:
    """What the script holds in variables."""

    zone: str
    record: str
    team: str
    deployment: str


def set_up(world: Sandbox) -> Ids:
    """An ordinary day, with vendors who take a fifth of a second for each answer; then Tokyo is gone."""
    world.reset(speed=1)
    world.post("/clock", {"advance": 600})
    record = dns().record(HOST, deadline=Deadline.after(SECONDS))
    current = deployments().current(STANDBY, deadline=Deadline.after(SECONDS))
    assert current is not None
    for vendor in ("cloudflare", "vercel"):
        world.post("/faults", {"kind": "latency", "vendor": vendor, "seconds": LATENCY_SECONDS})
    world.post("/faults", {"kind": "dns-lag", "seconds": 86_400, "key": NOT_SEEN})
    world.post("/scenarios", {"name": "region-outage", "parameters": {"how": "reset"}})
    return Ids("c" * 32, record.id, "team_gemini", current.id)


@contextmanager
def seen_after(world: Sandbox, seconds: float) -> Iterator[list[float]]:
    """Let users be led where a changed name leads so many seconds of ours after it was changed first, and not before.

    Builds take no time: they would blur it. Gives a list that will hold when the name was changed (since the epoch).
    """
    switched: list[float] = []
    over = threading.Event()
    thread = threading.Thread(target=_follow, args=(world, seconds, switched, over), daemon=True)
    thread.start()
    try:
        yield switched
    finally:
        over.set()
        thread.join()


def _follow(world: Sandbox, seconds: float, switched: list[float], over: threading.Event) -> None:
    """Let the world's time pass wherever somebody would only wait for it."""
    seen, is_seen = 0, False
    while not over.wait(LOOK_EVERY_SECONDS):
        found = world.get("/truth/effects", after=seen)["effects"]
        seen = max([seen, *(effect["number"] for effect in found)])
        changed = {effect["what"] for effect in found if effect["request"]}
        if not switched and any(what.startswith("dns.") for what in changed):
            switched.append(time.time())
        if changed & WAITED_FOR:
            world.post("/clock", {"advance": BUILD_SECONDS})
        if switched and not is_seen and time.time() - switched[0] >= seconds:
            world.delete(f"/faults/{NOT_SEEN}")
            world.post("/clock", {"advance": KEPT_SECONDS})
            is_seen = True
