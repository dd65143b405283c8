"""The moments of a step at which it matters that a process may die. Tests of crashes do it there."""

from __future__ import annotations

from collections.abc import Callable

POINTS = ("claimed", "observed", "intended", "acted", "recorded", "verified")

_visitor: Callable[[str, str], None] | None = None


def reached(point: str, key: str) -> None:
    """The step `key` is at this point; nothing happens, unless somebody asked to be told."""
    if _visitor is not None:
        _visitor(point, key)


def tell(visitor: Callable[[str, str], None] | None) -> None:
    """Have `visitor(point, key)` called at every point in this process."""
    global _visitor
    _visitor = visitor
