"""Which sections a plan has. Each app registers its own from AppConfig.ready(), in the order of the file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.utils.functional import Promise
from pydantic import BaseModel, ConfigDict, Field, create_model

from dr_console.plans.doubts import Acceptance, Doubt
from dr_console.plans.models import PlanChild, PlanEntry, PlanSingle
from dr_console.plans.problems import Problem
from dr_console.plans.schema import PlanPart


@dataclass(frozen=True)
class Child:
    """Rows of a list of parts: `parent` names the foreign key to the entry, `identity` tells the parts apart."""

    model: type[PlanChild]
    parent: str
    identity: tuple[str, ...] = ("key",)


@dataclass(frozen=True)
class Section:
    """One top-level name of the plan file, its schema, and the table that holds what is current of it.

    `check` finds what is wrong with the entries taken together; it gets them all, valid each by itself.
    `doubts` finds, in the whole plan as JSON has it, what somebody has to take so by name, and has not; `accept` keeps
    who did.
    """

    name: str
    label: str | Promise
    singular: str | Promise
    entry: type[PlanPart]
    model: type[PlanEntry] | type[PlanSingle]
    description: str = ""
    many: bool = True
    children: Mapping[str, Child] = field(default_factory=dict)
    permission: str = "plans.change_plan"
    check: Callable[[list[Any]], Iterable[Problem]] | None = None
    doubts: Callable[[dict[str, Any]], Iterable[Doubt]] | None = None
    accept: Callable[[Doubt, Acceptance], object] | None = None


class PlanDocument(BaseModel):
    """A whole plan. Its fields are the registered sections."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def content(self) -> dict[str, Any]:
        """The plan as JSON holds it, in the order of the schema."""
        return self.model_dump(mode="json")


_sections: dict[str, Section] = {}


def register(section: Section) -> None:
    """Sections refer only to sections registered before them."""
    _sections[section.name] = section
    document_model.cache_clear()


def sections() -> list[Section]:
    return list(_sections.values())


def section(name: str) -> Section:
    """Raises KeyError where no section has that name."""
    return _sections[name]


@cache
def document_model() -> type[PlanDocument]:
    fields: dict[str, Any] = {
        one.name: (list[one.entry] if one.many else one.entry, Field(description=one.description or None))  # type: ignore[name-defined]
        for one in sections()
    }
    return create_model("Plan", __base__=PlanDocument, **fields)
