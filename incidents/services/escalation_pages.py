"""Whom a step of the ladder tells, by which message: written in the transaction of the step, each once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from django.db.models import Max, QuerySet
from django.utils.translation import gettext_noop as _

from dr_console.notifications.messages import Message
from dr_console.notifications.models import Channel, Delivery
from dr_console.notifications.services import Alternative, Asked, cancel, notify, notify_all
from dr_console.web.sentences import Sentence, sentence
from incidents.keys import in_key
from incidents.ladder import Happened, Level, Person, Policy, Reach, Way
from incidents.models import ChannelKind, Escalation, Severity, TimelineEntry
from incidents.queries import callees, paging, recipients
from incidents.queries.callees import Directory
from incidents.services import alerts, personal
from incidents.services.alerts import Event

PURPOSE = "escalation"
PRIORITIES = {Severity.P0: 0, Severity.P1: 1, Severity.P2: 3, Severity.P3: 4}
State = Delivery.State
FIRST = datetime.min.replace(tzinfo=UTC)
REACHED = (State.SENT, State.DELIVERED, State.ACKNOWLEDGED)
TOLD = (*REACHED, State.UNKNOWN)
# What the engine and those who answer write themselves is no sign that the incident makes progress.
NO_PROGRESS = ("escalation:", "acknowledged:")


@dataclass
class Here:
    """The world as this database knows it, for one step of one climb."""

    escalation: Escalation
    directory: Directory

    def reach(self, level: Level, at: datetime) -> Reach:
        return self.directory.reach(level, self.escalation.severity, at)

    def last_resort(self, policy: Policy, at: datetime) -> Reach:
        return self.directory.last_resort(policy, at)

    def is_anybody_told(self) -> bool:
        return messages(self.escalation).filter(state__in=TOLD).exclude(person="").exists()

    def progressed_at(self, since: datetime) -> datetime | None:
        """By people: notes, ticks, updates, tasks, decisions all stand on the timeline with their names."""
        written = TimelineEntry.objects.filter(
            incident=self.escalation.incident_id, author__isnull=False, recorded_at__gt=since
        )
        for prefix in NO_PROGRESS:
            written = written.exclude(dedup_key__startswith=prefix)
        found: datetime | None = written.aggregate(last=Max("recorded_at"))["last"]
        return found


@dataclass(frozen=True)
class Call:
    """One step's pages. `event`: what they say. `place`: "0:1", round and level, of the messages' keys.

    `told`: ways by which the same people have been paged already, for a climb that this one goes on from.
    """

    escalation: Escalation
    event: Event
    said: Sentence
    place: str
    is_first: bool
    at: datetime
    told: frozenset[Way] = field(default_factory=frozenset)


def page(call: Call, reach: Reach) -> list[Delivery]:
    """Ask for a message by every way of everybody, and for programs; whoever shares an address is told by one."""
    incident = call.escalation.incident
    message = alerts.message_of(call.event, incident, call.said, call.escalation.severity)
    payload = alerts.payload_of(call.event, incident, call.escalation.severity, _key(call))
    names = _names(reach)
    return notify_all(
        _asked(call, person, way, names.get(way, ""), message, payload)
        for person, way in _each_way_once(reach)
        if way not in call.told
    )


def _asked(
    call: Call, person: Person | None, way: Way, name: str, message: Message, payload: Mapping[str, str]
) -> Asked:
    incident, severity = call.escalation.incident, Severity(call.escalation.severity)
    asked: Asked = {
        "channel": way.channel,
        "message": message,
        "dedup_key": _dedup_key(call, person, way),
        "address": way.address,
        "recipient": name,
        "about": incident.reference,
        "payload": payload,
        "topics": (incident.topic,),
        "is_practice": incident.is_practice,
        "purpose": PURPOSE,
        "group": call.escalation.group,
        "priority": PRIORITIES[severity],
        "may_wait": not (call.is_first and severity == Severity.P0),
    }
    if person is not None:
        asked["person"], asked["language"] = person.key, person.language
        asked["alternatives"] = _alternatives(call, person)
        asked["wait"] = max((person.not_before or call.at) - call.at, timedelta())
    return asked


def _each_way_once(reach: Reach) -> Iterator[tuple[Person | None, Way]]:
    """By whoever of those who share it may hear it first: nobody waits for the end of another's quiet hours."""
    taken: dict[Way, Person | None] = {}
    for person in sorted(reach.people, key=lambda one: one.not_before or FIRST):
        for way in person.ways:
            taken.setdefault(way, person)
    for one in alerts.programs():
        taken.setdefault(Way(one.channel, one.address), None)
    return ((person, way) for way, person in taken.items())


