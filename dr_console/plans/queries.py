"""The plan at a glance, and what its references may name. Nothing here writes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import QuerySet
from django.urls import reverse

from dr_console.plans import pages, writer
from dr_console.plans.difference import compare
from dr_console.plans.models import PlanSingle, PlanVersion
from dr_console.plans.notation import written
from dr_console.plans.registry import Section, section, sections
from dr_console.plans.schema import PlanPart
from dr_console.plans.services import export
from dr_console.plans.shapes import shapes
from dr_console.web.navigation import Found


@dataclass(frozen=True)
class Summary:
    """One section: the names of its first entries, how many there are, and the name of the URL that shows them."""

    section: Section
    names: list[str]
    count: int
    page: str


@dataclass(frozen=True)
class Overview:
    version: PlanVersion | None
    singles: dict[str, PlanSingle | None]
    summaries: list[Summary]


NAMES_SHOWN = 6


def overview() -> Overview:
    """Everything the plan has, one line a section: one query a section."""
    many = [_summary(one) for one in sections() if one.many]
    singles = {one.name: _rows(one).first() for one in sections() if not one.many}
    return Overview(newest_version(), singles, many)


def _rows(one: Section) -> QuerySet[Any]:
    """What is current of a section."""
    return one.model._default_manager.filter(retired_at=None)


def _summary(one: Section) -> Summary:
    rows = list(_rows(one))
    return Summary(one, [str(row) for row in rows[:NAMES_SHOWN]], len(rows), pages.page_of(one.name))


def newest_version() -> PlanVersion | None:
    """The current version for pages that tell of it: without its content, which is by far the largest part."""
    return PlanVersion.objects.defer("content").order_by("-number").first()


def current_number() -> int:
    """Number of the current version, which a form remembers; 0 before the first plan."""
    return PlanVersion.objects.order_by("-number").values_list("number", flat=True).first() or 0


def entry_now(part: Section, key: str) -> dict[str, Any] | None:
    """One entry as the plan file would have it now, or the whole of a section that has no entries."""
    content = export().get(part.name)
    if not part.many:
        return content
    return next((entry for entry in content or [] if entry["key"] == key), None)


def file_of(version: PlanVersion) -> str:
    """A version as a plan file."""
    return writer.written(version.content, name=f"DR Console plan, version {version.number}")


@dataclass(frozen=True)
class Difference:
    """One line of a comparison: where, and both values as the plan file would have them."""

    kind: str
    where: str
    before: str
    after: str


def changes_between(old: PlanVersion, new: PlanVersion) -> list[Difference]:
    return [
        Difference(change.kind, change.where, _as_text(change.before), _as_text(change.after))
        for change in compare(old.content, new.content)
    ]


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dict):
        return written(value, heading="").strip().replace("\n\n", "\n")
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def find_entries(person: User | AnonymousUser, text: str) -> Iterable[Found]:
    """For the palette: entries whose key or name, in the person's language, has the text in it."""
    if not person.has_perm("plans.view_plan"):
        return
    wanted = text.casefold()
    for one in sections():
        for row in _rows(one) if one.many else ():
            if wanted in f"{row.key} {row}".casefold():
                yield Found(str(row), _page_of(one, row), hint=str(one.label))


def _page_of(one: Section, row: Any) -> str:
    """The entry's own page where it has one, else that of its section."""
    if hasattr(row, "get_absolute_url"):
        return str(row.get_absolute_url())
    return reverse(pages.page_of(one.name))


def reference_choices(part: Section) -> dict[str, list[tuple[str, str]]]:
    """For each section that a part of this one refers to: the keys of its current entries, with their names."""
    return {name: _keys(section(name)) for name in _referred(part.entry)}


def _referred(part: type[PlanPart]) -> set[str]:
    found: set[str] = set()
    for shape in shapes(part):
        if shape.refers:
            found |= set(shape.refers.sections.values())
        if shape.part:
            found |= _referred(shape.part)
    return found


def _keys(one: Section) -> list[tuple[str, str]]:
    return [(row.key, f"{row.key} · {row}") for row in _rows(one)]
