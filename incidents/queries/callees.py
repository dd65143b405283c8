"""Who stands at a level of the ladder at a moment, by which channels, and who could not be reached. Nothing here writes.

The engine and the simulator both ask here, when the step comes and not before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from enum import StrEnum
from functools import cached_property

from django.conf import settings

from incidents.ladder import Absent, Level, Person, Policy, Reach, Way
from incidents.models import ChannelKind, Contact, Rotation
from incidents.queries.oncall import on_call
from incidents.queries.quiet import quiet_until
from incidents.queries.recipients import of_contact


class Why(StrEnum):
    """Why somebody whom a level names is not paged."""

    NOBODY_ON_CALL = "nobody_on_call"
    GONE = "gone"
    NO_CHANNEL = "no_channel"


class Directory:
    """The plan's contacts and rotations, read once: for one round of the engine, or one simulation."""

    def __init__(self, *, absent: Iterable[str] = ()) -> None:
        """`absent`: keys of contacts whom a simulation leaves out."""
        self._absent = set(absent)
        self._on_call: dict[tuple[str, datetime], list[str]] = {}

    @cached_property
    def _contacts(self) -> dict[str, Contact]:
        return {one.key: one for one in Contact.objects.current().prefetch_related("channels")}

    @cached_property
    def _rotations(self) -> dict[str, Rotation]:
        return {one.key: one for one in Rotation.objects.current()}

    def reach(self, level: Level, severity: str, at: datetime) -> Reach:
        """Everybody whom the level's targets name at that moment, each once."""
        people: dict[str, Person] = {}
        absent: list[Absent] = []
        for target in level.targets:
            keys, why = self._keys(target, at)
            if not keys:
                absent.append(Absent(target, self._name(target), why))
            for key in keys:
                person = self._person(key, target, level.channels, severity, at)
                if person is None:
                    absent.append(Absent(f"contact:{key}", self._name(f"contact:{key}"), Why.NO_CHANNEL))
                else:
                    people.setdefault(person.key, person)
        return Reach(tuple(people.values()), tuple(dict.fromkeys(absent)))

    def last_resort(self, policy: Policy, at: datetime) -> Reach:
        """The policy's own, by every channel that they have, at whatever hour."""
        contact = self._contacts.get(policy.fallback)
        if contact is None or contact.key in self._absent:
            named = [Absent(f"contact:{policy.fallback}", policy.fallback, Why.GONE)] if policy.fallback else []
            return Reach((), tuple(named))
        ways = tuple(_usable(contact, ChannelKind.values))
        if not ways:
            return Reach((), (Absent(contact.whom, contact.name, Why.NO_CHANNEL),))
        return Reach((Person(contact.whom, contact.name, contact.language, ways, through=contact.whom),))

    def _keys(self, target: str, at: datetime) -> tuple[list[str], Why]:
        kind, _colon, key = target.partition(":")
        if kind == "rotation":
            if key not in self._rotations:
                return [], Why.GONE
            if (key, at) not in self._on_call:
                self._on_call[key, at] = on_call(key, at)
            found, why = self._on_call[key, at], Why.NOBODY_ON_CALL
        else:
            found, why = [key], Why.GONE
        return [one for one in found if one in self._contacts and one not in self._absent], why

    def _person(
        self, key: str, target: str, channels: Iterable[str], severity: str, at: datetime
    ) -> Person | None:
        """By the level's channels; whoever has none of them is written to, or told by whatever way they have."""
        contact, asked = self._contacts[key], list(channels)
        ways, is_fallback = tuple(_usable(contact, asked)), False
        own = tuple(_usable(contact, _own_order(contact)))
        if not ways:
            mail = [one for one in own if one.channel == ChannelKind.EMAIL]
            ways, is_fallback = tuple(mail[:1] or own[:1]), True
        if not ways:
            return None
        others = tuple(one for one in own if one not in ways and one.channel not in asked)
        quiet = quiet_until(contact, severity, at)
        return Person(contact.whom, contact.name, contact.language, ways, others, target, quiet, is_fallback)

    def _name(self, target: str) -> str:
        kind, _colon, key = target.partition(":")
        if kind == "rotation":
            return self._rotations[key].name if key in self._rotations else key
        return self._contacts[key].name if key in self._contacts else key


def _own_order(contact: Contact) -> list[str]:
    """The channels that they have, in their own order of preference."""
    return list(dict.fromkeys(one.kind for one in contact.channels.all()))


def _usable(contact: Contact, channels: Iterable[str]) -> Iterator[Way]:
    """Placeholders are for the sandbox: in live mode nobody answers there."""
    for one in of_contact(contact, channels):
        if not (settings.DR_MODE == "live" and one.is_placeholder):
            yield Way(one.channel, one.address)
