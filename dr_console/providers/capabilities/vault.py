"""Secret vault: versions of a document of secrets, under labels of our own, and the way back to an earlier one.

A document may be larger than the vault takes at once; then it lies there in parts, and is whole or is not read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from dr_console.providers.deadlines import Deadline


@dataclass(frozen=True)
class Document:
    """What is kept. Its `body` is in no repr, log or error. `digest`: SHA-256 of the body."""

    name: str
    version: str
    labels: frozenset[str]
    created_at: datetime
    digest: str
    body: str = field(repr=False)


@dataclass(frozen=True)
class Kept:
    """One version in the vault, without what is in it. `labels`: "dr-20261122", and the vendor's own."""

    version: str
    labels: frozenset[str]
    created_at: datetime | None

    @property
    def is_current(self) -> bool:
        return "AWSCURRENT" in self.labels


@dataclass(frozen=True)
class Stored:
    """What `put` did. `is_new`: False where the vault had the same already, or had one of today."""

    version: str
    label: str
    is_new: bool
    parts: int
    digest: str


class Vault(Protocol):
    def put(self, name: str, body: str, *, day: str, again: bool = False, deadline: Deadline) -> Stored:
        """Keep a document under the label of a day ("20261122"), if it differs from the current one.

        At most once a day, as the vault keeps a hundred versions only; `again` overrides that, not the comparison.
        Repeating it is harmless: the same document on the same day is the same version.
        """
        ...

    def get(self, name: str, *, version: str = "", label: str = "", deadline: Deadline) -> Document:
        """The current document, or another. Raises NOT_FOUND; GARBLED where its parts do not fit together."""
        ...

    def versions(self, name: str, *, deadline: Deadline) -> list[Kept]:
        """Those with a label, the newest first: the vault may drop others at any time."""
        ...

    def roll_back(self, name: str, *, to: str, deadline: Deadline) -> Kept:
        """Make an earlier version the current one again. Repeating it is harmless, and `versions` tells."""
        ...

    def delete(self, name: str, *, recoverable_days: int = 30, deadline: Deadline) -> datetime:
        """Have it deleted after so many days (7 to 30), until when `undelete` brings it back. Returns when."""
        ...

    def undelete(self, name: str, *, deadline: Deadline) -> None: ...

    def names(self, *, deadline: Deadline) -> list[str]:
        """Of all documents that are ours: without our prefix, and without parts."""
        ...
