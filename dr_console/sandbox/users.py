"""The users: they ask all the time, and every second one of them writes a numbered canary."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dr_console.sandbox.canaries import Canaries
from dr_console.sandbox.exchange import Ask
from dr_console.sandbox.product import CANARY
from dr_console.sandbox.traffic import Traffic

if TYPE_CHECKING:
    from dr_console.sandbox.world import World

ROWS_KEPT_SECONDS = 48 * 3_600.0
# A visit is simulated once and stands for so many.
API_WEIGHT, OTHER_WEIGHT = 80, 60
# How closely what was missed is made up for: exact for a quarter of an hour, and less so the longer it was.
MOST_STEPS = 900
# And how closely where the clock runs fast: so many steps in a second of ours.
MOST_STEPS_A_SECOND = 100

API = tuple(
    Ask("GET", "api.example.com", path) for path in ("/api/images", "/api/records", "/api/images", "/api/search")
)
OTHERS = tuple(
    (service, Ask("GET", host, path))
    for service, host, path in (
        ("web", "www.example.com", "/"),
        ("object-storage", "images.example.com", "/images/1.webp"),
        ("cdn", "cdn.example.com", "/static/app.js"),
        ("object-storage", "images.example.com", "/images/2.webp"),
        ("cdn", "cdn.example.com", "/static/site.css"),
        ("object-storage", "images.example.com", "/images/3.webp"),
    )
)


class Users:
    """`acknowledged`: the canaries of which the product said that it has them; `refused`: the others."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.traffic = Traffic()
        self.acknowledged = Canaries()
        self.refused = Canaries()
        self._number = 0
        world.clock.later(1.0, self._second, quiet=True)

    def _second(self) -> None:
        """One second of the world, or several alike where much time passed unseen."""
        seconds = self._stride()
        self._world.clock.later(seconds, self._second, quiet=True)
        at = self._world.clock.now()
        self._visit("api", API[self._number % len(API)], API_WEIGHT * seconds, at)
        service, ask = OTHERS[self._number % len(OTHERS)]
        self._visit(service, ask, OTHER_WEIGHT * seconds, at)
        self._write(seconds, at)
        if self._number % 600 < seconds:
            self._forget_old(at)

    def _stride(self) -> int:
        """Never past the next thing that happens in the world."""
        clock = self._world.clock
        seconds = int(max(clock.behind() // MOST_STEPS, clock.speed // MOST_STEPS_A_SECOND))
        until_next = clock.next_noticed() - clock.now()
        return max(1, int(min(seconds, until_next)))

    def _visit(self, service: str, ask: Ask, weight: int, at: float) -> None:
        self.traffic.add(service, self._world.edge.serve(ask), weight, at)

    def _write(self, count: int, at: float) -> None:
        first, self._number = self._number + 1, self._number + count
        ask = Ask("POST", "api.example.com", "/api/records", headers={CANARY: f"{first}+{count}"})
        reply = self._world.edge.serve(ask)
        self.traffic.add("api", reply, count, at)
        if reply.is_good:
            self.acknowledged.add(first, at, count)
        else:
            self.refused.add(first, at, count)

    def _forget_old(self, at: float) -> None:
        self.acknowledged.forget_before(at - ROWS_KEPT_SECONDS)
        self.refused.forget_before(at - ROWS_KEPT_SECONDS)
        for database in self._world.stores.databases.values():
            database.canaries.forget_before(at - ROWS_KEPT_SECONDS)
