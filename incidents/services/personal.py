"""Tell one person something about an incident that is theirs: a task, a role, a handover."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext_noop as _

from dr_console.live.publish import hold
from dr_console.notifications.messages import Message
from dr_console.notifications.models import Delivery
from dr_console.notifications.services import notify
from dr_console.web.sentences import Sentence, sentence
from incidents.keys import in_key
from incidents.models import ChannelKind, Incident, Severity, TimelineEntry
from incidents.queries import recipients
from incidents.queries.recipients import Recipient
from incidents.queries.story_lines import PERSONAL
from incidents.services import timeline

MESSAGE = (ChannelKind.SLACK, ChannelKind.EMAIL)
# What nobody is called out of bed for stays written.
PAGE = {severity: MESSAGE for severity in Severity} | dict.fromkeys(
    (Severity.P0, Severity.P1), (*MESSAGE, ChannelKind.PHONE)
)


@transaction.atomic
def tell(person: User, incident: Incident, said: Sentence, *, dedup_key: str, path: str = "") -> list[Delivery]:
    """Write to them. `path`: the console's page that it is about; the incident's if empty."""
    return _send(person, MESSAGE, incident, said, dedup_key, path)


@transaction.atomic
def page(person: User, incident: Incident, said: Sentence, *, dedup_key: str, path: str = "") -> list[Delivery]:
    """The same, and call them where the incident is critical or high."""
    return _send(person, PAGE[incident.assumed_severity], incident, said, dedup_key, path)


def _send(
    person: User, channels: tuple[ChannelKind, ...], incident: Incident, said: Sentence, dedup_key: str, path: str
) -> list[Delivery]:
    hold("console")
    reachable = _reachable(person, channels)
    if not any(one.address for one in reachable):
        _say_unreachable(person, incident, dedup_key)
    return [_notify(one, _message(one, person, incident, said, path), incident, dedup_key) for one in reachable]


def _message(one: Recipient, person: User, incident: Incident, said: Sentence, path: str) -> Message:
    """Where others read it too, it says whom it is for."""
    named = said if one.address else sentence(_("%(name)s: %(said)s"), name=str(person), said=said)
    return Message(
        subject=sentence(_("%(reference)s: %(said)s"), reference=incident.reference, said=named),
        facts=((sentence(_("Incident")), incident.said_title or incident.title),),
        url=f"{settings.DR_PUBLIC_URL}{path or incident.get_absolute_url()}",
        url_text=sentence(_("Open DR Console")),
    )


def _reachable(person: User, channels: tuple[ChannelKind, ...]) -> list[Recipient]:
    """Placeholders are for the sandbox: in live mode nobody answers there."""
    found = recipients.of_person(person, channels)
    return [one for one in found if not (one.is_placeholder and settings.DR_MODE == "live")]


def _notify(one: Recipient, message: Message, incident: Incident, dedup_key: str) -> Delivery:
    return notify(
        channel=one.channel,
        address=one.address,
        recipient=one.name,
        language=one.language,
        message=message,
        dedup_key=f"{dedup_key[:160]}:{one.channel}:{in_key(one.address)}",
        about=incident.reference,
        payload={"event": PERSONAL, "key": dedup_key, "action": "trigger"},
        topics=(incident.topic,),
        is_practice=incident.is_practice,
    )


def _say_unreachable(person: User, incident: Incident, dedup_key: str) -> None:
    words = _("%(name)s was told in the shared channel alone: no address of theirs is known.")
    said, key = sentence(words, name=str(person)), f"unreachable:{person.pk}:{dedup_key}"[:120]
    timeline.record(incident, said, kind=TimelineEntry.Kind.ALERTED, dedup_key=key)
