"""What a database held at any moment of the past, as its transaction log remembers it: also what was lost since."""

from __future__ import annotations

from dr_console.sandbox.canaries import Canaries
from dr_console.sandbox.faults import Kind, Rule
from dr_console.sandbox.stores import Database
from dr_console.sandbox.world import World


class History:
    """Looks at the databases just before and just after each loss of data, and remembers what has gone and when."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._seen: dict[str, tuple[float, Canaries]] = {}
        self._lost: dict[str, list[tuple[float, Canaries]]] = {}
        hooks = world.faults.hooks[Kind.DATA_LOST]
        hooks[:] = [self._look, *hooks, self._look]

    def at(self, name: str, moment: float) -> Database:
        """The database of this name as it was at a second of the world's clock."""
        held = self._compare(name)
        for lost_at, lost in self._lost.get(name, []):
            if lost_at > moment:
                held = held.with_these(lost)
        held = held.copy()
        held.forget_from(moment + 0.001)
        return Database(name, held)

    def _look(self, rule: Rule) -> None:
        for name in self._world.stores.databases:
            self._compare(name)

    def _compare(self, name: str) -> Canaries:
        """What is there now. What was there when we looked last, and is not any more, went just after that."""
        found = self._world.stores.databases.get(name)
        here = found.canaries.copy() if found else Canaries()
        looked_at, seen = self._seen.get(name, (0.0, Canaries()))
        oldest = here.oldest
        # The oldest are forgotten by the world, to keep it small, and not lost by the database.
        gone = Canaries(tuple(run for run in seen.without(here).runs if oldest is None or run.last > oldest))
        if len(gone):
            self._lost.setdefault(name, []).append((looked_at + 0.001, gone))
        self._seen[name] = (self._world.clock.now(), here)
        return here
