"""Contacts, vendors, on-call rotations and the escalation matrix."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _
from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from dr_console.plans.problems import Problem
from dr_console.plans.schema import (
    CLOCK,
    Clock,
    Count,
    Day,
    Key,
    Line,
    Minutes,
    NoDoubles,
    PlanPart,
    RefersTo,
    Text,
    WebAddress,
    Whole,
    ZoneName,
    email,
    phone,
    refers_to,
    said,
    time_zone,
    wrong,
)
from incidents import models

WEEKDAY = "(Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
QUIET = re.compile(rf"({CLOCK})-({CLOCK})")
HOURS = re.compile(rf"24/7|{WEEKDAY}(-{WEEKDAY})? {CLOCK}-({CLOCK}|24:00) \S+")


def _slack(text: str) -> str:
    if not re.fullmatch(r"[@#][\w.-]{1,80}", text):
        raise wrong(gettext("a Slack handle or channel, such as @oncall or #incidents"))
    return text


def _pagerduty(text: str) -> str:
    if not re.fullmatch(r"[\w-]{1,100}", text):
        raise wrong(gettext("the id or name of a PagerDuty service, such as PABC123"))
    return text


def _hours(text: str) -> str:
    if not HOURS.fullmatch(text):
        raise wrong(gettext("24/7, or days and hours with a time zone, such as Mon-Fri 09:00-18:00 Asia/Tokyo"))
    if text != "24/7":
        time_zone(text.rpartition(" ")[2])
    return text


def _quiet_hours(text: str) -> str:
    found = QUIET.fullmatch(text)
    if found is None or found[1] == found[3]:
        raise wrong(gettext("two different times of day, such as 22:00-07:00"))
    return text


ADDRESS = {"phone": phone, "email": email, "slack": _slack, "pagerduty": _pagerduty}


class Channel(PlanPart):
    kind: models.ChannelKind = said(_("Kind"), _("How the address is used."))
    address: Line = said(
        _("Address"),
        _("Telephone number with country code, e-mail address, Slack handle or channel, PagerDuty service."),
    )

    @field_validator("address")
    @classmethod
    def _fits_its_kind(cls, address: str, info: ValidationInfo) -> str:
        check = ADDRESS.get(info.data.get("kind", ""))
        return check(address) if check else address


class Contact(PlanPart):
    key: Key = said(_("Key"), _("Name of the contact in this file."))
    name: Text = said(_("Name"), _("Who it is: a person’s name, or what the role is called."))
    title: Text | None = said(_("Responsibility"), _("What they do."), default=None)
    kind: models.Contact.Kind = said(_("Kind"), _("One person, a team, or whoever is on call."))
    level: Annotated[Whole, Field(ge=0, le=20)] | None = said(
        _("Escalation level"), _("0 is on call, 1 is told next, and so on. Empty: not on the ladder."), default=None
    )
    language: models.Contact.Language = said(_("Language"), _("Language of the messages they get."), default="en")
    time_zone: ZoneName = said(_("Time zone"), _("IANA name of where they live."), default="UTC")
    quiet_hours: Annotated[Line, AfterValidator(_quiet_hours)] | None = said(
        _("Quiet hours"),
        _("When P2 and P3 wait until morning, in their time zone: 22:00-07:00. P0 and P1 never wait."),
        default=None,
    )
    channels: list[Channel] = said(_("Channels"), _("How to reach them, the best way first."), default=[])


class Vendor(PlanPart):
    key: Key = said(_("Key"), _("Name of the vendor in this file."))
    name: Text = said(_("Name"), _("Name of the vendor for people."))
    support_url: WebAddress | None = said(_("Support page"), _("Where a case is opened."), default=None)
    plan: Text | None = said(_("Support plan"), _("Which support was bought."), default=None)
    contract_number: Line | None = said(_("Contract number"), _("What they will ask for."), default=None)
    hours: Annotated[Line, AfterValidator(_hours)] | None = said(
        _("Hours"), _("When somebody answers: 24/7, or Mon-Fri 09:00-18:00 Asia/Tokyo."), default=None
    )
    channels: list[Channel] = said(_("Channels"), _("How to reach their support, the best way first."), default=[])


def _shift_hours(text: str) -> str:
    begins, _dash, ends = text.partition("-")
    if not re.fullmatch(f"{CLOCK}-({CLOCK}|24:00)", text) or begins == ends or text == "00:00-24:00":
        raise wrong(gettext("two different times of day, such as 09:00-18:00 or 22:00-06:00; leave it out for all day"))
    return text


class RotationLayer(PlanPart):
    key: Key = said(_("Key"), _("Name of the layer in this rotation."))
    name: Text = said(_("Name"), _("Name of the layer for people."))
    time_zone: ZoneName = said(_("Time zone"), _("Where its days, its hours and its hand-over’s clock hang."))
    period: models.Period = said(_("Period"), _("How long a turn lasts."), default="weekly")
    hand_over_at: Clock = said(_("Hand-over at"), _("Time of day at which the next person takes over."))
    starts_on: Day = said(
        _("Starts on"), _("First day of the first participant’s first turn. Before it this layer has nobody.")
    )
    participants: list[Annotated[Key, refers_to("contacts")]] = said(
        _("Participants"),
        _("Keys of contacts, in order of turn. They come before those of the rotation and of the layers listed above."),
        default=[],
    )
    weekdays: Annotated[list[models.Weekday], NoDoubles] = said(
        _("Days"), _("Days of the week on which it has somebody. Empty: every day."), default=[]
    )
    hours: Annotated[Line, AfterValidator(_shift_hours)] | None = said(
        _("Hours"),
        _("Hours of those days: 09:00-18:00; 22:00-06:00 ends on the next day. Empty: all day."),
        default=None,
    )


class Rotation(PlanPart):
    key: Key = said(_("Key"), _("Name of the rotation in this file."))
    name: Text = said(_("Name"), _("Name of the rotation for people."))
    time_zone: ZoneName = said(_("Time zone"), _("Where the hand-over’s clock hangs."), default="UTC")
    period: models.Period = said(_("Period"), _("How long a turn lasts."), default="weekly")
    hand_over_at: Clock = said(_("Hand-over at"), _("Time of day at which the next person takes over."))
    starts_on: Day = said(_("Starts on"), _("First day of the first participant’s first turn."))
    participants: list[Annotated[Key, refers_to("contacts")]] = said(
        _("Participants"), _("Keys of contacts, in order of turn."), default=[]
    )
    layers: list[RotationLayer] = said(
        _("Layers"),
        _("Who comes before these participants, always or at certain times. The last layer comes first of all."),
        default=[],
    )


Target = Annotated[str, RefersTo({"contact:": "contacts", "rotation:": "rotations"})]


class EscalationLevel(PlanPart):
    key: Key = said(_("Key"), _("Name of the level in this policy."))
    wait_minutes: Minutes = said(
        _("Wait (minutes)"), _("How long somebody at this level has to answer before the next level is paged.")
    )
    targets: Annotated[list[Target], Field(min_length=1), NoDoubles] = said(
        _("Who"), _("Who is paged: “rotation:” or “contact:” and a key.")
    )
    channels: Annotated[list[models.ChannelKind], Field(min_length=1), NoDoubles] = said(
        _("Channels"), _("How they are paged.")
    )
    required_acknowledgements: Count = said(
        _("Acknowledgements needed"), _("How many people have to answer before it stops."), default=1
    )


class EscalationPolicy(PlanPart):
    key: Key = said(_("Key"), _("Name of the policy in this file."))
    severity: models.Severity = said(_("Severity"), _("Which incidents it is for. Each severity has one policy."))
    name: Text = said(_("Name"), _("What people call this severity."))
    respond_within_minutes: Minutes = said(_("Respond within (minutes)"), _("How soon somebody has to have answered."))
    rounds: Annotated[Whole, Field(ge=1, le=20)] = said(
        _("Rounds"), _("How often the whole ladder is climbed before it gives up."), default=1
    )
    reserved_minutes: Annotated[Whole, Field(ge=0, le=10080)] = said(
        _("Reserved for recovery (minutes)"),
        _("Part of the RTO that the ladder must leave for the recovery itself; a longer ladder is warned about."),
        default=0,
    )
    acknowledgement_minutes: Minutes | None = said(
        _("Acknowledgement lasts (minutes)"),
        _("After how long without progress an acknowledged incident is paged again. Empty: never."),
        default=None,
    )
    snooze_minutes: Minutes = said(_("Longest snooze (minutes)"), _("For how long paging may be put off at most."))
    fallback: Annotated[Key, refers_to("contacts")] | None = said(
        _("Last resort"), _("Key of the contact who is paged when nobody has answered at all."), default=None
    )
    levels: Annotated[list[EscalationLevel], Field(min_length=1)] = said(
        _("Levels"), _("The ladder, lowest rung first.")
    )


def severities_once(policies: list[EscalationPolicy]) -> Iterator[Problem]:
    first: dict[str, str] = {}
    for policy in policies:
        if policy.severity in first:
            expected = gettext("a severity that no other policy has; “%s” has this one") % first[policy.severity]
            yield Problem(("escalation_policies", policy.key, "severity"), expected, f"“{policy.severity}”")
        first.setdefault(policy.severity, policy.key)
