"""Redis itself, where no managed service takes its snapshots: save, replicate, copy, dump to a file and back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from dr_console.providers.deadlines import Deadline


@dataclass(frozen=True)
class RedisState:
    """What a server says of itself. `offset`: bytes of its stream of changes. `link_up`: a replica is connected.

    `saved_at`: end of the last save to disk that succeeded. `keys`: in all databases.
    """

    version: str
    role: str
    keys: int
    used_bytes: int
    offset: int
    link_up: bool = False
    saving: bool = False
    save_failed: bool = False
    saved_at: datetime | None = None
    loading: bool = False
    cluster: bool = False


@dataclass(frozen=True)
class Copied:
    """`expired`: keys that ran out while they were under way. `unlike`: keys of the sample that are not the same."""

    keys: int
    bytes: int
    expired: int = 0


@dataclass(frozen=True)
class Compared:
    """A sample of keys, each compared whole with its time to live. `unlike`: those that differ or are missing."""

    looked_at: int
    unlike: tuple[str, ...]


Progress = Callable[[int, int], None]  # keys done, keys in all


class RedisOperator(Protocol):
    """One Redis or Valkey server, and what can be done with it. Every method raises ProviderError."""

    def state(self, *, deadline: Deadline) -> RedisState: ...

    def save(self, *, deadline: Deadline) -> RedisState:
        """Have the server write its data to its own disk, and wait until it has. Harmless to repeat.

        REFUSED where a managed service blocks it; FAILED where the server could not write.
        """
        ...

    def follow(self, source_url: str, *, deadline: Deadline) -> RedisState:
        """Become a replica of another server, and wait until nothing is missing. What was here before is gone.

        Harmless to repeat. Afterwards `lead` makes it a server of its own again.
        """
        ...

    def lead(self, *, deadline: Deadline) -> RedisState:
        """Stop being a replica, and take writes. Harmless to repeat."""
        ...

    def dump(self, *, deadline: Deadline, progress: Progress | None = None) -> Iterator[bytes]:
        """Every key of every database as a file of ours (see redis_file.py), piece by piece."""
        ...

    def load(self, chunks: Iterable[bytes], *, deadline: Deadline, progress: Progress | None = None) -> Copied:
        """Put back what `dump` wrote, over whatever keys of the same name there are; others stay.

        Each block is checked before any of it is written; GARBLED where the file is damaged. Harmless to repeat.
        """
        ...
