"""Tell people of an incident or a breach: who, by which channel and in which language, as the plan says."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from datetime import datetime
from enum import StrEnum

from django.conf import settings
from django.db import transaction
from django.utils.timezone import now
from django.utils.translation import gettext_noop as _

from dr_console.notifications.messages import Message, Words
from dr_console.notifications.models import Channel, Delivery
from dr_console.notifications.queries import told
from dr_console.notifications.services import notify
from dr_console.providers.capabilities.paging import Urgency
from dr_console.web.sentences import Sentence, sentence
from incidents.models import ChannelKind, Incident, Service, Severity, TimelineEntry
from incidents.queries import recipients
from incidents.queries.recipients import Recipient
from incidents.services import timeline


class Event(StrEnum):
    """What people are told of."""

    DECLARED = "declared"
    CRITICAL = "critical"
    FAILOVER_FAILED = "failover_failed"
    BLOCKED = "blocked"
    SWITCHED = "switched"
    RECOVERED = "recovered"
    BREACH = "breach"
    CLEARED = "cleared"
    DEGRADED = "degraded"
    NOTICE = "notice"


HEADLINES = {
    Event.DECLARED: _("%(severity)s %(reference)s: %(title)s"),
    Event.CRITICAL: _("CRITICAL %(reference)s: you are needed now"),
    Event.FAILOVER_FAILED: _("CRITICAL %(reference)s: the failover failed"),
    Event.BLOCKED: _("%(reference)s: the failover did not start by itself"),
    Event.SWITCHED: _("%(reference)s: switched over"),
    Event.RECOVERED: _("%(reference)s: users are served again"),
    Event.BREACH: _("%(reference)s: %(said)s"),
    Event.CLEARED: _("%(reference)s: %(said)s"),
    Event.DEGRADED: _("%(reference)s: %(said)s"),
    Event.NOTICE: _("%(reference)s: %(title)s"),
}
# Their headline says it all.
SHORT = (Event.BREACH, Event.CLEARED, Event.DEGRADED)
OVER = (Event.RECOVERED, Event.CLEARED)
# About the incident as a whole, and so one page with it.
OF_THE_INCIDENT = (
    Event.DECLARED,
    Event.CRITICAL,
    Event.FAILOVER_FAILED,
    Event.BLOCKED,
    Event.SWITCHED,
    Event.RECOVERED,
)
URGENCIES = {
    Severity.P0: Urgency.CRITICAL,
    Severity.P1: Urgency.ERROR,
    Severity.P2: Urgency.WARNING,
    Severity.P3: Urgency.INFO,
}


def declared(incident: Incident, said: Sentence | None = None) -> list[Delivery]:
    """Tell the first row of the matrix for the incident's severity that there is one, and why: `said`."""
    people = recipients.first_row(incident.assumed_severity, at=now())
    return _tell(
        people, Event.DECLARED, incident, said or {}, incident.assumed_severity, f"{incident.reference}:declared"
    )


def critical(incident: Incident, said: Sentence, dedup_key: str, *, event: Event = Event.CRITICAL) -> list[Delivery]:
    """Tell everybody in the matrix's first row, whatever the incident's severity, and the last resort as well."""
    people = [*recipients.first_row(Severity.P0, at=now()), *recipients.last_resort(Severity.P0)]
    return _tell(people, event, incident, said, Severity.P0, dedup_key)


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
    return _tell(people, Event(event), incident, said, severity, dedup_key, key=key, is_practice=is_practice)


def recovered(incident: Incident, said: Sentence | None = None) -> list[Delivery]:
    """Tell everybody who was told of the incident that it is over, and end its page. Nobody is called for that.

    Slack is told in any case: that a page has ended says nothing in words. Where nobody has been told yet, the first
    row of its severity is.
    """
    heard = [
        Recipient(channel, address, name, language)
        for channel, address, name, language in told(incident.reference)
        if channel != Channel.WEBHOOK
    ]
    people = heard or recipients.first_row(incident.assumed_severity, at=now())
    people = [*people, *recipients.by_channel(ChannelKind.SLACK, incident.assumed_severity, at=now())]
    reachable = [one for one in people if one.channel != ChannelKind.PHONE]
    when = f"{incident.recovered_at:%Y%m%d%H%M%S}" if incident.recovered_at else "unmeasured"
    dedup_key = f"{incident.reference}:recovered:{when}"
    return _tell(
        reachable, Event.RECOVERED, incident, said or _how_long(incident), incident.assumed_severity, dedup_key
    )


def _how_long(incident: Incident) -> Sentence:
    took = incident.recovery_time
    if took is None:
        return {}
    minutes, seconds = divmod(max(0, round(took.total_seconds())), 60)
    return sentence(_("Recovered %(minutes)s min %(seconds)s s after it began."), minutes=minutes, seconds=seconds)


@transaction.atomic
def _tell(
    people: Iterable[Recipient],
    event: Event,
    incident: Incident | None,
    said: Sentence,
    severity: Severity | str,
    dedup_key: str,
    *,
    key: str = "",
    is_practice: bool = False,
) -> list[Delivery]:
    message = _message(event, incident, said, severity)
    payload = _payload(event, incident, severity, key or _key(event, incident) or dedup_key)
    reachable = _reachable([*people, *_webhooks()], incident, dedup_key)
    return [
        notify(
            channel=one.channel,
            address=one.address,
            recipient=one.name,
            language=one.language,
            message=message,
            dedup_key=f"{dedup_key[:160]}:{one.channel}:{_short(one.address)}",
            about=incident.reference if incident else "",
            payload=payload,
            topics=(incident.topic,) if incident else (),
            is_practice=incident.is_practice if incident else is_practice,
        )
        for one in reachable
    ]


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
    said = sentence(
        _("%(name)s was not told by %(channel)s: the address %(address)s is a placeholder."),
        name=one.name,
        channel=one.channel,
        address=one.address,
    )
    fact = _short(f"{dedup_key} {one.channel} {one.address}")
    timeline.record(incident, said, kind=TimelineEntry.Kind.ALERTED, dedup_key=f"unreachable:{fact}")


def _webhooks() -> list[Recipient]:
    return [Recipient(Channel.WEBHOOK, url, "") for url in settings.DR_WEBHOOK_URLS]


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16] if text else "own"


def _message(event: Event, incident: Incident | None, said: Sentence, severity: Severity | str) -> Message:
    if incident is None:
        return Message(subject=said, url=settings.DR_PUBLIC_URL, url_text=sentence(_("Open DR Console")))
    title = incident.said_title or incident.title
    names = {"severity": str(severity), "reference": incident.reference, "title": title, "said": said}
    headline = sentence(HEADLINES[event], **names)
    return Message(
        subject=headline,
        body="" if event in SHORT else said,
        facts=tuple(_facts(incident)),
        url=f"{settings.DR_PUBLIC_URL}{incident.get_absolute_url()}",
        url_text=sentence(_("Open the incident")),
    )


def _facts(incident: Incident) -> Iterator[tuple[Words, Words]]:
    yield sentence(_("Severity")), incident.severity
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


def _payload(event: Event, incident: Incident | None, severity: Severity | str, key: str) -> dict[str, str]:
    return {
        "event": event.value,
        "urgency": URGENCIES[Severity(severity)].value,
        "key": key,
        "action": "resolve" if event in OVER else "trigger",
        "component": incident.service.key if incident and incident.service else "",
    }


def _key(event: Event, incident: Incident | None) -> str:
    return f"incident:{incident.reference}" if incident and event in OF_THE_INCIDENT else ""
