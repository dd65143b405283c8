"""What is wrong with a plan: each problem with its place, what was expected there, and what was found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

MOST_SHOWN = 20

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong.

    `path` leads from the top of the plan to the field: section, key of the entry, field, index in a list (from 0) …
    An entry without a usable key is named by its index.
    """

    path: Path
    expected: str
    found: str
    line: int | None = None

    @property
    def where(self) -> str:
        """The path as people say it: lists count from 1."""
        return " → ".join(str(step + 1) if isinstance(step, int) else printable(step) for step in self.path) or _(
            "the plan"
        )

    @property
    def sentence(self) -> str:
        return _("expected %(expected)s, found %(found)s.") % {"expected": self.expected, "found": self.found}

    def __str__(self) -> str:
        return f"{self.where}: {self.sentence}"


class PlanError(Exception):
    """A plan that cannot be loaded. Nothing was changed."""

    def __init__(self, problems: Sequence[Problem], source: str = "") -> None:
        super().__init__(source)
        self.problems = list(problems)
        self.source = source

    def named(self, source: str) -> PlanError:
        return PlanError(self.problems, source)

    @property
    def sentences(self) -> list[str]:
        """Up to twenty lines like a compiler's, and how many more there are."""
        lines = [self._located(problem) for problem in self.problems[:MOST_SHOWN]]
        more = len(self.problems) - MOST_SHOWN
        if more > 0:
            lines.append(
                ngettext("… and %(more)d more problem.", "… and %(more)d more problems.", more) % {"more": more}
            )
        return lines

    def within(self, *path: str | int) -> dict[Path, list[Problem]]:
        """The problems below a place, by their path from there: what a form shows at each of its fields."""
        below: dict[Path, list[Problem]] = {}
        for problem in self.problems:
            if problem.path[: len(path)] == path:
                below.setdefault(problem.path[len(path) :], []).append(problem)
        return below

    def elsewhere(self, *path: str | int) -> list[Problem]:
        """The problems that are not below that place."""
        return [problem for problem in self.problems if problem.path[: len(path)] != path]

    def _located(self, problem: Problem) -> str:
        place = [str(part) for part in (self.source, problem.line) if part]
        return ":".join([*place, f" {problem}" if place else str(problem)])

    def __str__(self) -> str:
        return "\n".join(self.sentences)


def shown(value: Any) -> str:
    """What was found, short enough for a sentence."""
    if value is None:
        return _("nothing")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return _("a mapping")
    if isinstance(value, list):
        return _("a list") if value else _("an empty list")
    if isinstance(value, str):
        text = printable(" ".join(value.split()))
        return f"“{text[:57]}…”" if len(text) > 60 else f"“{text}”"
    if isinstance(value, date):
        return value.isoformat()
    text = str(value)
    return f"{text[:20]}…" if len(text) > 24 else text


def printable(text: str) -> str:
    """Without what could move the cursor of a terminal, or break the encoding of one."""
    return "".join(one if one.isprintable() else f"\\u{ord(one):04x}" for one in text)


def nearest(name: str, known: Sequence[str]) -> str:
    """What a misspelt name was probably meant to be, or which names there are."""
    close = get_close_matches(name, known, n=1)
    if close:
        return _("“%s” (did you mean that?)") % close[0]
    return _("one of: %s") % ", ".join(known)
