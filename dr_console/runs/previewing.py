"""Steps of a dry run as pages show them: what is, what would be, and what to know before anything is started."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from dr_console.errors import Refused
from dr_console.runs import planning, registry
from dr_console.runs.models import Run, Step
from dr_console.runs.planning import PlannedStep
from dr_console.runs.registry import Facts
from dr_console.runs.specs import RunSpec, StepSpec
from dr_console.web.sentences import in_language, spoken

# By planning.PlannedStep.mark.
MARKS: dict[str, str | Promise] = {
    "=": _("Is so already: nothing to do"),
    "~": _("Changes something"),
    "+": _("Makes something"),
    "?": _("Cannot be told beforehand"),
    "!": _("Cannot be undone"),
    ">": _("Only looks"),
}
CHANGING = ("~", "+", "!")
# What such steps leave behind can only be asked for, not compared: a purge, a message.
ASKED_ONLY = "asked"


@dataclass(frozen=True)
class ShownPlannedStep:
    """`rows`: what changes, as name, value now and value then. `calls`: method, vendor, what. `seconds`: expected."""

    title: str
    does: str
    mark: str
    word: str | Promise
    said: str
    rows: list[tuple[str, str, str]]
    calls: tuple[tuple[str, str, str], ...]
    undo: str
    warnings: list[tuple[str, bool]]
    seconds: float | None
    failed: str
    needs_approval: bool
    only_on_failure: bool

    @property
    def changes(self) -> bool:
        """Whether something will be different if all goes well."""
        return self.mark in CHANGING and not self.only_on_failure


def shown_step(step: PlannedStep) -> ShownPlannedStep:
    looked = step.preview
    return ShownPlannedStep(
        title=in_language(step.spec.titles) or step.spec.key,
        does=step.spec.does,
        mark=step.mark,
        word=MARKS[step.mark],
        said=spoken(looked.observation.said) if looked else "",
        rows=rows(looked.observation.now, looked.observation.wanted) if looked and step.mark in CHANGING else [],
        calls=looked.calls if looked else (),
        undo=spoken(looked.undo) if looked else "",
        warnings=[(spoken(warning.said), warning.blocks) for warning in looked.warnings] if looked else [],
        seconds=step.expected_seconds,
        failed=str(step.failed) if step.failed else "",
        needs_approval=step.spec.approval is not None,
        only_on_failure=step.spec.runs_on == "failure",
    )


def look_at(run: Run, step: Step) -> ShownPlannedStep:
    """What one step of a run would do, were it to begin now. Only looks; asks vendors, so never in a transaction.

    Raises Refused for what no app knows how to do.
    """
    if step.does not in registry.names():
        raise Refused(gettext("This console does not know how to do “%(does)s”.") % {"does": step.does})
    alone = StepSpec(key=step.key, does=step.does, titles=step.titles, parameters=step.parameters)
    spec = RunSpec(Run.Kind(run.kind), run.subject, run.titles, (alone,), context=run.context)
    return shown_step(planning.preview(spec).steps[0])


def rows(now: Facts, wanted: Facts) -> list[tuple[str, str, str]]:
    """The facts that differ, each with its name, its value now and its value then."""
    if not wanted or ASKED_ONLY in now:
        return []
    was, would = dict(_flat(now)), dict(_flat(wanted))
    names = [*would, *(name for name in was if name not in would)]
    return [
        (name, _plain(was.get(name)), _plain(would.get(name))) for name in names if was.get(name) != would.get(name)
    ]


def _flat(facts: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Facts within facts by one name, "api.example.com content"."""
    if isinstance(facts, dict):
        for name, value in facts.items():
            yield from _flat(value, f"{path} {name}".strip())
    elif isinstance(facts, list | tuple) and any(isinstance(one, dict | list) for one in facts):
        for number, one in enumerate(facts, start=1):
            yield from _flat(one, f"{path} {number}".strip())
    else:
        yield path, facts


def _plain(value: Any) -> str:
    if value is None or value == "" or value == []:
        return "–"
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    return ", ".join(str(one) for one in value) if isinstance(value, list | tuple) else str(value)
