"""What has to be pushed so that a mirror has all of the source and loses nothing: pure, without git."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from dr_console.providers.capabilities.code import KeptTip, RefComparison, RefState

ARCHIVE = "refs/archive"
Refs = Mapping[str, str]


@dataclass(frozen=True)
class Push:
    """One ref to be changed at the mirror. `old`, `new`: object ids; empty means that there is none."""

    name: str
    old: str
    new: str

    @property
    def refspec(self) -> str:
        return f"{self.new}:{self.name}"

    @property
    def lease(self) -> str:
        """Have git refuse if the mirror's ref is not what we saw."""
        return f"--force-with-lease={self.name}:{self.old}"


@dataclass(frozen=True)
class Plan:
    """Three pushes in this order, each complete before the next: a crash between them leaves nothing lost."""

    keep: tuple[KeptTip, ...]
    remove: tuple[Push, ...]
    update: tuple[Push, ...]
    moved: tuple[RefComparison, ...]


def compared(source: Refs, mirror: Refs, contains: Callable[[str, str], bool | None]) -> tuple[RefComparison, ...]:
    """`contains(new, old)`: whether the history of `new` contains `old`; None where one of them is not known here."""
    names = sorted({*source, *mirror})
    return tuple(
        RefComparison(name, source.get(name, ""), mirror.get(name, ""), _state(name, source, mirror, contains))
        for name in names
    )


def _state(name: str, source: Refs, mirror: Refs, contains: Callable[[str, str], bool | None]) -> RefState:
    new, old = source.get(name), mirror.get(name)
    if new == old:
        return RefState.SAME
    if new is None:
        return RefState.GONE
    if old is None:
        return RefState.MISSING
    if name.startswith("refs/tags/"):
        return RefState.FORCED  # a tag does not move on, it is replaced
    known = contains(new, old)
    if known is None:
        return RefState.DIFFERENT
    return RefState.BEHIND if known else RefState.FORCED


def plan(refs: tuple[RefComparison, ...], archived: Refs, *, at: datetime) -> Plan:
    """`archived`: what the mirror already keeps below refs/archive/, so that a second attempt keeps nothing twice."""
    moved = tuple(ref for ref in refs if ref.source and ref.state is not RefState.SAME)
    in_the_way = tuple(_in_the_way(refs, moved))
    lost = [ref for ref in moved if ref.state in (RefState.FORCED, RefState.DIFFERENT)]
    return Plan(
        keep=tuple(_kept([*lost, *in_the_way], archived, at)),
        remove=tuple(Push(ref.name, ref.mirror, "") for ref in in_the_way),
        update=tuple(Push(ref.name, ref.mirror, ref.source) for ref in moved),
        moved=(*moved, *in_the_way),
    )


def _in_the_way(refs: tuple[RefComparison, ...], moved: tuple[RefComparison, ...]) -> Iterator[RefComparison]:
    """What only the mirror has and whose name cannot stand beside a new one: "a" and "a/b"."""
    coming = [ref.name for ref in moved if not ref.mirror]
    for ref in refs:
        if ref.state is RefState.GONE and any(_clash(ref.name, name) for name in coming):
            yield ref


def _clash(one: str, other: str) -> bool:
    return one.startswith(f"{other}/") or other.startswith(f"{one}/")


def _kept(lost: list[RefComparison], archived: Refs, at: datetime) -> Iterator[KeptTip]:
    stamp = at.strftime("%Y%m%dT%H%M%SZ")
    for ref in lost:
        tail = ref.name.removeprefix("refs/")
        if not any(id == ref.mirror and name.endswith(f"/{tail}") for name, id in archived.items()):
            yield KeptTip(ref.name, ref.mirror, f"{ARCHIVE}/{stamp}/{tail}")