def _names(reach: Reach) -> dict[Way, str]:
    found: dict[Way, list[str]] = {}
    for person in reach.people:
        for way in person.ways:
            found.setdefault(way, []).append(person.name)
    return {way: ", ".join(dict.fromkeys(names)) for way, names in found.items()}


def _dedup_key(call: Call, person: Person | None, way: Way) -> str:
    who = person.key if person else ""
    address = f":{in_key(way.address)}" if way.address else ""
    return f"{call.escalation.group}:{call.place}:{who}:{way.channel}{address}"


def _alternatives(call: Call, person: Person) -> list[Alternative]:
    return [
        {"channel": way.channel, "address": way.address, "dedup_key": _dedup_key(call, person, way)}
        for way in person.others
    ]


def _key(call: Call) -> str:
    """Under which PagerDuty knows the page. It rings once for each: later levels and climbs have another."""
    incident = f"incident:{call.escalation.incident.reference}"
    if call.escalation.number == 1 and call.place == "0:0":
        return incident
    return f"{incident}:{call.escalation.number}:{call.place}"


# --- What becomes of them -----------------------------------------------------------------------------------------
def messages(escalation: Escalation) -> QuerySet[Delivery]:
    """All that its steps asked for, with those that stand in for others."""
    return Delivery.objects.filter(group=escalation.group)


def told_by(escalation: Escalation) -> frozenset[Way]:
    """Ways by which people were surely told. What is being sent is not: if it fails, nobody tries the next channel."""
    reached = messages(escalation).filter(state__in=REACHED)
    return frozenset(Way(*one) for one in reached.values_list("channel", "address"))


def missed(escalation: Escalation) -> bool:
    """Whether a message of where it stands was called back, so that somebody who should have been told was not."""
    level = "last" if escalation.level == len(escalation.snapshot["levels"]) else escalation.level
    place = f"{escalation.group}:{escalation.round}:{level}:"
    called_back = messages(escalation).filter(state=State.CANCELLED, dedup_key__startswith=place)
    return called_back.exclude(person="").exists()


def call_back(escalation: Escalation) -> int:
    """What people need not be told any more, and has not been sent. Programs hear of it all the same."""
    return cancel(messages(escalation).filter(state=State.QUEUED).exclude(person=""))


def acknowledge_at_pagerduty(escalation: Escalation, happened: Happened) -> list[Delivery]:
    """So that its own ladder ends too: under every name by which it was rung for this incident."""
    given, incident = happened.acknowledgement, escalation.incident
    keys = paging.rung_keys(incident)
    if given is None or (given.via == Channel.PAGERDUTY and len(keys) < 2):
        return []
    message = alerts.message_of(
        Event.ACKNOWLEDGED, incident, sentence(_("%(name)s is on it."), name=given.name), escalation.severity
    )
    return [
        notify(
            channel=Channel.PAGERDUTY,
            message=message,
            dedup_key=f"{escalation.group}:acknowledged:{happened.at:%Y%m%d%H%M%S%f}:{number}",
            about=incident.reference,
            payload=alerts.payload_of(Event.ACKNOWLEDGED, incident, escalation.severity, key),
            topics=(incident.topic,),
            is_practice=incident.is_practice,
        )
        for number, key in enumerate(keys)
    ]


def remind(escalation: Escalation, said: Sentence, at: datetime) -> None:
    """Whoever has acknowledged: by what can be read, for nobody is to be called who is at work."""
    incident, key = escalation.incident, f"{escalation.group}:reminded:{at:%Y%m%d%H%M%S%f}"
    for one in escalation.acknowledgements or [{}]:
        user = callees.user_behind(one.get("key", ""))
        if user is not None:
            personal.tell(user, incident, said, dedup_key=f"{key}:{user.pk}")
        else:
            people = recipients.by_targets([one.get("key", "")], (ChannelKind.SLACK, ChannelKind.EMAIL), at=at)
            shared = recipients.by_channel(ChannelKind.SLACK, escalation.severity, at=at)
            alerts.tell(people or shared, Event.REMINDED, incident, said, escalation.severity, key)
