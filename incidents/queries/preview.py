"""A dry run as its page shows it: for every step what is, what would be, and what to know before it is started."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from dr_console.runs.planning import PlannedStep, RunPreview
from dr_console.runs.registry import Facts
from dr_console.web.sentences import in_language, spoken
from incidents.models import Objectives

# By planning.PlannedStep.mark.
MARKS: dict[str, str | Promise] = {
    "=": _("Is so already: nothing to do"),
    "~": _("Changes something"),
    "+": _("Makes something"),
    "?": _("Cannot be told beforehand"),
    "!": _("Cannot be undone"),
    ">": _("Only looks"),
}


@dataclass(frozen=True)
class ShownPlannedStep:
    """`was` and `would`: lines of facts that differ. `calls`: method, vendor and what."""

    title: str
    does: str
    mark: str
    word: str | Promise
    said: str
    was: list[str]
    would: list[str]
    calls: tuple[tuple[str, str, str], ...]
    undo: str
    warnings: list[tuple[str, bool]]
    seconds: float | None
    failed: str
    needs_approval: bool
    only_on_failure: bool


@dataclass(frozen=True)
class ShownPreview:
    """`target`: the recovery time objective. `is_slow`: it is expected to take longer than that."""

    steps: list[ShownPlannedStep]
    blockers: list[str]
    seconds: float | None
    target: timedelta | None

    @property
    def is_slow(self) -> bool:
        return self.seconds is not None and self.target is not None and self.seconds > self.target.total_seconds()

    @property
    def changes(self) -> int:
        return sum(step.mark in "~+!" for step in self.steps)


def shown_preview(preview: RunPreview) -> ShownPreview:
    objectives = Objectives.objects.current().first()
    return ShownPreview(
        [_shown(step) for step in preview.steps],
        [spoken(blocker) for blocker in preview.blockers],
        preview.seconds,
        objectives.rto if objectives else None,
    )


def _shown(step: PlannedStep) -> ShownPlannedStep:
    looked = step.preview
    was, would = _difference(looked.observation.now, looked.observation.wanted) if looked else ([], [])
    return ShownPlannedStep(
        title=in_language(step.spec.titles) or step.spec.key,
        does=step.spec.does,
        mark=step.mark,
        word=MARKS[step.mark],
        said=spoken(looked.observation.said) if looked else "",
        was=was if step.mark != "=" else [],
        would=would if step.mark != "=" else [],
        calls=looked.calls if looked else (),
        undo=spoken(looked.undo) if looked else "",
        warnings=[(spoken(warning.said), warning.blocks) for warning in looked.warnings] if looked else [],
        seconds=step.expected_seconds,
        failed=str(step.failed) if step.failed else "",
        needs_approval=step.spec.approval is not None,
        only_on_failure=step.spec.runs_on == "failure",
    )


def _difference(now: Facts, wanted: Facts) -> tuple[list[str], list[str]]:
    """What is and what would be, line by line, without the lines that both have. Nothing is wanted: nothing differs."""
    if not wanted:
        return [], []
    was, would = list(_lines(now)), list(_lines(wanted))
    return [line for line in was if line not in would], [line for line in would if line not in was]


def _lines(facts: Any, path: str = "") -> Iterator[str]:
    """Facts as lines, "api.example.com: CNAME backup.example.com"."""
    if isinstance(facts, dict) and any(isinstance(value, dict | list) for value in facts.values()):
        for name, value in facts.items():
            yield from _lines(value, f"{path}{name} ")
    elif isinstance(facts, list | tuple):
        for one in facts:
            yield from _lines(one, path)
    elif isinstance(facts, dict):
        # One thing with its facts stays on one line: a DNS record reads as in a zone file.
        yield path + " ".join(f"{name}={_plain(value)}" for name, value in facts.items())
    else:
        yield f"{path}{_plain(facts)}"


def _plain(value: Any) -> str:
    return "–" if value is None or value == "" else str(value).lower() if isinstance(value, bool) else str(value)
