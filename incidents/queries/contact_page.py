"""Everything about one contact, or one vendor, on a page: how they are reached, and when they are asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from django.contrib.auth.models import User
from django.utils.timezone import now

from dr_console.notifications.models import Delivery
from incidents.models import ChannelTest, Contact, EscalationLevel, EscalationPolicy, Rotation, Vendor
from incidents.queries.channel_tests import Proof, proofs
from incidents.queries.oncall import roster
from incidents.queries.people_of_contacts import user_of
from incidents.queries.quiet import end_of_quiet
from incidents.schedule import Shift
from incidents.vendor_hours import Opening, opening

MOST_SHOWN = 10
LOOKED_AHEAD = timedelta(days=28)


@dataclass(frozen=True)
class Duty:
    """A shift of theirs in a rotation."""

    rotation: Rotation
    shift: Shift
    is_now: bool


@dataclass(frozen=True)
class Rung:
    """Where the escalation matrix names them. `level` is empty for the last resort, when nobody has answered.

    `through`: the rotations by which they stand there; empty where they are named themselves.
    """

    policy: EscalationPolicy
    level: EscalationLevel | None
    number: int
    after: timedelta
    through: list[Rotation]


@dataclass(frozen=True)
class ContactPage:
    contact: Contact
    at: datetime

    @cached_property
    def proofs(self) -> list[Proof]:
        return proofs([self.contact], at=self.at)[self.contact.whom]

    @cached_property
    def user(self) -> User | None:
        return user_of(self.contact.key)

    @property
    def local_time(self) -> datetime:
        return self.at.astimezone(ZoneInfo(self.contact.time_zone))

    @property
    def quiet_until(self) -> datetime | None:
        """The end of the quiet hours that they have now."""
        hours = self.contact.quiet_hours
        return end_of_quiet(hours, self.contact.time_zone, self.at) if hours else None

    @cached_property
    def rotations(self) -> list[Rotation]:
        """Those that they take part in."""
        return [one for one in Rotation.objects.current().prefetch_related("layers") if self.contact.key in _in(one)]

    @cached_property
    def duties(self) -> list[Duty]:
        """Their shifts of the next four weeks: this one, and the first to come."""
        if not self.rotations:
            return []
        known = roster(self.at, self.at + LOOKED_AHEAD)
        theirs = known.shifts_of(self.contact.key, self.at, self.at + LOOKED_AHEAD)
        duties = [Duty(known.rotations[one.rotation], one, one.starts_at <= self.at) for one in theirs]
        return duties[: MOST_SHOWN // 2]

    @cached_property
    def rungs(self) -> list[Rung]:
        policies = EscalationPolicy.objects.current().select_related("fallback").prefetch_related("levels")
        return [rung for policy in policies for rung in self._rungs_of(policy)]

    def _rungs_of(self, policy: EscalationPolicy) -> Iterator[Rung]:
        after = timedelta()
        for number, level in enumerate(policy.levels.all(), start=1):
            through = [one for one in self.rotations if f"rotation:{one.key}" in level.targets]
            if through or self.contact.whom in level.targets:
                named = self.contact.whom in level.targets
                yield Rung(policy, level, number, after, [] if named else through)
            after += timedelta(minutes=level.wait_minutes)
        if policy.fallback == self.contact:
            yield Rung(policy, None, 0, after * policy.rounds, [])

    @cached_property
    def messages(self) -> list[Delivery]:
        """The newest to them."""
        return list(Delivery.objects.filter(person=self.contact.whom).order_by("-id")[:MOST_SHOWN])

    @cached_property
    def tests(self) -> list[ChannelTest]:
        return tests_of(self.contact)


@dataclass(frozen=True)
class VendorPage:
    vendor: Vendor
    at: datetime

    @cached_property
    def proofs(self) -> list[Proof]:
        return proofs([self.vendor], at=self.at)[self.vendor.whom]

    @property
    def opening(self) -> Opening | None:
        return opening(self.vendor.hours, self.at)

    @cached_property
    def tests(self) -> list[ChannelTest]:
        return tests_of(self.vendor)


def contact_page(contact: Contact) -> ContactPage:
    return ContactPage(contact, now())


def vendor_page(vendor: Vendor) -> VendorPage:
    return VendorPage(vendor, now())


def tests_of(owner: Contact | Vendor) -> list[ChannelTest]:
    """The newest tests of any address that they have, or had."""
    return list(ChannelTest.objects.filter(whom=owner.whom).select_related("by", "delivery")[:MOST_SHOWN])


def _in(rotation: Rotation) -> set[str]:
    """Keys of all who take part, in whichever layer."""
    return {*rotation.participants, *(key for layer in rotation.layers.all() for key in layer.participants)}
