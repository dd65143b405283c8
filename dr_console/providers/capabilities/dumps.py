"""A database as a file in an object store: dumped, verified, and restored into a database of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from dr_console.providers.capabilities.objects import ObjectStore
from dr_console.providers.deadlines import Deadline


@dataclass(frozen=True)
class Manifest:
    """What a dump is, kept beside it as "<key>.json": only with it is the dump complete.

    `server`, `tool`: versions, as they call themselves. `made_at`: ISO time. `tables`: how many tables have data in it.
    """

    key: str
    database: str
    sha256: str
    bytes: int
    server: str
    tool: str
    made_at: str
    tables: int


class DatabaseDumper(Protocol):
    """One database that nobody else takes snapshots of. Every method raises ProviderError."""

    def dump(self, store: ObjectStore, key: str, *, deadline: Deadline) -> Manifest:
        """Stream a consistent dump to the store, while the database goes on. Half a dump is never left behind.

        Repeating it writes the same key again. SETTINGS where the program for it is not installed.
        """
        ...

    def verify(self, store: ObjectStore, key: str, *, deadline: Deadline) -> Manifest:
        """Read the whole dump: its SHA-256 must be that of the manifest, and its own program must understand it.

        FAILED where either is not so; NOT_FOUND where the dump was never completed. Harmless.
        """
        ...

    def restore(self, store: ObjectStore, key: str, database: str, *, deadline: Deadline) -> Manifest:
        """Make a new database on the same server and fill it. REFUSED where there is one of this name.

        What could not be filled is dropped again. Traffic goes on to the old one until somebody points it elsewhere.
        """
        ...
