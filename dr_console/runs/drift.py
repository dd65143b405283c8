"""Look, for as long as a run can be undone, whether what it changed is still so.

No lease can stop a process that was frozen in the middle of a call from finishing it much later. Nor does anything
keep somebody from changing the same by hand. What is different now is logged, and told to whoever answers for it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import lru_cache

import structlog
from django.conf import settings
from django.db import connection
from django.db.models import Q
from django.utils.timezone import now
from django.utils.translation import gettext_noop as _

from dr_console.errors import ProviderError
from dr_console.providers import dry
from dr_console.providers.budgets import background
from dr_console.providers.deadlines import Deadline
from dr_console.runs import registry
from dr_console.runs.changes import changing
from dr_console.runs.mishaps import Kept
from dr_console.runs.models import Outbox, Run, Step
from dr_console.runs.registry import Context, Idempotency, Observation, Sight
from dr_console.runs.undoing import can_be_undone, window
from dr_console.web.sentences import sentence

EVERY = timedelta(seconds=30)
# However long a run may be undone.
LONGEST_WINDOW = timedelta(days=1)
# What is read may be a little old: what differs is looked at once more before anybody is told.
SECOND_LOOK_SECONDS = 2.0
LASTING = frozenset({Idempotency.NATURAL_SET, Idempotency.RESOURCE_CAS, Idempotency.NAMED_CREATE})
WATCHED = (Run.State.SUCCEEDED, Run.State.SUCCEEDED_WITH_EXCEPTIONS)
DRIFTED, AS_WANTED = "drifted", "as_wanted_again"

log = structlog.get_logger(__name__)


def watch() -> None:
    """Have the runs looked at whose turn it is, in a thread of its own: vendors may take their time."""
    for run in due():
        _looker(os.getpid()).submit(_look_after, run)


def due() -> list[Run]:
    """Runs that this process has just claimed for a look."""
    at = now()
    candidates = Run.objects.filter(mode=settings.DR_MODE, state__in=WATCHED, ended_at__gt=at - LONGEST_WINDOW)
    unseen = Q(last_look_at__isnull=True) | Q(last_look_at__lt=at - EVERY)
    return [
        run
        for run in candidates.filter(unseen)
        if _is_within_window(run)
        and Run.objects.filter(unseen, pk=run.pk).update(last_look_at=at)
        and not Run.objects.filter(subject=run.subject, generation__gt=run.generation).exists()
    ]


def look_at(run: Run) -> list[Step]:
    """Look at everything that the run has changed. Returns the steps whose effect is not there any more.

    What a vendor does not tell is left as it was known.
    """
    changed_since = _changed_since(run)
    gone = []
    for step in run.steps.order_by("position"):
        if not _lasts(step) or changed_since & set(_resources(step)):
            continue
        seen = _seen(run, step)
        if seen is None or seen.sight not in (Sight.MATCHES, Sight.DIFFERS, Sight.ABSENT):
            continue
        if seen.sight is not Sight.MATCHES:
            gone.append(step)
        _note(run, step, seen)
    return gone


def _look_after(run: Run) -> None:
    kept = Kept()
    with kept:
        look_at(run)
    connection.close()
    if kept.error is not None:
        log.error("drift not looked for", run=run.code, error=kept.line)


def _seen(run: Run, step: Step) -> Observation | None:
    seen = _observe(run, step)
    if seen is not None and seen.sight in (Sight.DIFFERS, Sight.ABSENT):
        time.sleep(SECOND_LOOK_SECONDS)
        seen = _observe(run, step)
    return seen


def _observe(run: Run, step: Step) -> Observation | None:
    function = registry.function(step.does)
    context = Context(
        run_code=run.code,
        subject=run.subject,
        reference=str(run.context.get("reference", "")),
        context=run.context,
        key=step.key,
        parameters=step.parameters,
        token=step.token,
        deadline=Deadline.after(function.call_seconds),
        before=step.before,
        effect=step.effect,
        is_practice=run.is_practice,
        is_dry=True,
    )
    try:
        with dry.only_looking(), background():
            return function.observe(context)
    except ProviderError as error:
        log.info("drift cannot be seen", run=run.code, step=step.key, error=str(error))
        return None


def _note(run: Run, step: Step, seen: Observation) -> None:
    """Say it in the run's log where it is news."""
    last = run.events.filter(step=step.key, kind__in=(DRIFTED, AS_WANTED)).order_by("-seq").first()
    was_gone = last is not None and last.kind == DRIFTED
    is_gone = seen.sight is not Sight.MATCHES
    if was_gone == is_gone:
        return
    text = _("What this step had changed is different now.") if is_gone else _("It is as this step had left it again.")
    with changing(run.pk) as change:
        if change.run.state not in WATCHED:
            return  # undone meanwhile
        kind = DRIFTED if is_gone else AS_WANTED
        change.log(kind, sentence(text), step=change.by_id[step.pk], now=seen.now, wanted=seen.wanted)
        number = run.events.filter(step=step.key, kind=kind).count() + 1
        payload = {"run": run.code, "step": step.key, "kind": kind, "number": number}
        Outbox.objects.create(
            topic="step.drifted", payload=payload, dedup_key=f"step.{kind}:{run.code}:{step.key}:{number}"
        )


def _lasts(step: Step) -> bool:
    """Whether it made something so that should stay so."""
    return can_be_undone(step) and registry.function(step.does).idempotency in LASTING


def _changed_since(run: Run) -> set[str]:
    """What other runs have changed after this one ended: that is theirs to watch."""
    later = Step.objects.filter(acted_at__gt=run.ended_at).exclude(run=run).select_related("run")
    return {name for step in later for name in _resources(step)}


def _resources(step: Step) -> Iterable[str]:
    try:
        return registry.function(step.does).resources(step.parameters, step.run.context)
    except LookupError:
        return ()


def _is_within_window(run: Run) -> bool:
    return run.ended_at is not None and run.ended_at > now() - window(run)


@lru_cache(maxsize=2)
def _looker(process: int) -> ThreadPoolExecutor:
    """One for each process: no thread survives a fork."""
    return ThreadPoolExecutor(1, thread_name_prefix="drift")
