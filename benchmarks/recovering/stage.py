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
LATENCY_SECONDS = 0.3
# Longer than a build, and than resolvers go on with what they know.
PASSED_OVER_SECONDS = 310.0
WAITED_FOR = {"deployment.create", "production.promote"}
NOT_THERE = "standby-not-there"
SECONDS = 30.0


@dataclass(frozen=True)
class Ids:
    """What the script holds in variables."""

    zone: str
    record: str
    team: str
    deployment: str


def set_up(world: Sandbox) -> Ids:
    """An ordinary day, with vendors who take a third of a second for each answer; then Tokyo is gone."""
    world.reset(speed=1)
    world.post("/clock", {"advance": 600})
    record = dns().record(HOST, deadline=Deadline.after(SECONDS))
    current = deployments().current(STANDBY, deadline=Deadline.after(SECONDS))
    assert current is not None
    for vendor in ("cloudflare", "vercel"):
        world.post("/faults", {"kind": "latency", "vendor": vendor, "seconds": LATENCY_SECONDS})
    world.post("/faults", {"kind": "api-errors", "region": "us-west-1", "status": 503, "key": NOT_THERE})
    world.post("/scenarios", {"name": "region-outage", "parameters": {"how": "reset"}})
    return Ids("c" * 32, record.id, "team_gemini", current.id)


@contextmanager
def seen_after(world: Sandbox, seconds: float) -> Iterator[list[float]]:
    """From the first change of a name on, the standby is not there for users for so many seconds of ours.

    Builds, and resolvers that go on with what they know, take no time: they would blur it. Gives a list that will hold
    when the name was changed (seconds since the epoch, ours).
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
    seen, is_there = 0, False
    while not over.wait(0.01):
        found = world.get("/truth/effects", after=seen)["effects"]
        seen = max([seen, *(effect["number"] for effect in found)])
        changed = {effect["what"] for effect in found if effect["request"]}
        if not switched and any(what.startswith("dns.") for what in changed):
            switched.append(time.time())
        if changed & WAITED_FOR or any(what.startswith("dns.") for what in changed):
            world.post("/clock", {"advance": PASSED_OVER_SECONDS})
        if switched and not is_there and time.time() - switched[0] >= seconds:
            world.delete(f"/faults/{NOT_THERE}")
            is_there = True
