"""Snapshots of a managed database or cache: taken, listed, copied, and restored into something new beside the old.

Nothing here decides how long a snapshot is kept, or deletes one of itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from dr_console.providers.deadlines import Deadline


class Progress(StrEnum):
    COMING = "coming"
    READY = "ready"
    FAILED = "failed"  # it will not become ready
    LEAVING = "leaving"


@dataclass(frozen=True)
class Snapshot:
    """`state`: the vendor's own word. `percent`: None where the vendor does not say.

    `data_at`: the moment its data is of, also in a copy of a copy; None while the vendor has none yet.
    """

    name: str
    id: str
    source: str
    state: str
    progress: Progress
    percent: int | None
    data_at: datetime | None
    is_manual: bool
    engine: str = ""


@dataclass(frozen=True)
class Quota:
    """How many snapshots may still be taken. `of`: the node it counts for, or "" for a whole region."""

    of: str
    used: int
    limit: int
    hours: int | None = None  # the time that it counts over; None for all there are

    @property
    def left(self) -> int:
        return max(0, self.limit - self.used)


@dataclass(frozen=True)
class Placement:
    """Where a restored one is to stand, and for whom. The vendor's defaults are rarely those of the source."""

    subnet_group: str = ""
    security_groups: tuple[str, ...] = ()
    parameter_group: str = ""
    size: str = ""  # the class of machine; "" for that of the snapshot
    copies: int = 1  # how many machines in all, in different zones; of a database, 2 means a standby
    port: int | None = None


@dataclass(frozen=True)
class Instance:
    """A database instance, or a cache group. `address`: "" until it has one. `restorable_until`: by its own log."""

    name: str
    state: str
    progress: Progress
    address: str
    port: int | None
    created_at: datetime | None
    placement: Placement
    engine: str = ""
    restorable_until: datetime | None = None
    members: tuple[str, ...] = field(default=())


class SnapshotProvider(Protocol):
    """`create`, `copy` and `restore` take the name the new thing gets. Choose it so that the same wish has the same
    name: where a call's outcome is unknown, repeating it finds what the first one made, and makes nothing twice.
    """

    def create(self, name: str, *, deadline: Deadline) -> Snapshot:
        """Begin a snapshot of the source. One of this name that is of the same source is taken for it."""
        ...

    def snapshot(self, name: str, *, deadline: Deadline) -> Snapshot:
        """How far it is. Raises NOT_FOUND."""
        ...

    def wait_until_ready(self, name: str, *, deadline: Deadline) -> Snapshot:
        """Look until it can be restored from. Raises FAILED, NOT_FOUND or NOT_IN_TIME."""
        ...

    def snapshots(self, *, deadline: Deadline) -> list[Snapshot]:
        """All of the source, the automatic ones too, the newest data first."""
        ...

    def copy(self, name: str, to: str, *, deadline: Deadline) -> Snapshot:
        """Begin a copy of the snapshot in the same region. As `create`."""
        ...

    def delete(self, name: str, *, deadline: Deadline) -> None:
        """Delete a manual snapshot. One that is not there is no error: harmless to repeat."""
        ...

    def quotas(self, *, deadline: Deadline) -> list[Quota]:
        """What is used up, and how much there is, before one is taken."""
        ...

    def source(self, *, deadline: Deadline) -> Instance:
        """The database or cache that snapshots are taken of."""
        ...

    def restore(self, name: str, into: str, *, placement: Placement, deadline: Deadline) -> Instance:
        """Begin a new instance with the snapshot's data. One of this name is taken for it if it came from there."""
        ...

    def instance(self, name: str, *, deadline: Deadline) -> Instance:
        """How far it is, and its address once it has one. Raises NOT_FOUND."""
        ...

    def wait_until_instance_ready(self, name: str, *, deadline: Deadline) -> Instance:
        """Look until it answers. Raises FAILED, NOT_FOUND or NOT_IN_TIME."""
        ...

    def delete_instance(self, name: str, *, deadline: Deadline) -> None:
        """Delete a restored instance, without a last snapshot. Raises REFUSED for the source itself."""
        ...


class DatabaseSnapshotProvider(SnapshotProvider, Protocol):
    """What a database's log makes possible beside that."""

    def restore_to_time(self, into: str, *, at: datetime | None, placement: Placement, deadline: Deadline) -> Instance:
        """Begin a new instance with the data of a moment; of the latest that can be had if `at` is None."""
        ...

    def rename(self, name: str, to: str, *, deadline: Deadline) -> None:
        """Begin to give an instance another name, and thus another address. `instance(to)` tells when it is done."""
        ...

    def copy_to_region(self, name: str, to: str, *, region: str, key: str = "", deadline: Deadline) -> Snapshot:
        """Begin a copy in another region. `key`: id of the encryption key there, needed for an encrypted snapshot."""
        ...


class CacheSnapshotProvider(SnapshotProvider, Protocol):
    """A cache can leave the region only through the object store."""

    def export(self, name: str, *, bucket: str, as_key: str, deadline: Deadline) -> str:
        """Begin to write the snapshot to a bucket of the same region. Returns the name of the object to come."""
        ...

    def restore_from_objects(
        self, keys: tuple[str, ...], into: str, *, placement: Placement, deadline: Deadline
    ) -> Instance:
        """Begin a new group with what was exported: ARNs of the objects."""
        ...
