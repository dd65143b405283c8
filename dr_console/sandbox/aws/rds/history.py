"""What a database held at any moment of the past, as its transaction log remembers it: also what was lost since."""

from __future__ import annotations

from dr_console.sandbox.canaries import Canaries
from dr_console.sandbox.stores import Database
from dr_console.sandbox.world import World

LOOK_SECONDS = 10.0


class History:
    """Looks at the databases every few seconds of the world, and keeps what has gone from them and when."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._seen: dict[str, Canaries] = {}
        self._lost: dict[str, list[tuple[float, Canaries]]] = {}
        self._look()

    def at(self, name: str, moment: float) -> Database:
        """The database of this name as it was at a second of the world's clock."""
        self._compare(name)
        held = self._seen.get(name, Canaries())
        for lost_at, lost in self._lost.get(name, []):
            if lost_at > moment:
                held = held.with_these(lost)
        held = held.copy()
        held.forget_from(moment + 0.001)
        return Database(name, held)

    def _look(self) -> None:
        for name in self._world.stores.databases:
            self._compare(name)
        self._world.clock.later(LOOK_SECONDS, self._look, quiet=True)

    def _compare(self, name: str) -> None:
        found = self._world.stores.databases.get(name)
        now = found.canaries.copy() if found else Canaries()
        gone = self._seen.get(name, Canaries()).without(now)
        oldest = now.oldest
        # The oldest are forgotten by the world, to keep it small, and not lost by the database.
        kept = Canaries(tuple(run for run in gone.runs if oldest is None or run.last > oldest))
        if len(kept):
            self._lost.setdefault(name, []).append((self._world.clock.now(), kept))
        self._seen[name] = now
