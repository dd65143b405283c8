"""Tell people of an incident or a breach: who, by which channel and in which language, as the plan says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from enum import StrEnum

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils.timezone import now
from django.utils.translation import gettext_noop as _

from dr_console.live.publish import hold
from dr_console.notifications.messages import Message, Words
from dr_console.notifications.models import Channel, Delivery
from dr_console.notifications.queries import told
from dr_console.notifications.services import Common, Place, cancel, notify, notify_all
from dr_console.providers.capabilities.paging import Urgency
from dr_console.web.sentences import Sentence, sentence
from incidents.keys import in_key
from incidents.models import ChannelKind, Incident, Service, Severity, TimelineEntry
from incidents.queries import recipients
from incidents.queries.lifecycle import story
from incidents.queries.paging import rung_keys
from incidents.queries.recipients import Recipient
from incidents.services import timeline


class Event(StrEnum):
    """What people are told of."""

    DECLARED = "declared"
    CALLED = "called"
    CRITICAL = "critical"
    FAILOVER_FAILED = "failover_failed"
    BLOCKED = "blocked"
    SWITCHED = "switched"
    RECOVERED = "recovered"
    BREACH = "breach"
    CLEARED = "cleared"
    DEGRADED = "degraded"
    NOTICE = "notice"
    WORSE = "worse"
    OPEN_AGAIN = "open_again"
    UNANSWERED = "unanswered"
    ESCALATED = "escalated"
    NO_PROGRESS = "no_progress"
    LAST_RESORT = "last_resort"
    ACKNOWLEDGED = "acknowledged"
    REMINDED = "reminded"
    OVER = "over"
    MERGED = "merged"
    UPDATE = "update"
    UPDATE_DUE = "update_due"


HEADLINES = {
    Event.DECLARED: _("%(severity)s %(reference)s: %(title)s"),
    Event.CALLED: _("%(severity)s %(reference)s: you are asked to come: %(title)s"),
    Event.CRITICAL: _("CRITICAL %(reference)s: you are needed now"),
    Event.FAILOVER_FAILED: _("CRITICAL %(reference)s: the failover failed"),
    Event.BLOCKED: _("%(reference)s: the failover did not start by itself"),
    Event.SWITCHED: _("%(reference)s: switched over"),
    Event.RECOVERED: _("%(reference)s: users are served again"),
    Event.BREACH: _("%(reference)s: %(said)s"),
    Event.CLEARED: _("%(reference)s: %(said)s"),
    Event.DEGRADED: _("%(reference)s: %(said)s"),
    Event.NOTICE: _("%(reference)s: %(title)s"),
    Event.WORSE: _("%(severity)s %(reference)s is worse than it was taken for: %(title)s"),
    Event.OPEN_AGAIN: _("%(severity)s %(reference)s is open again: %(title)s"),
    Event.UNANSWERED: _("%(severity)s %(reference)s: nobody has answered yet: %(title)s"),
    Event.ESCALATED: _("%(severity)s %(reference)s: more help is asked for: %(title)s"),
    Event.NO_PROGRESS: _("%(severity)s %(reference)s: whoever took it on shows no progress: %(title)s"),
    Event.LAST_RESORT: _("%(severity)s %(reference)s: nobody on the ladder answers, you are the last: %(title)s"),
    Event.ACKNOWLEDGED: _("%(reference)s: %(said)s"),
    Event.REMINDED: _("%(reference)s: %(said)s"),
    Event.OVER: _("%(reference)s: %(status)s"),
    Event.MERGED: _("%(reference)s goes on as %(into)s: it is the same"),
    Event.UPDATE: _("%(reference)s: %(said)s"),
    Event.UPDATE_DUE: _("%(reference)s: %(said)s"),
}
STATUSES = {
    Incident.Status.OPEN: _("Open"),
    Incident.Status.MITIGATED: _("Mitigated"),
    Incident.Status.RESOLVED: _("Resolved"),
    Incident.Status.CLOSED: _("Closed"),
}
# Their headline says it all.
SHORT = (Event.BREACH, Event.CLEARED, Event.DEGRADED, Event.UPDATE_DUE, Event.ACKNOWLEDGED, Event.REMINDED)
OVER = (Event.RECOVERED, Event.CLEARED, Event.OVER, Event.MERGED)
# What a page at PagerDuty comes to; everything else rings.
ACTIONS = {**dict.fromkeys(OVER, "resolve"), Event.ACKNOWLEDGED: "acknowledge"}
# About the incident as a whole, and so one page with it.
OF_THE_INCIDENT = (
    Event.DECLARED,
    Event.CALLED,
    Event.CRITICAL,
    Event.FAILOVER_FAILED,
    Event.BLOCKED,
    Event.SWITCHED,
    Event.RECOVERED,
    Event.WORSE,
    Event.OPEN_AGAIN,
    Event.OVER,
    Event.MERGED,
)
# It can be answered to as the ladder's own pages, and is sent whoever has answered before.
AT_ONCE: Place = {"purpose": "escalation", "priority": 0, "may_wait": False}
# It has failed again before, so that its next recovery has to last before people are told of it.
FLAPPING, HAS_TO_LAST = timedelta(minutes=30), timedelta(minutes=2)
URGENCIES = {
    Severity.P0: Urgency.CRITICAL,
    Severity.P1: Urgency.ERROR,
    Severity.P2: Urgency.WARNING,
    Severity.P3: Urgency.INFO,
}


def critical(incident: Incident, said: Sentence, dedup_key: str, *, event: Event = Event.CRITICAL) -> list[Delivery]:
    """Tell everybody in the matrix's first row, whatever the incident's severity, and the last resort as well."""
    people = [*recipients.first_row(Severity.P0, at=now()), *recipients.last_resort(Severity.P0)]
    key = f"incident:{incident.reference}:{in_key(dedup_key)}"  # a page that was answered would not ring again
    return tell(people, event, incident, said, Severity.P0, dedup_key, key=key, place=AT_ONCE)


def on_channel(
    kind: ChannelKind | str,
    event: Event | str,
    *,
    said: Sentence,
    dedup_key: str,
    incident: Incident | None = None,
    severity: Severity | str | None = None,
    key: str = "",
    is_practice: bool = False,
) -> list[Delivery]:
    """Tell whoever the plan names for this channel. Returns what was asked for: empty where nobody has such an address.

    `severity`: that of the incident where there is one, else P2. `key`: what makes it one page at PagerDuty, the
    `dedup_key` if empty; RECOVERED and CLEARED end the page of their `key`. `said` is the whole text where there is
    no incident.
    """
    severity = severity or (incident.assumed_severity if incident else Severity.P2)
    people = recipients.by_channel(ChannelKind(kind), severity, at=now())
    return tell(people, Event(event), incident, said, severity, dedup_key, key=key, is_practice=is_practice)


def is_worse(severity: Severity, than: Severity) -> bool:
    return Severity.values.index(severity) < Severity.values.index(than)


def takes_back_recovery(incident: Incident) -> bool:
    """Keep back what was to say that it has recovered. True where everybody still takes it for open: it has failed
    before, and its last recovery did not last until it was told of.
    """
    cancel(deliveries_of(incident, Event.RECOVERED).filter(state=Delivery.State.QUEUED))
    last = deliveries_of(incident, Event.OPEN_AGAIN).order_by("-created_at").first()
    if last is None:
        return False
    since = deliveries_of(incident, Event.RECOVERED).filter(created_at__gt=last.created_at)
    return since.exists() and not since.exclude(state=Delivery.State.CANCELLED).exists()


def recovered(incident: Incident, said: Sentence | None = None) -> list[Delivery]:
    """Tell everybody who was told of the incident that it is over, and end its page. Nobody is called for that.

    Slack is told in any case: that a page has ended says nothing in words. Where nobody has been told yet, the first
    row of its severity is. What has failed again lately is told of once it has lasted.
    """
    when = f"{incident.recovered_at:%Y%m%d%H%M%S}" if incident.recovered_at else "unmeasured"
    lately = deliveries_of(incident, Event.OPEN_AGAIN).filter(created_at__gte=now() - FLAPPING)
    return tell(
        _whoever_heard(incident),
        Event.RECOVERED,
        incident,
        said or _how_long(incident),
        incident.assumed_severity,
        f"{incident.reference}:{Event.RECOVERED}:{when}",
        wait=HAS_TO_LAST if lately.exists() else timedelta(),
    )


def over(incident: Incident, said: Sentence | None = None) -> list[Delivery]:
    """A person says that it is mitigated or resolved: tell everybody who was told of it, and end its page."""
    dedup_key = f"{incident.reference}:{Event.OVER}:{now():%Y%m%d%H%M%S%f}"
    return tell(_whoever_heard(incident), Event.OVER, incident, said or {}, incident.assumed_severity, dedup_key)


def merged(incident: Incident, into: Incident) -> list[Delivery]:
    """End the page of a duplicate, and tell everybody who was told of it under which reference it goes on."""
    said = sentence(_("It goes on as %(into)s: %(title)s"), into=into.reference, title=into.said_title or into.title)
    dedup_key = f"{incident.reference}:{Event.MERGED}:{now():%Y%m%d%H%M%S%f}"
    return tell(_whoever_heard(incident), Event.MERGED, incident, said, incident.assumed_severity, dedup_key)


def deliveries_of(incident: Incident, event: Event) -> QuerySet[Delivery]:
    return Delivery.objects.filter(about=incident.reference, payload__event=event.value)


def _whoever_heard(incident: Incident) -> list[Recipient]:
    """Of it, or of what was merged into it. But by telephone: nobody is called because something is over."""
    heard = [
        Recipient(channel, address, name, language)
        for reference in story(incident)
        for channel, address, name, language in told(reference)
        if channel != Channel.WEBHOOK
    ]
    people = heard or recipients.first_row(incident.assumed_severity, at=now())
    people = [*people, *recipients.by_channel(ChannelKind.SLACK, incident.assumed_severity, at=now())]
    return [one for one in people if one.channel != ChannelKind.PHONE]


def _how_long(incident: Incident) -> Sentence:
    took = incident.recovery_time
    if took is None:
        return {}
    minutes, seconds = divmod(max(0, round(took.total_seconds())), 60)
    return sentence(_("Recovered %(minutes)s min %(seconds)s s after it began."), minutes=minutes, seconds=seconds)


@transaction.atomic
def tell(
    people: Iterable[Recipient],
    event: Event,
    incident: Incident | None,
    said: Sentence,
    severity: Severity | str,
    dedup_key: str,
    *,
    key: str = "",
    is_practice: bool = False,
    wait: timedelta = timedelta(),
    place: Place | None = None,
) -> list[Delivery]:
    """Send one message of `event` to each. `key`: what makes it one page at PagerDuty; `wait`: not sent sooner."""
    message = message_of(event, incident, said, severity)
    payload = payload_of(event, incident, severity, key or _key(event, incident) or dedup_key)
    sent = _send(people, message, incident, dedup_key, payload, is_practice=is_practice, wait=wait, place=place)
    return [*sent, *_end_later_pages(event, incident, message, payload, dedup_key, wait)]


def _end_later_pages(
    event: Event, incident: Incident | None, message: Message, payload: dict[str, str], dedup_key: str, wait: timedelta
) -> list[Delivery]:
    """PagerDuty was rung anew for later levels and climbs, under another key each time: all of them end."""
    if incident is None or event not in OF_THE_INCIDENT or event not in OVER:
        return []
    return [
        notify(
            channel=Channel.PAGERDUTY,
            message=message,
            dedup_key=f"{dedup_key[:120]}:{in_key(key)}:pagerduty",
            about=incident.reference,
            payload={**payload, "key": key},
            topics=(incident.topic,),
            is_practice=incident.is_practice,
            wait=wait,
        )
        for key in rung_keys(incident)
        if key != payload["key"]
    ]


@transaction.atomic
def update(incident: Incident, people: Iterable[Recipient], message: Message, *, dedup_key: str) -> list[Delivery]:
    """Send what a person wrote of how it goes: to be read, it pages nobody."""
    payload = payload_of(Event.UPDATE, incident, Severity.P3, dedup_key)
    return _send(people, message, incident, dedup_key, payload)


def _send(
    people: Iterable[Recipient],
    message: Message,
    incident: Incident | None,
    dedup_key: str,
    payload: dict[str, str],
    *,
    is_practice: bool = False,
    wait: timedelta = timedelta(),
    place: Place | None = None,
) -> list[Delivery]:
    hold("console")  # before an incident's topic, which those who cannot be reached are told of on
    reachable = _reachable([*people, *programs()], incident, dedup_key)
    every: Common = {
        "message": message,
        "about": incident.reference if incident else "",
        "payload": payload,
        "topics": (incident.topic,) if incident else (),
        "is_practice": incident.is_practice if incident else is_practice,
        "wait": wait,
        **(place or {}),
    }
    return notify_all(
        {
            **every,
            "channel": one.channel,
            "address": one.address,
            "recipient": one.name,
            "language": one.language,
            "dedup_key": f"{dedup_key[:160]}:{one.channel}:{in_key(one.address)}",
        }
        for one in reachable
    )


def _reachable(people: Iterable[Recipient], incident: Incident | None, dedup_key: str) -> list[Recipient]:
    """Each address once. Left out are placeholders, which in live mode nobody answers; the timeline says so."""
    found = {(one.channel, one.address): one for one in people}
    if settings.DR_MODE != "live":
        return list(found.values())
    for one in found.values():
        if one.is_placeholder and incident is not None:
            _say_unreachable(one, incident, dedup_key)
    return [one for one in found.values() if not one.is_placeholder]


def _say_unreachable(one: Recipient, incident: Incident, dedup_key: str) -> None:
    say_placeholder(one.name, one.channel, one.address, incident, dedup_key)


def say_placeholder(name: str, channel: str, address: str, incident: Incident, dedup_key: str) -> None:
    """Somebody could not be told, for the plan has no real address of theirs; once for each `dedup_key`."""
    text = _("%(name)s was not told by %(channel)s: the address %(address)s is a placeholder.")
    said = sentence(text, name=name, channel=channel, address=address)
    fact = in_key(f"{dedup_key} {channel} {address}")
    timeline.record(incident, said, kind=TimelineEntry.Kind.ALERTED, dedup_key=f"unreachable:{fact}")


def programs() -> list[Recipient]:
    """Who hears of everything, whoever else does."""
    return [Recipient(Channel.WEBHOOK, url, "") for url in settings.DR_WEBHOOK_URLS]


def message_of(event: Event, incident: Incident | None, said: Sentence, severity: Severity | str) -> Message:
    """What is said of `event`. `said`: why, or the whole where there is no incident."""
    if incident is None:
        return Message(subject=said, url=settings.DR_PUBLIC_URL, url_text=sentence(_("Open DR Console")))
    title = incident.said_title or incident.title
    grade = str(severity) if incident.severity else sentence(_("%(severity)s?"), severity=severity)
    headline = sentence(
        HEADLINES[event],
        severity=grade,
        reference=incident.reference,
        title=title,
        said=said,
        status=sentence(STATUSES[Incident.Status(incident.status)]),
        into=incident.merged_into.reference if incident.merged_into else "",
    )
    return Message(
        subject=headline,
        body="" if event in SHORT else said,
        facts=tuple(_facts(incident)),
        url=f"{settings.DR_PUBLIC_URL}{incident.get_absolute_url()}",
        url_text=sentence(_("Open the incident")),
    )


def _facts(incident: Incident) -> Iterator[tuple[Words, Words]]:
    pending = sentence(_("not decided yet, taken for %(severity)s"), severity=incident.assumed_severity)
    yield sentence(_("Severity")), incident.severity or pending
    if incident.service:
        yield sentence(_("Service")), _names(incident.service)
    yield sentence(_("Began")), _moment(incident.started_at)
    if incident.recovered_at:
        yield sentence(_("Recovered")), _moment(incident.recovered_at)


def _names(service: Service) -> Words:
    """Its name in every language that it has one in."""
    names = {code: getattr(service, f"name_{code.replace('-', '_')}", "") for code, _label in settings.LANGUAGES}
    return {code: name for code, name in names.items() if name} or service.key


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def payload_of(event: Event, incident: Incident | None, severity: Severity | str, key: str) -> dict[str, str]:
    """What channels go by. `key`: under which PagerDuty knows the page."""
    return {
        "event": event.value,
        "urgency": URGENCIES[Severity(severity)].value,
        "key": key,
        "action": ACTIONS.get(event, "trigger"),
        "component": incident.service.key if incident and incident.service else "",
    }


def _key(event: Event, incident: Incident | None) -> str:
    return f"incident:{incident.reference}" if incident and event in OF_THE_INCIDENT else ""
