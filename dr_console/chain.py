"""Logs as chains: each row holds the hash of the one before it, so that nothing can be changed unseen.

A row is known by its place (1, 2, 3, …) in its chain. Whoever writes holds the chain's head, so that places have no
gap; the head says how many rows there are, and the last one's hash, so that a missing end is seen as well.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

Trouble = Literal["edited", "removed", "inserted"]


@dataclass(frozen=True)
class Link:
    """A row as it stands now. `digest`: what its hash would have to be; `hash`: what it is."""

    place: int
    previous: str
    hash: str
    digest: str


@dataclass(frozen=True)
class Head:
    """How long a chain is, and where it ends."""

    place: int
    hash: str


@dataclass(frozen=True)
class Break:
    """One row that is not as it was written, or is not there, or was not written by us."""

    place: int
    trouble: Trouble


def digest(previous: str, facts: list[Any]) -> str:
    """The hash of a row: sha256 over the hash before it and everything in it that must not change."""
    text = json.dumps(plain([previous, *facts]), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def plain(value: Any) -> Any:
    """As every database gives it back: PostgreSQL knows no NUL, and writes 1e16 as a whole number."""
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return _text(value) if isinstance(value, str) else value


def _text(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:  # half of a pair of surrogates, which JSON from elsewhere may bring
        value = value.encode(errors="replace").decode()
    return value.replace("\0", "")


def breaks(links: Iterable[Link], head: Head | None = None) -> Iterator[Break]:
    """Every break, by place. Without a head the last row counts as the end, whatever may have come after it.

    A row that was rewritten together with its own hash is known by the row after it, which holds the one it had.
    """
    before: Link | None = None
    for link in links:
        expected = before.place + 1 if before else 1
        if link.place < expected or (head and link.place > head.place):
            yield Break(link.place, "inserted")
            continue
        yield from (Break(place, "removed") for place in range(expected, link.place))
        if before is not None and link.place == expected:
            yield from _rewritten(before, link.previous, is_sure=link.hash == link.digest)
        if link.hash != link.digest or (link.place == 1 and link.previous):
            yield Break(link.place, "edited")
        before = link
    yield from _at_the_end(before, head)


def _rewritten(link: Link, hash_as_written: str, *, is_sure: bool) -> Iterator[Break]:
    """`is_sure`: that what the next row says of this one's hash is what it was written with."""
    if is_sure and link.hash == link.digest and link.hash != hash_as_written:
        yield Break(link.place, "edited")


def _at_the_end(last: Link | None, head: Head | None) -> Iterator[Break]:
    if head is None:
        return
    place = last.place if last else 0
    yield from (Break(missing, "removed") for missing in range(place + 1, head.place + 1))
    if last is not None and place == head.place:
        yield from _rewritten(last, head.hash, is_sure=True)
