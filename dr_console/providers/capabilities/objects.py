"""Objects in a bucket: list, read, write, copy, and what protects them: versions, locks, lifecycle, replication."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from dr_console.providers.deadlines import Deadline


class Replication(StrEnum):
    """How far an object's copy at the other bucket is. REPLICA: this is the copy."""

    NONE = "none"
    PENDING = "pending"
    COMPLETED = "completed"
    FAILED = "failed"
    REPLICA = "replica"


@dataclass(frozen=True)
class Stored:
    """One object, as a listing or a head shows it; a listing knows neither content type, metadata nor replication.

    `size`: bytes. `etag`: without quotes. `sha256`: of the content, in hex, where whoever wrote it said so.
    """

    key: str
    size: int
    etag: str
    modified_at: datetime | None = None
    version: str = ""
    content_type: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    replication: Replication = Replication.NONE
    storage_class: str = ""

    @property
    def sha256(self) -> str:
        return self.metadata.get(SHA256, "")

    @property
    def parts(self) -> int:
        """How many parts it was written in; 0 if in one piece, and then the ETag is the content's MD5."""
        count = self.etag.rpartition("-")[2] if "-" in self.etag else ""
        return int(count) if count.isdigit() else 0


SHA256 = "dr-sha256"  # name of the metadata that holds the content's SHA-256


@dataclass(frozen=True)
class Written:
    """What a write left behind. `sha256`: hex, of what was sent; the vendor compared each piece's MD5."""

    key: str
    size: int
    etag: str
    sha256: str
    version: str = ""


@dataclass(frozen=True)
class Version:
    """One version of a key, or a delete marker: then the object was deleted, and the versions before it are kept."""

    key: str
    version: str
    is_latest: bool
    modified_at: datetime
    is_delete_marker: bool = False
    size: int = 0
    etag: str = ""


@dataclass(frozen=True)
class Deleted:
    """`marker`: version of the delete marker; empty where the store keeps no versions, and the object is gone."""

    key: str
    marker: str = ""


@dataclass(frozen=True)
class Protection:
    """A bucket's rules, as far as they protect data. `lifecycle`, `replication`: the vendor's own rules.

    `versioning`: "Enabled", "Suspended" or "" for never. `lock_mode`: "GOVERNANCE", "COMPLIANCE" or "" for no default.
    """

    versioning: str = ""
    lifecycle: tuple[Mapping[str, object], ...] = ()
    replication: Mapping[str, object] = field(default_factory=dict)
    lock_enabled: bool = False
    lock_mode: str = ""
    lock_days: int = 0


@dataclass(frozen=True)
class Lock:
    """What keeps one version from being deleted. `until`: retention; `legal_hold`: without an end."""

    mode: str = ""
    until: datetime | None = None
    legal_hold: bool = False


class Body(Protocol):
    """An object's content while it is read. Reads at most a megabyte at a time."""

    @property
    def stored(self) -> Stored: ...

    def __iter__(self) -> Iterator[bytes]: ...


class ObjectStore(Protocol):
    """One bucket. Every method raises ProviderError; NOT_FOUND where key, version or bucket does not exist."""

    @property
    def vendor(self) -> str:
        """Its name as people write it."""
        ...

    @property
    def bucket(self) -> str: ...

    def objects(self, prefix: str = "", *, after: str = "", deadline: Deadline) -> Iterator[Stored]:
        """Every object by key, in the order of the keys' bytes, a page at a time. `after`: begin behind this key."""
        ...

    def head(self, key: str, *, version: str = "", deadline: Deadline) -> Stored: ...

    def open(self, key: str, *, version: str = "", deadline: Deadline) -> AbstractContextManager[Body]:
        """Read an object; what came is compared with its length. One that changes meanwhile is read as it was."""
        ...

    def put(
        self,
        key: str,
        content: bytes,
        *,
        content_type: str = "",
        metadata: Mapping[str, str] | None = None,
        only_if_new: bool = False,
        only_if_etag: str = "",
        deadline: Deadline,
    ) -> Written:
        """Write an object in one piece, with its SHA-256 in the metadata. The vendor checks its MD5.

        `only_if_new`, `only_if_etag`: REFUSED with status 412 where another is there; with one of them a second attempt
        after an unknown outcome can overwrite nothing, and `head` tells which content is there.
        """
        ...

    def put_stream(
        self,
        key: str,
        chunks: Iterable[bytes],
        *,
        content_type: str = "",
        metadata: Mapping[str, str] | None = None,
        expected_bytes: int = 0,
        only_if_new: bool = False,
        deadline: Deadline,
    ) -> Written:
        """Write what comes, in parts if it is long, holding two parts in memory at most. All or nothing is written.

        A long object's SHA-256 is only known at its end, and then is in the answer but not in the metadata.
        `expected_bytes`: makes parts larger where they would be too many (10,000). On an error what was sent is thrown
        away; `abort_leftovers` finds what could not be.
        """
        ...

    def copy(self, key: str, to: str, *, version: str = "", deadline: Deadline) -> Stored:
        """Copy inside the bucket, at the vendor's: type and metadata are kept. Parts, above 5 GB."""
        ...

    def delete(self, key: str, *, deadline: Deadline) -> Deleted:
        """Delete by key, never a version. What is not there is deleted likewise. Harmless to repeat."""
        ...

    def abort_leftovers(self, *, before: datetime, deadline: Deadline) -> list[str]:
        """Throw away uploads in parts that were begun before this moment and never completed; their keys."""
        ...

    def versions(self, prefix: str = "", *, deadline: Deadline) -> Iterator[Version]:
        """Every version and delete marker, by key, the newest of a key first, a page at a time."""
        ...

    def restore(self, key: str, version: str, *, deadline: Deadline) -> Stored:
        """Make an old version the newest, by copying it; nothing is lost. Harmless to repeat: it adds one more."""
        ...

    def protection(self, *, deadline: Deadline) -> Protection: ...

    def protect(self, wanted: Protection, *, deadline: Deadline) -> Protection:
        """Set versioning, lifecycle and replication to what is wanted, only what differs; the lock is left alone.

        Harmless to repeat. Returns the rules as they are afterwards.
        """
        ...

    def lock(self, key: str, *, version: str = "", deadline: Deadline) -> Lock: ...
