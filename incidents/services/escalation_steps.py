"""Write a step of the ladder down: the row, by the version that was read; its events; and what people are told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db.models import F

from dr_console.live.publish import nudge
from incidents.ladder import Acknowledgement, Happened, Kind, Reach, State, Status, Step, Way
from incidents.models import Escalation, EscalationEvent, TimelineEntry, Vendor
from incidents.services import alerts, escalation_pages, escalation_words, timeline
from incidents.services.alerts import Event
from incidents.services.escalation_pages import Call

# What the story tells beside the messages themselves. An acknowledgement is told by whoever gives it.
TOLD = (
    *EscalationEvent.RED,
    Kind.REARMED,
    Kind.ROUND_STARTED,
    Kind.REMINDED,
    Kind.ESCALATED,
    Kind.SNOOZED,
    Kind.RESUMED,
)
TIMELINE = {
    Kind.ESCALATED: TimelineEntry.Kind.DECIDED,
    Kind.SNOOZED: TimelineEntry.Kind.DECIDED,
    Kind.REARMED: TimelineEntry.Kind.DECIDED,
}
# After these nobody is to be told any more of what still waits to be sent.
CALLED_BACK = (Status.ACKNOWLEDGED, Status.SNOOZED, Status.STOPPED)


class Reason(StrEnum):
    """Why a climb began."""

    DECLARED = "declared"
    WORSE = "worse"
    MILDER = "milder"
    OPEN_AGAIN = "open_again"
    CALLED = "called"


@dataclass(frozen=True)
class Extra:
    """What the ladder itself does not know. `told`: ways by which people have been paged for it already.

    `facts`: to be kept with the first of the events.
    """

    told: frozenset[Way] = frozenset()
    facts: Mapping[str, Any] | None = None


def state_of(row: Escalation) -> State:
    return State(
        status=row.status,
        round=row.round,
        level=row.level,
        next_at=row.next_at,
        last_step_at=row.last_step_at,
        acknowledgements=tuple(map(_given, row.acknowledgements)),
        acknowledged_at=row.acknowledged_at,
        expires_at=row.expires_at,
        reminded_at=row.reminded_at,
    )


def _given(kept: Mapping[str, Any]) -> Acknowledgement:
    return Acknowledgement(kept["key"], kept["name"], datetime.fromisoformat(kept["at"]), kept["via"])


def kept(given: Iterable[Acknowledgement]) -> list[dict[str, str]]:
    return [{"key": one.key, "name": one.name, "at": one.at.isoformat(), "via": one.via} for one in given]


def apply(escalation: Escalation, step: Step, extra: Extra | None = None) -> bool:
    """Write it, in the incident's turn. False where somebody else has changed the row: nothing is written then."""
    state, happened = step
    was_at = escalation.level
    fields = _fields(state, happened[-1].at if happened else None)
    mine = Escalation.objects.filter(pk=escalation.pk, version=escalation.version)
    if not mine.update(version=F("version") + 1, **fields):
        return False
    for name, value in {**fields, "version": escalation.version + 1}.items():
        setattr(escalation, name, value)
    extra = extra or Extra()
    events = [_event(escalation, one) for one in happened]
    for event in events[:1]:
        event.facts |= extra.facts or {}
    EscalationEvent.objects.bulk_create(events)
    if happened:
        _tell_pages(escalation, happened, extra)
    if state.status in CALLED_BACK:
        escalation_pages.call_back(escalation)
    for one in happened:
        _tell_people(escalation, one, _event_of(escalation, one, happened, is_first=was_at < 0), extra)
    _tell_story(escalation, happened)
    return True


def _fields(state: State, at: datetime | None) -> dict[str, Any]:
    first = state.acknowledgements[0] if state.acknowledgements and state.acknowledged_at else None
    return {
        "status": state.status,
        "round": state.round,
        "level": state.level,
        "next_at": state.next_at,
        "last_step_at": state.last_step_at,
        "acknowledgements": kept(state.acknowledgements),
        "acknowledged_at": state.acknowledged_at,
        "acknowledged_by": first.name[:200] if first else "",
        "acknowledged_via": first.via[:20] if first else "",
        "expires_at": state.expires_at,
        "reminded_at": state.reminded_at,
        "ended_at": at if state.status == Status.STOPPED else None,
    }


# --- What happened ------------------------------------------------------------------------------------------------
def _event(escalation: Escalation, one: Happened) -> EscalationEvent:
    return EscalationEvent(
        escalation=escalation,
        at=one.at,
        kind=one.kind,
        round=one.round,
        level=one.level,
        said=escalation_words.said(one),
        facts=_facts(one),
    )


