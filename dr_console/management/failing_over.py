"""A failover in the terminal: which plan is meant, what it would do, and how it goes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.utils.translation import gettext as _

from dr_console.notifications.models import Delivery
from dr_console.notifications.poller import Poller
from dr_console.runs.models import Outbox, Run, Step
from dr_console.runs.planning import PlannedStep, RunPreview
from dr_console.runs.sweeper import Sweeper
from dr_console.web.sentences import in_language, spoken
from incidents.models import FailoverPlan, Failure, Objectives, Service
from incidents.queries import failover as known
from incidents.services import failover

LOOK_EVERY_SECONDS = 0.2
MESSAGES_SECONDS = 10.0
GOOD_ENDS = (Run.State.SUCCEEDED, Run.State.SUCCEEDED_WITH_EXCEPTIONS, Run.State.NOT_NEEDED)
# Nothing more comes about until a person says something.
WAITS_FOR_A_PERSON = (Run.State.PAUSED_BY_FAILED_STEP, Run.State.PAUSED_BY_OPERATOR)


class WrongChoice(Exception):
    """What was asked for is not in the plan, or more than one thing is. Its message names what there is."""


def choose(service: str, *, to: str = "", key: str = "", is_back: bool = False) -> FailoverPlan:
    """The plan that is meant: by its key; else the answer to the open incident; else what people start by hand.

    `to`: key or provider's name of a region. Raises WrongChoice.
    """
    if not Service.objects.current().filter(key=service).exists():
        raise WrongChoice(f"There is no service “{service}”. There are: {_keys(Service)}.")
    there = [plan for plan in known.plans().filter(fails_back="") if plan.service.key == service]
    fitting = [plan for plan in there if key in ("", plan.key) and (not to or _leads_to(plan, to))]
    if not fitting:
        raise WrongChoice(f"No failover of “{service}” is like that. There are: {_listed(there)}.")
    chosen = _most_likely(fitting)
    back = failover.failback_of(chosen) if is_back else chosen
    if back is None:
        raise WrongChoice(f"“{chosen.key}” has no way back.")
    return back


def _most_likely(fitting: list[FailoverPlan]) -> FailoverPlan:
    incident = known.open_incident(fitting[0])
    answers = [plan for plan in fitting if incident is not None and plan.failure == incident.failure]
    by_hand = [plan for plan in fitting if plan.failure == Failure.MANUAL]
    for found in (answers, by_hand, fitting):
        if len(found) == 1:
            return found[0]
    raise WrongChoice(f"Say which one, with --to or --plan: {_listed(fitting)}.")


def _leads_to(plan: FailoverPlan, to: str) -> bool:
    region = plan.to_region
    return region is not None and to.lower() in (
        region.key.lower(),
        region.name.lower(),
        region.provider_region.lower(),
    )


def _keys(model: type[Service]) -> str:
    return ", ".join(model.objects.current().values_list("key", flat=True))


def _listed(plans: list[FailoverPlan]) -> str:
    def one(plan: FailoverPlan) -> str:
        return f"{plan.key} (to {plan.to_region.key})" if plan.to_region else plan.key

    return ", ".join(one(plan) for plan in plans) or "none"


def shown(plan: FailoverPlan, preview: RunPreview) -> Iterator[str]:
    """What would be done, step by step, as lines."""
    yield f"{plan.name}  ({plan.key}, {plan.service.name})"
    for step in preview.steps:
        yield from _step_shown(step)
    target = Objectives.objects.current().get().rto
    about = "" if preview.seconds is None else f"About {preview.seconds:.0f} s. "
    yield f"{about}The objective is {target.total_seconds() / 60:g} min."
    for blocker in preview.blockers:
        yield f"BLOCKED: {spoken(blocker)}"


def _step_shown(step: PlannedStep) -> Iterator[str]:
    yield f"  {step.mark} {in_language(step.spec.titles)}"
    if step.preview is None:
        yield f"      {step.failed}"
        return
    if said := spoken(step.preview.observation.said):
        yield f"      {said}"
    for method, vendor, what in step.preview.calls:
        yield f"      {method} {vendor} {what}"
    if undo := spoken(step.preview.undo):
        yield f"      undo: {undo}"
    for warning in step.preview.warnings:
        yield f"      {'BLOCKS' if warning.blocks else 'warning'}: {spoken(warning.said)}"


@contextmanager
def carried_out_here(*, rings: bool) -> Iterator[None]:
    """While this lasts, what no worker takes is done in this process. `rings`: False asks no worker first."""
    sweeper, poller = Sweeper(every=LOOK_EVERY_SECONDS, rings=rings), Poller(every=LOOK_EVERY_SECONDS)
    sweeper.start()
    poller.start()
    try:
        yield
    finally:
        poller.stop()
        sweeper.stop()
        sweeper.finish()


def follow(run: Run, say: Callable[[str], None]) -> Run:
    """Tell how it goes until it has ended, or only a person can say how it goes on; the run as it then is."""
    told: dict[str, str] = {}
    while True:
        run = Run.objects.get(pk=run.pk)
        for step in run.steps.all():
            _tell_step(step, told, say)
        if told.get("") != run.state:
            told[""] = run.state
            say(f"{run.get_state_display()}. {run.words}".rstrip())
        if not run.is_active or run.state in WAITS_FOR_A_PERSON:
            return run
        time.sleep(LOOK_EVERY_SECONDS)


def wait_for_messages(run: Run, seconds: float = MESSAGES_SECONDS) -> int:
    """Until everybody has been told of it; how many messages were not sent in so many seconds."""
    references = list(run.incidents.values_list("reference", flat=True))
    under_way = Delivery.objects.filter(about__in=references, state__in=(Delivery.State.QUEUED, Delivery.State.SENDING))
    until = time.monotonic() + seconds
    while (left := Outbox.objects.filter(done_at=None).count() + under_way.count()) and time.monotonic() < until:
        time.sleep(LOOK_EVERY_SECONDS)
    return left


def _tell_step(step: Step, told: dict[str, str], say: Callable[[str], None]) -> None:
    now = f"{step.state} {step.words}"
    if step.state in (Step.State.PENDING, Step.State.READY) or told.get(step.key) == now:
        return
    told[step.key] = now
    say(
        _("%(step)s: %(state)s. %(words)s")
        % {"step": step.title, "state": step.get_state_display(), "words": step.words}
    )
