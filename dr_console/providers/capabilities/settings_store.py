"""The settings store: small values that the product reads on every request, such as its degradation level."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from dr_console.providers.deadlines import Deadline


@dataclass(frozen=True)
class Item:
    """`value`: any JSON value."""

    key: str
    value: Any
    changed_at: datetime


@dataclass(frozen=True)
class Version:
    """The store as it was before a change. `values` is None where only the list of versions was asked for."""

    id: str
    changed_at: datetime
    values: Mapping[str, Any] | None = None


class SettingsStore(Protocol):
    """How long the product takes to see a change is not documented: read it at the product as well."""

    def item(self, key: str, *, deadline: Deadline) -> Item:
        """Raises NOT_FOUND."""
        ...

    def items(self, *, deadline: Deadline) -> dict[str, Item]: ...

    def write(self, values: Mapping[str, Any], *, deadline: Deadline) -> None:
        """Make these keys have these values, all or none; other keys stay. Twice is the same as once."""
        ...

    def delete(self, *keys: str, deadline: Deadline) -> None:
        """Delete those of these keys that there are. Twice is the same as once."""
        ...

    def versions(self, *, limit: int = 20, deadline: Deadline) -> list[Version]:
        """Newest first, without their values."""
        ...

    def version(self, id: str, *, deadline: Deadline) -> Version:
        """One with its values. Raises NOT_FOUND."""
        ...

    def restore(self, id: str, *, deadline: Deadline) -> None:
        """Make the store what it was in this version. Twice is the same as once."""
        ...