def _facts(one: Happened) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    if one.reach.people:
        facts["people"] = _people(one.reach)
    if one.reach.absent:
        facts["why_none"] = escalation_words.why_none(one.reach)
    if one.until:
        facts["until"] = one.until.isoformat()
    if one.by:
        facts["by"] = one.by
    if one.acknowledgement:
        facts |= kept([one.acknowledgement])[0] | {"by": one.acknowledgement.name}
    if one.missing:
        facts["missing"] = one.missing
    if one.kind == Kind.EXHAUSTED:
        facts["vendors"] = _vendors()
    return facts


def _people(reach: Reach) -> list[dict[str, Any]]:
    return [
        {
            "key": one.key,
            "name": one.name,
            "channels": list(dict.fromkeys(way.channel for way in one.ways)),
            "through": one.through,
            "quiet_until": one.not_before.isoformat() if one.not_before else None,
            "is_fallback": one.is_fallback,
        }
        for one in reach.people
    ]


def _vendors() -> list[dict[str, Any]]:
    """Whom a person may call when nobody answers; the console never does."""
    return [
        {"key": one.key, "name": one.name, "channels": [[way.kind, way.address] for way in one.channels.all()]}
        for one in Vendor.objects.current().prefetch_related("channels")
    ]


# --- Who is told --------------------------------------------------------------------------------------------------
def _tell_pages(escalation: Escalation, happened: Iterable[Happened], extra: Extra) -> None:
    """Where messages are asked for, those who watch the incident hear "deliveries" in any case, and look at both."""
    loud = (*EscalationEvent.RED, Kind.ACKNOWLEDGED, Kind.STOPPED, Kind.REARMED)
    if any(one.kind in loud for one in happened):
        nudge("console", "paging")
    if extra.told or not any(one.reach.people for one in happened):
        nudge(escalation.incident.topic, "paging")


def _tell_people(escalation: Escalation, one: Happened, event: Event, extra: Extra) -> None:
    if one.kind in (Kind.LEVEL_STARTED, Kind.EXHAUSTED):
        is_first = event in FIRST.values()
        place = f"{one.round}:{'last' if one.kind == Kind.EXHAUSTED else one.level}"
        said = escalation.snapshot.get("why") or {}
        call = Call(escalation, event, said, place, is_first, one.at, extra.told)
        escalation_pages.page(call, one.reach)
    elif one.kind == Kind.REMINDED:
        escalation_pages.remind(escalation, escalation_words.said(one), one.at)
    elif one.kind == Kind.ACKNOWLEDGED and escalation.status == Status.ACKNOWLEDGED:
        escalation_pages.acknowledge_at_pagerduty(escalation, one)


FIRST = {
    Reason.DECLARED: Event.DECLARED,
    Reason.WORSE: Event.WORSE,
    Reason.MILDER: Event.DECLARED,
    Reason.OPEN_AGAIN: Event.OPEN_AGAIN,
    Reason.CALLED: Event.CALLED,
}


def _event_of(escalation: Escalation, one: Happened, happened: Iterable[Happened], *, is_first: bool) -> Event:
    """What the page says: why it is sent."""
    kinds = {other.kind for other in happened}
    if one.kind == Kind.EXHAUSTED:
        return Event.LAST_RESORT
    if Kind.ESCALATED in kinds:
        return Event.ESCALATED
    if Kind.ACK_EXPIRED in kinds:
        return Event.NO_PROGRESS
    return FIRST[Reason(escalation.snapshot["reason"])] if is_first else Event.UNANSWERED


def _tell_story(escalation: Escalation, happened: Iterable[Happened]) -> None:
    incident, step = escalation.incident, f"{escalation.group}:{escalation.version}"
    for number, one in enumerate(happened):
        # Where nobody asked for it, the story tells already why it begins anew.
        if one.kind in TOLD and (one.by or one.kind != Kind.REARMED):
            kind = TIMELINE.get(one.kind, TimelineEntry.Kind.ALERTED)
            said = escalation_words.said(one, why=escalation.snapshot.get("why"))
            timeline.record(incident, said, kind=kind, at=one.at, dedup_key=f"{step}:{number}")
        for person in one.reach.people if one.kind == Kind.LEVEL_STARTED else ():
            for way in person.placeholders:
                alerts.say_placeholder(person.name, way.channel, way.address, incident, step)
