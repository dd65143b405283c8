"""Start a run: once, however many ask."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import timedelta
from graphlib import CycleError, TopologicalSorter

from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.timezone import now
from django.utils.translation import gettext as _

from dr_console.audit.services import record
from dr_console.errors import Refused
from dr_console.runs import clocks, planning, registry
from dr_console.runs.changes import changing
from dr_console.runs.models import Approval, Run, Step, StoredPreview
from dr_console.runs.specs import RunSpec, StepSpec
from dr_console.web.words import listed

TRIES = 5


def start_run(
    spec: RunSpec,
    *,
    by: User | None,
    trigger: Run.Trigger,
    verb: Run.Verb = Run.Verb.GRACEFUL,
    client_token: str | None = None,
    preview: StoredPreview | None = None,
) -> tuple[Run, bool]:
    """Start it. False: nothing was started, because the run returned has the same token, or works on the same subject.

    `preview`: what was shown to whoever starts it; the world is looked at again first, outside any transaction.
    Raises Refused where it is not as it was shown, no drill may do it, or this host's clock is wrong (but by force);
    ValueError for steps that no run could have.
    """
    check(spec)
    refuse_what_no_drill_may_do(spec)
    token = client_token or secrets.token_urlsafe(16)
    if found := _existing(spec.subject, token):
        return found, False
    if verb != Run.Verb.FORCE:
        refuse_a_wrong_clock()
    if preview is not None:
        planning.check(preview, spec)
    for _try in range(TRIES):
        try:
            return _create(spec, by=by, trigger=trigger, verb=verb, token=token), True
        except IntegrityError:
            # Somebody was first. Where that one has already ended again, it is our turn.
            if found := _existing(spec.subject, token):
                return found, False
    raise Refused(
        _("Others keep starting runs of “%(subject)s” at this moment. Try again.") % {"subject": spec.subject}
    )


def check(spec: RunSpec) -> None:
    """Raises ValueError unless every step can be carried out, after steps that exist, in some order."""
    after = {step.key: set(step.depends_on) for step in spec.steps}
    if not spec.steps or len(after) != len(spec.steps):
        raise ValueError(f"{spec.subject}: a run has steps, and each has a key of its own.")
    if unknown := set().union(*after.values()) - set(after):
        raise ValueError(f"{spec.subject}: there are no steps {sorted(unknown)}.")
    if missing := {step.does for step in spec.steps} - set(registry.names()):
        raise ValueError(f"{spec.subject}: there are no step functions {sorted(missing)}.")
    try:
        TopologicalSorter(after).prepare()
    except CycleError as error:
        raise ValueError(f"{spec.subject}: {error.args[1]} wait for each other.") from error


def refuse_what_no_drill_may_do(spec: RunSpec) -> None:
    """A drill on the real clouds changes only what its steps know how to keep from harming users. Raises Refused."""
    if not spec.is_practice or settings.DR_MODE != "live":
        return
    functions = [registry.function(step.does) for step in spec.steps]
    unsafe = sorted({one.name for one in functions if not (one.only_looks or one.drill_safe)})
    if unsafe:
        raise Refused(_("No drill may do this on the real clouds: %(steps)s.") % {"steps": listed(unsafe)})


def refuse_a_wrong_clock() -> None:
    """Deadlines are reckoned by this host's clock and leases by the database's: they have to agree. Raises Refused."""
    skew = clocks.skew_seconds()
    if abs(skew) > clocks.MOST_SKEW_SECONDS:
        text = _(
            "The clock of this machine differs by %(seconds).1f s from the database's, and at most %(most)g s are "
            "allowed. Set it right, or start by force."
        )
        raise Refused(text % {"seconds": abs(skew), "most": clocks.MOST_SKEW_SECONDS})


def _existing(subject: str, token: str) -> Run | None:
    mine = Run.objects.filter(mode=settings.DR_MODE)
    return mine.filter(client_token=token).first() or mine.active().filter(subject=subject).first()


@transaction.atomic
def _create(spec: RunSpec, *, by: User | None, trigger: Run.Trigger, verb: Run.Verb, token: str) -> Run:
    at = now()
    run = Run.objects.create(
        kind=spec.kind,
        titles=spec.titles,
        subject=spec.subject,
        verb=verb,
        trigger=trigger,
        by=by,
        reason=spec.reason,
        mode=settings.DR_MODE,
        is_practice=spec.is_practice,
        plan_version=spec.plan_version,
        plan_key=spec.plan_key,
        context=spec.context,
        topics=list(spec.topics),
        client_token=token,
        generation=(Run.objects.filter(subject=spec.subject).aggregate(last=Max("generation"))["last"] or 0) + 1,
        created_at=at,
        deadline=at + timedelta(seconds=spec.deadline_seconds) if spec.deadline_seconds else None,
    )
    _create_steps(run, spec)
    record("run.started", by=by, target=run.code, after={"subject": run.subject, "verb": verb, "trigger": trigger})
    with changing(run.pk) as change:
        change.log("run_started", by=by, verb=verb, trigger=trigger, reason=spec.reason)
    return change.run


def _create_steps(run: Run, spec: RunSpec) -> None:
    expected = planning.expected_seconds(spec)
    made = [_step(run, position, one, expected.get(one.key)) for position, one in enumerate(spec.steps)]
    Step.objects.bulk_create(made)
    _create_approvals(made, spec.steps)


def _step(run: Run, position: int, spec: StepSpec, expected: float | None) -> Step:
    return Step(
        run=run,
        key=spec.key,
        position=position,
        does=spec.does,
        titles=spec.titles,
        parameters=spec.parameters,
        depends_on=list(spec.depends_on),
        runs_on=spec.runs_on,
        on_failure=spec.on_failure,
        needs_approval=spec.approval is not None,
        max_attempts=spec.attempts,
        interval_seconds=spec.interval_seconds,
        timeout_seconds=spec.timeout_seconds,
        token=f"{run.code}:{spec.key}:{run.generation}",
        expected_seconds=expected,
    )


def _create_approvals(steps: Sequence[Step], specs: Sequence[StepSpec]) -> None:
    Approval.objects.bulk_create(
        Approval(
            step=step,
            permission=spec.approval.permission,
            needed=spec.approval.needed,
            expires_seconds=spec.approval.expires_seconds,
            on_expiry=spec.approval.on_expiry,
        )
        for step, spec in zip(steps, specs, strict=True)
        if spec.approval is not None
    )
