"""Who is told of what, at which address, as the plan says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from django.contrib.auth.models import User
from django.db.models import QuerySet

from dr_console.people.queries import preferences_of
from incidents.models import ChannelKind, Contact, ContactChannel, EscalationLevel, EscalationPolicy, Severity
from incidents.queries import oncall
from incidents.queries.people_of_contacts import contact_of

# Channels, groups and people as Slack itself calls them; it takes no other name for a person.
SLACK_ID = re.compile(r"[CDGUW][A-Z0-9]{6,}")
# One for the whole console, in the settings: what the contact's address says is for people to read.
ROOMS = (
    ChannelKind.FEISHU,
    ChannelKind.DINGTALK,
    ChannelKind.WECOM,
    ChannelKind.TEAMS,
    ChannelKind.MATTERMOST,
)
SHARED = (ChannelKind.PAGERDUTY, ChannelKind.SLACK, *ROOMS)
# Whoever is told by every channel is so in a room only where the plan says so: most rooms are nobody's.
EVERY = tuple(channel for channel in ChannelKind if channel not in ROOMS)


@dataclass(frozen=True)
class Recipient:
    """`channel`: a word of notifications.Channel. `address`: empty for the channel's own in the settings."""

    channel: str
    address: str
    name: str
    language: str = ""
    is_placeholder: bool = False


def first_row(severity: str, *, at: datetime) -> list[Recipient]:
    """Everybody whom the escalation matrix names first for this severity, by each of its channels."""
    policy = _policies().filter(severity=severity).first()
    levels = list(policy.levels.all())[:1] if policy else []
    return _merged(one for level in levels for one in _at_level(level, level.channels, at))


def last_resort(severity: str) -> list[Recipient]:
    """Whom the matrix names for when nobody answers, by every channel that there is."""
    policy = _policies().filter(severity=severity).select_related("fallback").first()
    if policy is None or policy.fallback is None:
        return []
    return _merged(of_contact(policy.fallback, EVERY))


def by_channel(channel: ChannelKind, severity: str, *, at: datetime) -> list[Recipient]:
    """Who is told by this channel of something this severe: the first level that uses it, of this policy or the next.

    Of a plan that names nobody for it, everybody who has such an address; the shared channel in the settings always.
    """
    levels = [level for policy in _this_first(severity) for level in policy.levels.all() if channel in level.channels]
    found = _merged(one for level in levels[:1] for one in _at_level(level, [channel], at))
    if found:
        return found
    everybody = Contact.objects.current().prefetch_related("channels")
    found = _merged(one for contact in everybody for one in of_contact(contact, [channel]) if one.address)
    return found or ([Recipient(channel, "", "")] if channel in SHARED else [])


def of_person(person: User, channels: Iterable[str]) -> list[Recipient]:
    """One person's own addresses on these channels: those of their contact in the plan, and their account's.

    The contact has their e-mail address, else their login as its key. PagerDuty is nobody's own: it pages whoever is on
    call.
    """
    own = [one for one in channels if one != ChannelKind.PAGERDUTY]
    contact = contact_of(person)
    found = list(of_contact(contact, own)) if contact else []
    if ChannelKind.EMAIL in own and person.email:
        found.append(Recipient(ChannelKind.EMAIL, person.email, str(person), preferences_of(person).language))
    if ChannelKind.SLACK in own and contact is None:
        found.append(Recipient(ChannelKind.SLACK, "", str(person)))
    return list({(one.channel, one.address.lower()): one for one in reversed(found)}.values())


def by_targets(targets: Iterable[str], channels: Iterable[ChannelKind], *, at: datetime) -> list[Recipient]:
    """“rotation:key” and “contact:key”, by each of these channels."""
    asked = list(channels)
    return _merged(one for contact in _contacts(targets, at) for one in of_contact(contact, asked))


def matrix(severity: str, channels: Iterable[ChannelKind], *, at: datetime) -> list[Recipient]:
    """Everybody whom the escalation matrix names for this severity, on whatever level, by each of these channels."""
    policy = _policies().filter(severity=severity).first()
    targets = [target for level in policy.levels.all() for target in level.targets] if policy else []
    return by_targets(dict.fromkeys(targets), channels, at=at)


def _policies() -> QuerySet[EscalationPolicy]:
    return EscalationPolicy.objects.current().prefetch_related("levels")


def _this_first(severity: str) -> list[EscalationPolicy]:
    """The policy of this severity, then the less severe ones, then the more severe."""
    order = [*Severity.values[Severity.values.index(severity) :], *Severity.values]
    return sorted(_policies(), key=lambda policy: order.index(policy.severity))


def _at_level(level: EscalationLevel, channels: Iterable[str], at: datetime) -> Iterator[Recipient]:
    for contact in _contacts(level.targets, at):
        yield from of_contact(contact, channels)


def _contacts(targets: Iterable[str], at: datetime) -> list[Contact]:
    keys: list[str] = []
    for target in targets:
        kind, _colon, key = target.partition(":")
        keys += oncall.on_call(key, at) if kind == "rotation" else [key]
    found = {contact.key: contact for contact in Contact.objects.current().prefetch_related("channels")}
    return [found[key] for key in keys if key in found]


def of_contact(contact: Contact, channels: Iterable[str]) -> Iterator[Recipient]:
    """Every address of theirs on these channels, in the order of the channels; the shared ones always."""
    for channel in (ChannelKind(one) for one in channels):
        own = [one for one in contact.channels.all() if one.kind == channel]
        if channel in SHARED:
            yield _shared(channel, contact, own)
        else:
            for one in own:
                yield Recipient(channel, one.address, contact.name, contact.language, one.is_placeholder)


def _shared(channel: ChannelKind, contact: Contact, own: list[ContactChannel]) -> Recipient:
    """Through the settings' own channel, but where the contact has a name that Slack itself would take."""
    if own and channel == ChannelKind.SLACK and SLACK_ID.fullmatch(own[0].address):
        return Recipient(channel, own[0].address, contact.name, contact.language)
    is_named = own and channel != ChannelKind.PAGERDUTY and not own[0].is_placeholder
    handle = f" ({own[0].address})" if is_named else ""
    return Recipient(channel, "", f"{contact.name}{handle}", contact.language)


def _merged(recipients: Iterable[Recipient]) -> list[Recipient]:
    """One for each address; whoever shares one is named together."""
    found: dict[tuple[str, str], Recipient] = {}
    for one in recipients:
        known = found.setdefault((one.channel, one.address), one)
        if one.name not in known.name:
            found[one.channel, one.address] = replace(known, name=f"{known.name}, {one.name}")
    return list(found.values())
