"""What a watcher sees, written as services/health writes it, and then considered."""

from __future__ import annotations

from typing import Any

import pytest

from incidents.confirming import Verdict
from incidents.models import BlockedTrigger, EndpointState, ProbeLocation, ServiceEndpoint
from incidents.services import deciding
from tests import make
from tests.incidents.seeing import CALIFORNIA, TOKYO, Watcher, World

HOSTS = ("api.example.com", "cdn.example.com", "images.example.com")


class Console:
    """What the watcher sees is written as services/health writes it, and then considered."""

    def __init__(self, time_machine: Any, *places: str) -> None:
        self.clock = time_machine
        self.watcher = Watcher(World(), places or ("here",))
        self.endpoints = {one.url: one for one in ServiceEndpoint.objects.select_related("region")}

    @property
    def world(self) -> World:
        return self.watcher.world

    def rounds(self, count: int = 1, *, seconds: float = 5.0) -> Verdict:
        for _ in range(count):
            self.watcher.round(seconds)
            self.write()
            verdict = deciding.consider(at=self.watcher.at)
        return verdict

    def write(self) -> None:
        self.clock.move_to(self.watcher.at, tick=False)
        seen = self.watcher.seen()
        for place in seen.places:
            fields = {"at": place.at, "canaries_asked": 3, "canaries_good": place.canaries_good}
            ProbeLocation.objects.update_or_create(name=place.name, defaults=fields | {"canaries_at": place.at})
        for (address, place_name), (is_good, streak, since) in self.watcher._streaks.items():
            url = f"https://{address.host}/health" + (f"/{address.path}" if address.path else "")
            status, at = self.watcher._last[address, place_name]
            EndpointState.objects.update_or_create(
                endpoint=self.endpoints[url],
                location=place_name,
                defaults={
                    "state": "up" if is_good else "down",
                    "good_streak": streak if is_good else 0,
                    "bad_streak": 0 if is_good else streak,
                    "streak_began_at": since,
                    "at": at,
                    "status": status,
                    "answered_by": {TOKYO: "hnd1", CALIFORNIA: "sfo1"}.get(self.world.region_of(address), "FRA"),
                },
            )


def blocked() -> list[str]:
    return [one.blocker for one in BlockedTrigger.objects.filter(ended_at=None)]


@pytest.fixture
def console(time_machine: Any) -> Console:
    """Which has seen two rounds of a world that is well."""
    make.plan()
    started = Console(time_machine)
    started.rounds(2)
    return started
