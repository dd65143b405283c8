"""From one object store to another: copy one object whole, find what differs, and bring the other up."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from django.utils.translation import gettext_noop as _

from dr_console.errors import Problem, ProviderError
from dr_console.providers.capabilities.objects import Body, ObjectStore, Stored, Written
from dr_console.providers.deadlines import Deadline

COPY = _("copy the object")
# Name of the metadata that holds the source's ETag: written in parts, the copy's own can be another.
SOURCE_ETAG = "dr-source-etag"
ONE_PIECE_BYTES = 8 * 1024 * 1024


class Standing(StrEnum):
    """How a key of the copy stands to the source's."""

    MISSING = "missing"
    DIFFERENT = "different"
    EXTRA = "extra"  # only the copy has it; what to do about it is not decided here


@dataclass(frozen=True)
class Difference:
    key: str
    standing: Standing
    source: Stored | None
    target: Stored | None


@dataclass(frozen=True)
class Moved:
    """One object that was copied, or why it was not."""

    key: str
    written: Written | None = None
    error: ProviderError | None = None


class Mover(Protocol):
    """What carries many objects from store to store; a faster one can take this one's place."""

    def move(self, keys: Iterable[str], *, deadline: Deadline) -> Iterator[Moved]:
        """Copy each; what went wrong with one is said of it, and the others go on."""
        ...


@dataclass(frozen=True)
class OneByOne:
    source: ObjectStore
    target: ObjectStore

    def move(self, keys: Iterable[str], *, deadline: Deadline) -> Iterator[Moved]:
        for key in keys:
            try:
                yield Moved(key, copy_across(self.source, self.target, key, deadline=deadline))
            except ProviderError as error:
                if deadline.has_passed:
                    raise
                yield Moved(key, error=error)


def copy_across(
    source: ObjectStore, target: ObjectStore, key: str, *, to: str = "", version: str = "", deadline: Deadline
) -> Written:
    """Copy one object with its type and metadata, holding no more than two parts of it in memory.

    Doing it twice is the same as doing it once. Content that is not what the source's ETag or SHA-256 says is never
    written: FAILED, of the source's vendor.
    """
    with source.open(key, version=version, deadline=deadline) as body:
        stored = body.stored
        return target.put_stream(
            to or key,
            _checked(body, source.vendor),
            content_type=stored.content_type,
            metadata={**stored.metadata, SOURCE_ETAG: stored.etag},
            expected_bytes=stored.size,
            deadline=deadline,
        )


def _checked(body: Body, vendor: str) -> Iterator[bytes]:
    """The content; at its end raises unless it is what it was said to be, so that an upload is not completed."""
    stored = body.stored
    md5, sha256 = hashlib.md5(usedforsecurity=False), hashlib.sha256()
    for chunk in body:
        md5.update(chunk)
        sha256.update(chunk)
        yield chunk
    is_md5 = stored.parts == 0 and len(stored.etag) == 32
    for name, said, found in (
        ("MD5", stored.etag if is_md5 else "", md5.hexdigest()),
        ("SHA-256", stored.sha256, sha256.hexdigest()),
    ):
        if said and said != found:
            words = f"{stored.key}: its {name} is {found}, and should be {said}."
            raise ProviderError(vendor, COPY, Problem.FAILED, said=words, permanent=True)


def differences(
    source: ObjectStore, target: ObjectStore, prefix: str = "", *, deadline: Deadline
) -> Iterator[Difference]:
    """Walk both listings side by side, a page of each in memory. Both are in the order of the keys' bytes."""
    ours, theirs = target.objects(prefix, deadline=deadline), source.objects(prefix, deadline=deadline)
    here, there = next(ours, None), next(theirs, None)
    while here or there:
        if here is None or (there and there.key.encode() < here.key.encode()):
            assert there is not None
            yield Difference(there.key, Standing.MISSING, there, None)
            there = next(theirs, None)
        elif there is None or here.key.encode() < there.key.encode():
            yield Difference(here.key, Standing.EXTRA, None, here)
            here = next(ours, None)
        else:
            if not _same(there, here, target, deadline):
                yield Difference(here.key, Standing.DIFFERENT, there, here)
            here, there = next(ours, None), next(theirs, None)


def _same(source: Stored, copy: Stored, target: ObjectStore, deadline: Deadline) -> bool:
    if source.size != copy.size:
        return False
    if source.etag == copy.etag:
        return True
    if not source.parts and not copy.parts:
        return False
    # ETags of parts tell only who sent which pieces.
    return target.head(copy.key, deadline=deadline).metadata.get(SOURCE_ETAG) == source.etag


def bring_up(mover: Mover, found: Iterable[Difference], *, deadline: Deadline) -> Iterator[Moved]:
    """Copy what is missing or different; what is extra is left alone."""
    yield from mover.move((each.key for each in found if each.standing is not Standing.EXTRA), deadline=deadline)
