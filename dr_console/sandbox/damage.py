"""Damage to what the product keeps. Healing ends no damage of this kind: only a restore brings data back."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from dr_console.sandbox.faults import Kind, Rule

if TYPE_CHECKING:
    from dr_console.sandbox.world import World


def prepare_damage(world: World) -> None:
    """What the world itself can lose. R2 and the snapshots' vendors add their own hooks."""

    def lose_newest(rule: Rule) -> Callable[[], None]:
        """Rows of the last so many seconds, all of the cache, and the search index."""
        stores = world.stores
        for database in filter(None, [stores.databases.get(stores.database_in_use)]):
            database.canaries.forget_from(world.clock.now() - (rule.seconds or 0.0))
        for cache in filter(None, [stores.caches.get(stores.cache_in_use)]):
            cache.values.clear()
        world.search_index.is_lost = True
        return _stays_lost

    world.faults.hooks[Kind.DATA_LOST].append(lose_newest)


def _stays_lost() -> None:
    pass
