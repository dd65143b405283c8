"""Who stands at a level of the ladder at a moment, by which channels, and whom nobody can reach. Nothing here writes.

The engine and the simulator both ask here, when the step comes and not before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property

from django.conf import settings
from django.contrib.auth.models import User

from incidents.ladder import Absent, Level, Person, Policy, Reach, Way
from incidents.models import ChannelKind, Contact
from incidents.queries.oncall import Roster, roster
from incidents.queries.people_of_contacts import contact_of, user_of
from incidents.queries.quiet import quiet_until
from incidents.queries.recipients import EVERY, Recipient, of_contact
from incidents.schedule import Away

# Whoever asks for many moments, as the simulator does, reads the rotations once for so long.
READ_AHEAD = timedelta(days=2)
A_LONG_TIME = timedelta(days=365)


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
        self._roster: Roster | None = None

    @cached_property
    def _contacts(self) -> dict[str, Contact]:
        return {one.key: one for one in Contact.objects.current().prefetch_related("channels")}

    def roster(self, at: datetime) -> Roster:
        """The rotations, right for that moment. Whoever is left out is away all the time: others have their turns."""
        known = self._roster
        if known is None or not known.start <= at <= known.end:
            known = self._roster = self._without_absent(roster(at, at + READ_AHEAD))
        return known

    def _without_absent(self, known: Roster) -> Roster:
        if not self._absent:
            return known
        away = tuple(Away(key, known.start - A_LONG_TIME, known.end + A_LONG_TIME, known.start) for key in self._absent)
        schedules = {key: replace(one, absences=(*one.absences, *away)) for key, one in known.schedules.items()}
        return known.with_schedules(schedules)

    def reach(self, level: Level, severity: str, at: datetime) -> Reach:
        """Everybody whom the level's targets name at that moment, each once."""
        people: dict[str, Person] = {}
        absent: list[Absent] = []
        for target in level.targets:
            keys, why = self._keys(target, at)
            if not keys:
                absent.append(Absent(target, self._name(target, at), why))
            for key in keys:
                person = self._person(key, target, level.channels, severity, at)
                if person is None:
                    absent.append(Absent(f"contact:{key}", self._contacts[key].name, Why.NO_CHANNEL))
                else:
                    people.setdefault(person.key, person)
        return Reach(tuple(people.values()), tuple(dict.fromkeys(absent)))

    def last_resort(self, policy: Policy, at: datetime) -> Reach:
        """The policy's own, by every channel that they have, at whatever hour."""
        contact = self._contacts.get(policy.fallback)
        if contact is None or contact.key in self._absent:
            named = [Absent(f"contact:{policy.fallback}", policy.fallback, Why.GONE)] if policy.fallback else []
            return Reach((), tuple(named))
        ways = tuple(_usable(contact, EVERY))
        if not ways:
            return Reach((), (Absent(contact.whom, contact.name, Why.NO_CHANNEL),))
        return Reach((Person(contact.whom, contact.name, contact.language, ways, through=contact.whom),))

    def _keys(self, target: str, at: datetime) -> tuple[list[str], Why]:
        kind, _colon, key = target.partition(":")
        if kind == "rotation":
            known = self.roster(at)
            found = known.on_call(key, at)
            why = Why.NOBODY_ON_CALL if key in known.rotations else Why.GONE
        else:
            found, why = [key], Why.GONE
        return [one for one in found if one in self._contacts and one not in self._absent], why

    def _person(self, key: str, target: str, channels: Iterable[str], severity: str, at: datetime) -> Person | None:
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
        empty = tuple(_placeholders(contact, asked))
        return Person(contact.whom, contact.name, contact.language, ways, others, target, quiet, is_fallback, empty)

    def _name(self, target: str, at: datetime) -> str:
        kind, _colon, key = target.partition(":")
        known = self.roster(at).rotations if kind == "rotation" else self._contacts
        return str(known[key].name) if key in known else key


def _own_order(contact: Contact) -> list[str]:
    """The channels that they have, in their own order of preference."""
    return list(dict.fromkeys(one.kind for one in contact.channels.all()))


def _usable(contact: Contact, channels: Iterable[str]) -> Iterator[Way]:
    return (Way(one.channel, one.address) for one in of_contact(contact, channels) if not _is_empty(one))


def _placeholders(contact: Contact, channels: Iterable[str]) -> Iterator[Way]:
    return (Way(one.channel, one.address) for one in of_contact(contact, channels) if _is_empty(one))


def _is_empty(one: Recipient) -> bool:
    """Placeholders are for the sandbox: in live mode nobody answers there."""
    return settings.DR_MODE == "live" and one.is_placeholder


# --- Which account of the console somebody is ---------------------------------------------------------------------
def user_behind(key: str) -> User | None:
    """The account of whom a message is for, or who answered: contact:cto or user:wei. None where there is none."""
    kind, _colon, name = key.partition(":")
    if kind == "user":
        return User.objects.filter(username=name, is_active=True).first()
    return user_of(name) if kind == "contact" and name else None


def key_of(person: User) -> str:
    """The same person by the same key, on whichever way they answer: their contact's where they have one."""
    contact = contact_of(person)
    return contact.whom if contact else f"user:{person.get_username()}"
