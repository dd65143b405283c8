"""What differs between two plans. Pure: it compares contents, of versions or of a version and a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from dr_console.plans import registry
from dr_console.plans.registry import Section


@dataclass(frozen=True)
class Change:
    """One difference. `key` is empty for a section of one entry, and for the order of a section's entries.

    `field` is empty where a whole entry was added or removed; else a path: `steps → point-dns → timeout_seconds`.
    """

    kind: Literal["added", "changed", "removed"]
    section: str
    key: str
    field: str
    before: Any
    after: Any

    @property
    def where(self) -> str:
        """contacts → cto → time_zone."""
        return " → ".join(filter(None, (self.section, self.key, self.field)))


def compare(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
    """In the order of the file; within a section what was removed last."""
    known = registry.sections()
    changes = [
        change for section in known for change in _section(section, old.get(section.name), new.get(section.name))
    ]
    # A section that a later release brought, or an earlier one took away, is compared as a whole.
    names = {section.name for section in known}
    for name in sorted((old.keys() | new.keys()) - names):
        changes += _values(name, "", "", old.get(name), new.get(name))
    return changes


def _section(section: Section, old: Any, new: Any) -> Iterator[Change]:
    if not section.many:
        if old and new:
            yield from _fields(section, "", old, new)
        else:
            yield from _values(section.name, "", "", old, new)
        return
    before = {entry["key"]: entry for entry in old or []}
    after = {entry["key"]: entry for entry in new or []}
    for key, entry in after.items():
        if key in before:
            yield from _fields(section, key, before[key], entry)
        else:
            yield Change("added", section.name, key, "", None, entry)
    for key, entry in before.items():
        if key not in after:
            yield Change("removed", section.name, key, "", entry, None)
    yield from _order(section.name, "", "order", list(before), list(after))


def _order(section: str, key: str, field: str, before: list[str], after: list[str]) -> Iterator[Change]:
    """Whether what is in both stands in another order."""
    stayed = [name for name in before if name in after]
    now = [name for name in after if name in before]
    if stayed != now:
        yield Change("changed", section, key, field, stayed, now)


def _fields(section: Section, key: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    for name in dict.fromkeys([*new, *old]):
        if name in section.children:
            yield from _parts(section, key, name, old.get(name) or [], new.get(name) or [])
        else:
            yield from _values(section.name, key, name, old.get(name), new.get(name))


def _parts(section: Section, key: str, name: str, old: list[Any], new: list[Any]) -> Iterator[Change]:
    identity = section.children[name].identity
    before = {" ".join(str(part.get(field)) for field in identity): part for part in old}
    after = {" ".join(str(part.get(field)) for field in identity): part for part in new}
    for which, part in after.items():
        if which not in before:
            yield Change("added", section.name, key, f"{name} → {which}", None, part)
            continue
        for field in dict.fromkeys([*part, *before[which]]):
            yield from _values(
                section.name, key, f"{name} → {which} → {field}", before[which].get(field), part.get(field)
            )
    for which, part in before.items():
        if which not in after:
            yield Change("removed", section.name, key, f"{name} → {which}", part, None)
    yield from _order(section.name, key, f"{name} → order", list(before), list(after))


def _values(section: str, key: str, field: str, old: Any, new: Any) -> Iterator[Change]:
    if _same(old, new):
        return
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for name in dict.fromkeys([*new, *old]):
            yield from _values(section, key, f"{field} → {name}" if field else name, old.get(name), new.get(name))
    elif old in (None, [], {}) and new not in (None, [], {}):
        yield Change("added", section, key, field, None, new)
    elif new in (None, [], {}) and old not in (None, [], {}):
        yield Change("removed", section, key, field, old, None)
    else:
        yield Change("changed", section, key, field, old, new)


def _same(old: Any, new: Any) -> bool:
    """Equal, where Python takes True for 1 as well."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return old.keys() == new.keys() and all(_same(old[name], new[name]) for name in old)
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(map(_same, old, new))
    return bool(old == new) and isinstance(old, bool) == isinstance(new, bool)
