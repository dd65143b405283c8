"""Change the degradation level, and put it back: at once, when its time is up, or as a step of a plan."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from dr_console.audit.services import record as audit
from dr_console.errors import Refused
from dr_console.live.publish import nudge
from dr_console.plans.queries import current_number
from dr_console.runs import services as runs
from dr_console.runs.models import Run
from dr_console.runs.registry import Facts
from dr_console.runs.specs import RunSpec, StepSpec
from dr_console.web.sentences import Sentence, Texts, sentence
from incidents.models import Breach, DegradationChange, DegradationLevel, Incident, TimelineEntry
from incidents.queries.degradation import SUBJECT, active_run, in_every_language, in_force, newest_change, way_back
from incidents.services import alerts, timeline

Origin = DegradationChange.Origin
DOES = "degradation.set_level"
STEP_SECONDS = 60
LONGEST = timedelta(days=30)
PUT_BACK = gettext_noop("Put back")
TIME_IS_UP = gettext_noop("Its time was up")


@dataclass(frozen=True)
class Wanted:
    """A level, until when, and why."""

    level: int
    until: datetime | None = None
    reason: str = ""
    origin: Origin = Origin.PERSON


def set_level(
    level: int,
    *,
    by: User | None,
    reason: str = "",
    until: datetime | None = None,
    incident: Incident | None = None,
    client_token: str | None = None,
) -> Run:
    """Start the run that sets it. `until`: it is put back by itself then. Raises Refused."""
    if known := _known(client_token):
        return known
    wanted = Wanted(level, until, reason)
    _check(wanted)
    return _start(wanted, by=by, incident=incident or _burning(), client_token=client_token)


def put_back(change: DegradationChange, *, by: User, client_token: str | None = None) -> Run:
    """Go back to the level before this change, which must be the newest. Raises Refused."""
    if known := _known(client_token):
        return known
    newest = newest_change()
    if newest is None or newest.pk != change.pk:
        raise Refused(_("The level has been changed again meanwhile. Look at it before you put it back."))
    level, until = way_back(change, now())
    if level == change.level:
        raise Refused(_("It was at level %(level)s before, too.") % {"level": level})
    return _start(
        Wanted(level, until, PUT_BACK, Origin.UNDO), by=by, incident=change.incident, client_token=client_token
    )


def put_back_what_is_over(at: datetime) -> Run | None:
    """Start going back from a level whose time is up. Harmless to call at any time, by any number of processes."""
    change = newest_change()
    if change is None or change.until is None or change.until > at or active_run() is not None:
        return None
    level, until = way_back(change, at)
    # The same within a minute, so that it is one run; and in the next minute another, if that one failed.
    token = f"degradation:{change.pk}:over:{at:%Y%m%d%H%M}"
    wanted = Wanted(level, until, TIME_IS_UP, Origin.EXPIRY)
    return _start(wanted, by=None, incident=change.incident, client_token=token)


def follow_thresholds(at: datetime) -> Run | None:
    """Start setting the level that the plan has for the thresholds that are crossed, and putting it back after them.

    What a person has set since a threshold was crossed stays. Harmless to call at any time, by any number of processes.
    """
    change = newest_change()
    level = change.level if change else 0
    worst = _worst_crossed()
    wanted = worst.threshold.degradation.level if worst and worst.threshold.degradation else 0
    if active_run() is not None:
        return None
    if worst is not None and wanted > level and not _overruled(worst, change):
        asked = Wanted(wanted, None, str(worst.threshold), Origin.RULE)
        return _start(
            asked, by=None, incident=worst.incident, client_token=f"degradation:{worst.pk}:crossed:{at:%Y%m%d%H%M}"
        )
    if change is None or change.origin != Origin.RULE or wanted >= level:
        return None
    base, until = _without_rules(at)
    asked = Wanted(base, until, "", Origin.KEPT)
    if worst is not None and wanted > base:
        asked = Wanted(wanted, None, str(worst.threshold), Origin.RULE)
    return _start(
        asked, by=None, incident=change.incident, client_token=f"degradation:{change.pk}:kept:{at:%Y%m%d%H%M}"
    )


def _without_rules(at: datetime) -> tuple[int, datetime | None]:
    """What would be in force if no threshold had been crossed."""
    last = DegradationChange.objects.exclude(origin=Origin.RULE).first()
    if last is None or (last.until is not None and last.until <= at):
        return 0, None
    return last.level, last.until


def _worst_crossed() -> Breach | None:
    """Of the thresholds that are crossed now, the one that the plan has the severest level for."""
    crossed = Breach.objects.open().filter(threshold__retired_at=None, threshold__degradation__isnull=False)
    return (
        crossed.select_related("threshold__degradation", "incident").order_by("-threshold__degradation__level").first()
    )


def _overruled(breach: Breach, change: DegradationChange | None) -> bool:
    """Whether a person has decided otherwise since it was crossed."""
    return change is not None and change.origin in (Origin.PERSON, Origin.UNDO) and change.at >= breach.opened_at


@transaction.atomic
def announce(
    level: int,
    *,
    token: str,
    run_code: str,
    until: datetime | None,
    context: Facts,
    is_practice: bool = False,
) -> DegradationChange:
    """Make it the level in force: /degradation.json says so from here on, whatever becomes of the settings store.

    Told twice with the same token, it is one change.
    """
    known = DegradationChange.objects.filter(token=token).first()
    if known is not None:
        return known
    before = newest_change()
    incident = Incident.objects.filter(pk=context.get("incident") or 0).first()
    change = DegradationChange.objects.create(
        level=level,
        previous_level=before.level if before else 0,
        previous_until=before.until if before else None,
        origin=context.get("origin", Origin.STEP),
        by_id=context.get("by"),
        reason=str(context.get("reason", ""))[:500],
        until=until,
        run=Run.objects.filter(code=run_code).first(),
        incident=incident,
        is_practice=is_practice,
        token=token,
    )
    _tell(change)
    return change


@transaction.atomic
def confirm(token: str) -> None:
    """The product itself was seen to be at this level."""
    if DegradationChange.objects.filter(token=token, confirmed_at=None).update(confirmed_at=now()):
        nudge("console", "degradation")


def _known(client_token: str | None) -> Run | None:
    """The run that a first press with this token has started."""
    return Run.objects.filter(client_token=client_token).first() if client_token else None


def _check(wanted: Wanted) -> None:
    at = now()
    if not DegradationLevel.objects.current().filter(level=wanted.level).exists():
        raise Refused(_("The plan has no degradation level %(level)s.") % {"level": wanted.level})
    if wanted.until is not None and not at < wanted.until <= at + LONGEST:
        raise Refused(_("It can be put back by itself at a time in the next 30 days."))
    current = in_force()
    if current.level == wanted.level and (current.change.until if current.change else None) == wanted.until:
        raise Refused(_("It is at level %(level)s already.") % {"level": wanted.level})


def _start(wanted: Wanted, *, by: User | None, incident: Incident | None, client_token: str | None) -> Run:
    spec = _spec(wanted, by, incident)
    trigger = Run.Trigger.PERSON if by else Run.Trigger.AUTOMATIC
    with transaction.atomic():
        run, is_new = runs.start_run(spec, by=by, trigger=trigger, client_token=client_token)
        if is_new:
            before = {"level": in_force().level}
            after = {"level": wanted.level, "until": wanted.until.isoformat() if wanted.until else None}
            audit("degradation.set", by=by, target="degradation", before=before, after={**after, "run": run.code})
            nudge("console", "degradation")
    if not is_new and run.client_token != client_token:
        raise Refused(
            _("The level is being changed right now, by run %(code)s. Wait for its end.") % {"code": run.code}
        )
    return run


def _spec(wanted: Wanted, by: User | None, incident: Incident | None) -> RunSpec:
    context: dict[str, Any] = {
        "origin": wanted.origin.value,
        "by": by.pk if by else None,
        # What the other origins would give as their reason, they say themselves.
        "reason": wanted.reason if wanted.origin in (Origin.PERSON, Origin.RULE) else "",
        "incident": incident.pk if incident else None,
    }
    parameters = {"level": wanted.level, "until": wanted.until.isoformat() if wanted.until else None}
    titles = _titles(wanted.level)
    step = StepSpec(
        key="set-level",
        does=DOES,
        titles=titles,
        parameters=parameters,
        # Nothing waits for it, and a run that has stopped would stand in the way of the next change.
        on_failure="continue",
        timeout_seconds=STEP_SECONDS,
        attempts=3,
        interval_seconds=2,
    )
    return RunSpec(
        kind=Run.Kind.DEGRADATION,
        subject=SUBJECT,
        titles=titles,
        steps=(step,),
        context=context,
        topics=("console", *((incident.topic,) if incident else ())),
        plan_version=current_number() or None,
        is_practice=bool(incident and incident.is_practice),
        deadline_seconds=4 * STEP_SECONDS,
        reason=wanted.reason,
    )


def _titles(level: int) -> Texts:
    return {"en": f"Set degradation level {level}", "zh-hans": f"设置降级级别 {level}"}


def _burning() -> Incident | None:
    """The incident that it is for, where there is only one that it can be."""
    open_ones = list(Incident.objects.real().open()[:2])
    return open_ones[0] if len(open_ones) == 1 else None


def _tell(change: DegradationChange) -> None:
    said = _said(change)
    nudge("console", "degradation")
    if change.incident is not None:
        timeline.record(
            change.incident,
            said,
            kind=TimelineEntry.Kind.CHANGED,
            by=change.by,
            at=change.at,
            dedup_key=f"degradation:{change.pk}",
        )
    alerts.on_channel(
        "slack",
        alerts.Event.DEGRADED,
        said=said,
        dedup_key=f"degradation:{change.pk}",
        incident=change.incident,
        is_practice=change.is_practice,
    )


def _said(change: DegradationChange) -> Sentence:
    names: dict[str, Any] = {
        "level": change.level,
        "before": change.previous_level,
        "name": _name(change.level),
    }
    if change.until is not None:
        text = gettext_noop("Degradation level %(level)s, %(name)s, in place of %(before)s, until %(until)s UTC")
        return sentence(text, **names, until=f"{change.until:%Y-%m-%d %H:%M}")
    return sentence(gettext_noop("Degradation level %(level)s, %(name)s, in place of %(before)s"), **names)


def _name(level: int) -> Texts | str:
    plan = DegradationLevel.objects.current().filter(level=level).first()
    return in_every_language(plan, "name") if plan else ""
