"""The dry run: what every step would find and do, with nothing changed, and a sum over all that was found.

Whoever starts gracefully quotes the sum. What people have agreed to is then what is carried out, or nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from statistics import median
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection
from django.utils.timezone import now
from django.utils.translation import gettext_noop as _

from dr_console.errors import ProviderError, Refused
from dr_console.providers import dry
from dr_console.providers.deadlines import Deadline
from dr_console.runs import registry
from dr_console.runs.models import Step, StoredPreview
from dr_console.runs.registry import Context, Facts, Observation, Preview, Sight
from dr_console.runs.specs import RunSpec, StepSpec
from dr_console.web.sentences import Sentence, in_language, sentence, spoken
from dr_console.web.words import listed

MOST_AT_ONCE = 6
LOOK_SECONDS = 10.0
EARLIER_RUNS = 20


@dataclass(frozen=True)
class PlannedStep:
    """One step of a dry run. `failed`: why it could not be looked at; then `preview` is None."""

    spec: StepSpec
    preview: Preview | None
    failed: ProviderError | None
    expected_seconds: float | None
    is_irreversible: bool

    @property
    def mark(self) -> str:
        """= nothing to do, ~ changes, + makes, ? cannot be told, ! cannot be undone, > only looks."""
        if self.preview is None:
            return "?"
        if registry.function(self.spec.does).only_looks:
            return ">"
        sight = self.preview.observation.sight
        if sight is Sight.MATCHES:
            return "="
        if self.is_irreversible:
            return "!"
        return {Sight.ABSENT: "+", Sight.UNKNOWABLE: "?"}.get(sight, "~")


@dataclass(frozen=True)
class RunPreview:
    """`sum`: SHA-256 over the plan and all that was found. `blockers`: why a graceful start would be refused now."""

    spec: RunSpec
    steps: list[PlannedStep]
    sum: str
    seconds: float | None

    @property
    def blockers(self) -> list[Sentence]:
        found = [
            warning.said for step in self.steps if step.preview for warning in step.preview.warnings if warning.blocks
        ]
        blind = [
            sentence(_("“%(step)s” cannot look: %(why)s"), step=step.spec.titles, why=str(step.failed))
            for step in self.steps
            if step.failed
        ]
        return [*found, *blind]

    @property
    def warnings(self) -> list[Sentence]:
        return [
            warning.said
            for step in self.steps
            if step.preview
            for warning in step.preview.warnings
            if not warning.blocks
        ]


def preview(spec: RunSpec) -> RunPreview:
    """Look at everything that the steps would look at, side by side. A call that would change anything is not sent."""
    times = expected_seconds(spec)
    with dry.only_looking(), ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="preview") as threads:
        looks = [threads.submit(copy_context().run, _planned, spec, step, times.get(step.key)) for step in spec.steps]
        steps = [look.result() for look in looks]
    return RunPreview(spec, steps, _sum(spec, steps), _seconds_along(steps))


def store(shown: RunPreview, *, by: User | None) -> StoredPreview:
    """Keep what was shown, so that a start can quote it; what is older than an hour is forgotten."""
    StoredPreview.objects.filter(at__lt=now() - StoredPreview.KEPT).delete()
    return StoredPreview.objects.create(
        subject=shown.spec.subject,
        plan_version=shown.spec.plan_version,
        plan_key=shown.spec.plan_key,
        sum=shown.sum,
        found=_found(shown.steps),
        by=by,
    )


def check(stored: StoredPreview, spec: RunSpec) -> RunPreview:
    """Look again, and refuse unless everything is as it was shown and nothing stands in the way.

    Raises Refused, naming the steps that changed.
    """
    if stored.at < now() - StoredPreview.KEPT:
        raise Refused(_refusal(_("The preview is older than an hour. Look at it again.")))
    if (stored.plan_key, stored.plan_version) != (spec.plan_key, spec.plan_version):
        raise Refused(_refusal(_("The plan has changed since the preview. Look at it again.")))
    seen = preview(spec)
    if seen.blockers:
        raise Refused(" ".join(spoken(blocker) for blocker in seen.blockers))
    if seen.sum != stored.sum:
        changed = [step for step in seen.steps if json_values(_facts(step)) != stored.found.get(step.spec.key)]
        names = listed(in_language(step.spec.titles) for step in changed)
        raise Refused(_refusal(_("The world has changed since the preview: %(steps)s. Look at it again."), steps=names))
    return seen


def expected_seconds(spec: RunSpec) -> dict[str, float]:
    """By key: median of what each step took in earlier runs of the same plan. Steps that never ran are left out."""
    if not spec.plan_key:
        return {}
    earlier = Step.objects.filter(
        run__plan_key=spec.plan_key,
        run__mode=settings.DR_MODE,
        state=Step.State.SUCCEEDED,
        is_noop=False,
        started_at__isnull=False,
        ended_at__isnull=False,
    ).order_by("-pk")
    took: dict[str, list[float]] = {}
    for key, began, ended in earlier.values_list("key", "started_at", "ended_at")[: EARLIER_RUNS * len(spec.steps)]:
        if began and ended:
            took.setdefault(key, []).append((ended - began).total_seconds())
    return {key: median(seconds) for key, seconds in took.items()}


def _planned(spec: RunSpec, step: StepSpec, expected: float | None) -> PlannedStep:
    function = registry.function(step.does)
    context = Context(
        run_code="preview",
        subject=spec.subject,
        reference=str(spec.context.get("reference", "")),
        context=spec.context,
        key=step.key,
        parameters=step.parameters,
        token="",
        deadline=Deadline.after(max(LOOK_SECONDS, function.call_seconds)),
        is_practice=spec.is_practice,
        is_dry=True,
    )
    try:
        shown = function.preview(context)
    except ProviderError as error:
        return PlannedStep(step, None, error, expected, function.irreversible)
    finally:
        # Its own thread has its own connection, which nobody else will close.
        connection.close()
    seconds = expected if expected is not None else shown.seconds
    return PlannedStep(step, shown, None, seconds, function.irreversible)


def _seconds_along(steps: Sequence[PlannedStep]) -> float | None:
    """Of the longest chain, as far as it is known; None if nothing is."""
    known = {step.spec.key: step for step in steps if step.spec.runs_on != "failure"}
    if all(step.expected_seconds is None for step in known.values()):
        return None
    ends: dict[str, float] = {}

    def end(key: str) -> float:
        if key not in ends:
            start = max((end(before) for before in known[key].spec.depends_on if before in known), default=0.0)
            ends[key] = start + (known[key].expected_seconds or 0.0)
        return ends[key]

    return max((end(key) for key in known), default=0.0)


def _facts(step: PlannedStep) -> Facts:
    if step.preview is None:
        return {"failed": step.failed.problem.value if step.failed else ""}
    seen: Observation = step.preview.observation
    return {"sight": seen.sight.value, "now": seen.now, "wanted": seen.wanted}


def _found(steps: Sequence[PlannedStep]) -> Facts:
    return json_values({step.spec.key: _facts(step) for step in steps})


def _sum(spec: RunSpec, steps: Sequence[PlannedStep]) -> str:
    parts: list[Any] = [spec.plan_version, spec.plan_key, spec.subject]
    parts += [[step.spec.key, step.spec.does, step.spec.parameters, _facts(step)] for step in steps]
    return hashlib.sha256(json.dumps(parts, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def json_values(facts: Facts) -> Facts:
    """As they come back from the database: tuples are lists there, and keys are texts."""
    read: Facts = json.loads(json.dumps(facts))
    return read


def _refusal(text: str, **names: str) -> str:
    return spoken(sentence(text, **names))
