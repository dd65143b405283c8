"""The product's search index: rebuilt from the database when it is lost or stale."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from dr_console.providers.deadlines import Deadline


class RebuildState(StrEnum):
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True)
class Rebuild:
    """One rebuild. `id` is the vendor's, empty where it gives none; `percent` is None where it does not say.

    `said`: its status, word for word.
    """

    id: str
    state: RebuildState
    percent: int | None = None
    said: str = ""


class SearchProvider(Protocol):
    def start(self, *, deadline: Deadline) -> Rebuild:
        """Start a rebuild. If one is running already and the vendor names it (409), that one is returned.

        Not harmless to repeat: a second rebuild may begin. Whether one runs is found out by asking for it.
        """
        ...

    def state(self, id: str, *, deadline: Deadline) -> Rebuild:
        """Look once how far it is. Raises NOT_FOUND if there is no such rebuild."""
        ...

    def wait_until_done(self, id: str, *, deadline: Deadline) -> Rebuild:
        """Look until it has succeeded. Raises FAILED if it failed, NOT_IN_TIME at the deadline or the set time-out."""
        ...
