"""Code: a mirror that has every commit of the source, also those that the source no longer has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from dr_console.providers.deadlines import Deadline


@dataclass(frozen=True)
class Login:
    """Name and password for git over HTTPS; neither is ever shown."""

    username: str = field(repr=False)
    password: str = field(repr=False)


@dataclass(frozen=True)
class Remote:
    """One repository at a git host. `url`: without a password in it. `login`: asked anew for each command."""

    vendor: str
    url: str
    login: Callable[[], Login | None] = field(default=lambda: None, repr=False)


class RefState(StrEnum):
    """How a branch or a tag of the mirror stands to the source's."""

    SAME = "same"
    MISSING = "missing"  # the mirror has none of this name
    BEHIND = "behind"  # the mirror's commit is an ancestor of the source's
    FORCED = "forced"  # the source's history no longer contains the mirror's commit
    GONE = "gone"  # the source has none of this name any more; the mirror keeps its own
    DIFFERENT = "different"  # both moved while we looked, so that how they stand is not known


@dataclass(frozen=True)
class RefComparison:
    """`name`: refs/heads/… or refs/tags/…. The object ids are of 40 or 64 hex digits, or empty where there is none."""

    name: str
    source: str
    mirror: str
    state: RefState


@dataclass(frozen=True)
class Comparison:
    """Both sides, ref by ref, by name."""

    at: datetime
    refs: tuple[RefComparison, ...]

    @property
    def is_complete(self) -> bool:
        """True if the mirror has every branch and tag of the source, exactly as it is there."""
        return all(ref.state in (RefState.SAME, RefState.GONE) for ref in self.refs)

    @property
    def differences(self) -> tuple[RefComparison, ...]:
        return tuple(ref for ref in self.refs if ref.state is not RefState.SAME)


@dataclass(frozen=True)
class KeptTip:
    """A tip that the source gave up, and the ref below refs/archive/ that holds it at the mirror."""

    name: str
    id: str
    kept_as: str


@dataclass(frozen=True)
class Mirrored:
    """What one mirroring did. `moved`: the refs as they stood before. `after`: both sides once it was done."""

    moved: tuple[RefComparison, ...]
    kept: tuple[KeptTip, ...]
    after: Comparison


class CodeMirror(Protocol):
    def compare(self, *, deadline: Deadline) -> Comparison:
        """Read both sides and compare them; changes neither. May fetch, to tell what is behind from what was forced."""
        ...

    def mirror(self, *, deadline: Deadline) -> Mirrored:
        """Bring the mirror's branches and tags up to the source's; nothing that the mirror has is ever lost.

        Before a ref is forced, or removed because it is in the way of another's name, its old tip is kept below
        refs/archive/<utc>/. Doing it twice is the same as doing it once, and so is doing it again after a crash.
        Raises REFUSED (not permanent) where somebody else pushed to the mirror meanwhile; afterwards, `compare` tells
        what happened.
        """
        ...
