"""Read a plan, and say everything that is wrong with it at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from itertools import islice
from pathlib import Path as FilePath
from typing import Any

from django.utils.translation import gettext as _
from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from dr_console.plans import notation, registry
from dr_console.plans.problems import Path, PlanError, Problem, nearest, shown
from dr_console.plans.registry import PlanDocument, Section
from dr_console.plans.schema import PlanPart
from dr_console.plans.shapes import shapes
from dr_console.plans.wording import expectation

MOST_KEYS_NAMED = 12


def read(path: str | FilePath) -> PlanDocument:
    """The plan in a file. Raises PlanError with every problem, each with its line."""
    try:
        with open(path, "rb") as file:
            data = file.read(notation.LARGEST + 1)
    except OSError as error:
        problem = Problem((), _("a file that can be read"), error.strerror or str(error))
        raise PlanError([problem], str(path)) from error
    try:
        return parse(data)
    except PlanError as error:
        raise error.named(str(path)) from error


def parse(data: bytes) -> PlanDocument:
    """The plan in the bytes of a file."""
    found = notation.parse(data)
    return _Reading(found.value, found.lines).document(found.problems)


def validate(raw: Any) -> PlanDocument:
    """The plan in plain values, such as `services.export` gives and forms change."""
    return _Reading(raw, {}).document([])


@cache
def _adapter(entry: type[PlanPart]) -> tuple[TypeAdapter[Any], TypeAdapter[Any]]:
    return TypeAdapter(entry), TypeAdapter(list[entry])  # type: ignore[valid-type]


class _Reading:
    """One reading of one plan. Paths have indexes while it works, and keys of entries in what it reports."""

    def __init__(self, raw: Any, lines: Mapping[Path, int]) -> None:
        self.raw = raw
        self.lines = lines
        self.problems: list[Problem] = []
        # Of every section that is a list: the keys of its entries, by index.
        self.keys: dict[str, dict[int, str]] = {}

    def document(self, known: list[Problem]) -> PlanDocument:
        """`known` are problems of the notation: what they make go wrong in the plan is not reported again."""
        values = self._sections()
        spoilt = {problem.path for problem in known}
        problems = [p for p in self.problems if not any(p.path[:length] in spoilt for length in range(len(p.path) + 1))]
        problems = [self._told(problem) for problem in known + problems]
        if problems:
            raise PlanError(sorted(problems, key=lambda problem: problem.line or 0))
        return registry.document_model().model_construct(**values)

    def _sections(self) -> dict[str, Any]:
        sections = registry.sections()
        if not isinstance(self.raw, dict):
            expected = _("a mapping with the sections %s …") % ", ".join(one.name for one in sections[:3])
            self._problem((), expected, shown(self.raw))
            return {}
        names = [section.name for section in sections]
        for name in self.raw:
            if name not in names:
                self._problem((name,), nearest(name, names), shown(name))
        self.keys = {section.name: self._keys(section) for section in sections if section.many}
        return {section.name: self._section(section) for section in sections}

    def _section(self, section: Section) -> Any:
        if section.name not in self.raw:
            kind = _("a list (which may be empty: [])") if section.many else _("a mapping")
            return self._problem((section.name,), kind, _("nothing"))
        raw = self.raw[section.name]
        before = len(self.problems)
        value = self._valid(section, raw)
        for index, entry in enumerate(raw if section.many and isinstance(raw, list) else [raw]):
            path = (section.name, index) if section.many else (section.name,)
            self._parts_once(section, entry, path)
            self._references(section.entry, entry, path)
        self._entries_once(section)
        if section.check and len(self.problems) == before:
            self.problems += section.check(value)
        return value

    def _valid(self, section: Section, raw: Any) -> Any:
        try:
            return _adapter(section.entry)[section.many].validate_python(raw)
        except ValidationError as error:
            for details in error.errors(include_url=False):
                self._refused(section, details)
            return None

    def _refused(self, section: Section, details: ErrorDetails) -> None:
        path: Path = (section.name, *details["loc"])
        found = details["input"]
        if details["type"] == "missing":
            found = None
        elif details["type"] == "extra_forbidden":
            found = path[-1]
        self._problem(path, expectation(details, path, section.entry), shown(found))

    def _keys(self, section: Section) -> dict[int, str]:
        raw = self.raw.get(section.name)
        entries = enumerate(raw if isinstance(raw, list) else [])
        keys = ((index, entry.get("key")) for index, entry in entries if isinstance(entry, dict))
        return {index: key for index, key in keys if isinstance(key, str)}

    def _entries_once(self, section: Section) -> None:
        seen: set[str] = set()
        for index, key in self.keys.get(section.name, {}).items():
            if key in seen:
                self._problem((section.name, index, "key"), _("a key that no other entry has"), shown(key))
            seen.add(key)

    def _parts_once(self, section: Section, entry: Any, path: Path) -> None:
        """Parts of an entry are told apart by their identity: the same one twice would be one row."""
        for name, child in section.children.items():
            parts = entry.get(name) if isinstance(entry, dict) else None
            seen: set[tuple[str, ...]] = set()
            for index, part in enumerate(parts if isinstance(parts, list) else []):
                if not isinstance(part, dict) or any(field not in part for field in child.identity):
                    continue
                identity = tuple(str(part[field]).strip() for field in child.identity)
                if identity in seen:
                    place = (*path, name, index, child.identity[-1])
                    self._problem(place, _("something that is not in this list yet"), shown(" ".join(identity)))
                seen.add(identity)

    def _references(self, part: type[PlanPart], raw: Any, path: Path) -> None:
        if not isinstance(raw, dict):
            return
        for shape in shapes(part):
            value = raw.get(shape.name)
            many = value if isinstance(value, list) else []
            if shape.kind == "parts" and shape.part:
                for index, item in enumerate(many):
                    self._references(shape.part, item, (*path, shape.name, index))
            elif shape.refers and shape.kind == "values":
                for index, item in enumerate(many):
                    self._reference(shape.refers.sections, item, (*path, shape.name, index))
            elif shape.refers:
                self._reference(shape.refers.sections, value, (*path, shape.name))

    def _reference(self, sections: Mapping[str, str], value: Any, path: Path) -> None:
        """`sections` by the prefix that their keys are written with."""
        if not isinstance(value, str):
            return
        known = dict.fromkeys(
            prefix + key for prefix, section in sections.items() for key in self.keys.get(section, {}).values()
        )
        if value in known:
            return
        names = ", ".join(list(known)[:MOST_KEYS_NAMED]) + (", …" if len(known) > MOST_KEYS_NAMED else "")
        expected = _("the key of an entry of %(section)s (%(keys)s)") % {
            "section": _(" or ").join(sections.values()),
            "keys": names or _("which has none yet"),
        }
        self._problem(path, expected, shown(value))

    def _problem(self, path: Path, expected: str, found: str) -> None:
        self.problems.append(Problem(path, expected, found, self._line(path)))

    def _line(self, path: Path) -> int | None:
        """Of the place, or of the nearest place around it that the file has."""
        around = (path[:length] for length in range(len(path), -1, -1))
        return next((self.lines[place] for place in around if place in self.lines), None)

    def _told(self, problem: Problem) -> Problem:
        """With the entry's key instead of its index; and with the line, where a section's rule named it by key."""
        section, entry = [*problem.path, "", ""][:2]
        keys = self.keys.get(str(section), {})
        if isinstance(entry, int):
            return replace(problem, path=(section, keys.get(entry, entry), *problem.path[2:]))
        if problem.line is not None:
            return problem
        indexes = (index for index, key in keys.items() if key == entry)
        path = [*problem.path[:1], *islice(indexes, 1), *problem.path[2:]]
        return replace(problem, line=self._line(tuple(path)))
