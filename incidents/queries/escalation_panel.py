"""How the paging of an incident stands, for its page: who was told by what, what became of it, and what comes next."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.utils.timezone import now
from django.utils.translation import gettext as _

from dr_console.notifications.models import Delivery
from dr_console.web.navigation import Person
from dr_console.web.words import listed
from incidents.models import (
    Contact,
    Escalation,
    EscalationEvent,
    Incident,
    Vendor,
)
from incidents.queries.actions import RESPOND
from incidents.queries.callees import key_of
from incidents.queries.escalation import target_names
from incidents.queries.paging import RAN_OUT, policy_changed

Status = Escalation.Status
# Beyond every level that a policy may have.
LAST_RESORT = 1000
MOST_MESSAGES, MOST_EVENTS, MOST_VENDORS = 60, 60, 12
SNOOZES = (5, 10, 15, 30, 60, 120, 240)
BADGES = {
    Status.ACTIVE: "waiting",
    Status.ACKNOWLEDGED: "ok",
    Status.SNOOZED: "skipped",
    Status.EXHAUSTED: "failed",
    Status.EXHAUSTED_NOBODY: "failed",
    Status.STOPPED: "skipped",
}


@dataclass(frozen=True)
class Told:
    """One person at one step, and every message to them: what failed first, what stood in for it after it."""

    name: str
    messages: list[Delivery]


@dataclass(frozen=True)
class ToldStep:
    """One level of one round. `label`: which, in words; `who`: as the policy says it."""

    label: str
    who: str
    people: list[Told]


@dataclass(frozen=True)
class Paging:
    """`escalation`: the newest climb; None where nobody has been paged for the incident.

    `next_words`, `next_at`: what happens by itself and when; `is_sure`: whether anything will. `limits`: for how many
    minutes it may be put off. `ran_out`: loud, with whom to call by hand.
    """

    escalation: Escalation | None
    badge: str = ""
    words: str = ""
    place: str = ""
    next_words: str = ""
    next_at: datetime | None = None
    next_who: str = ""
    steps: list[ToldStep] = field(default_factory=list)
    events: list[EscalationEvent] = field(default_factory=list)
    has_changed: bool = False
    ran_out: bool = False
    last_resort: Contact | None = None
    vendors: list[Vendor] = field(default_factory=list)
    may_acknowledge: bool = False
    may_escalate: bool = False
    may_put_off: bool = False
    may_rearm: bool = False

    @property
    def next_seconds(self) -> int | None:
        return None if self.next_at is None else max(0, round((self.next_at - now()).total_seconds()))

    @property
    def is_open(self) -> bool:
        return self.escalation is not None and self.escalation.status != Status.STOPPED

    @property
    def acknowledged_by(self) -> str:
        """Everybody whose answer counts, while it does."""
        if self.escalation is None or not self.is_open:
            return ""
        return listed([one.get("name") for one in self.escalation.acknowledgements if one.get("name")])

    @property
    def red(self) -> tuple[EscalationEvent.Kind, ...]:
        return EscalationEvent.RED

    @property
    def may_anything(self) -> bool:
        return self.may_acknowledge or self.may_escalate or self.may_put_off or self.may_rearm


def newest_escalation(incident: Incident) -> Escalation | None:
    return Escalation.objects.filter(incident=incident).order_by("-number").first()


def paging(incident: Incident, reader: Person) -> Paging:
    """At most nine queries, however many messages there are: the newest are shown."""
    escalation = newest_escalation(incident)
    may = reader.has_perm(RESPOND) and incident.status == Incident.Status.OPEN
    if escalation is None:
        return Paging(None, may_rearm=may)
    names = target_names()
    status = Status(escalation.status)
    shown = Paging(
        escalation,
        badge=BADGES[status],
        words=str(status.label),
        place=place_words(escalation, names),
        next_words=_next_words(escalation),
        next_at=escalation.next_at if status in Escalation.DUE else None,
        next_who=_next_who(escalation, names),
        steps=_told(escalation, names),
        events=_events(escalation),
        has_changed=status != Status.STOPPED and policy_changed(escalation),
        ran_out=status in RAN_OUT,
    )
    return _with_help(_with_acts(shown, reader, may), incident)


def _with_acts(shown: Paging, reader: Person, may: bool) -> Paging:
    """What the reader may do about it now."""
    escalation = shown.escalation
    if not may or escalation is None:
        return shown
    status = Status(escalation.status)
    return replace(
        shown,
        may_acknowledge=status != Status.STOPPED and not has_acknowledged(escalation, reader),
        may_escalate=status in (Status.ACTIVE, Status.ACKNOWLEDGED, Status.SNOOZED),
        may_put_off=status in (Status.ACTIVE, Status.ACKNOWLEDGED) and bool(snooze_choices(escalation)),
        may_rearm=shown.has_changed or shown.ran_out or status == Status.STOPPED,
    )


def _with_help(shown: Paging, incident: Incident) -> Paging:
    """Whom to call by hand when the ladder has run out. A drill calls no vendor."""
    if not shown.ran_out or shown.escalation is None:
        return shown
    contacts = Contact.objects.current().prefetch_related("channels")
    last_resort = contacts.filter(key=shown.escalation.snapshot.get("fallback") or "").first()
    vendors = Vendor.objects.current().prefetch_related("channels")
    return replace(shown, last_resort=last_resort, vendors=[] if incident.is_practice else list(vendors[:MOST_VENDORS]))


def has_acknowledged(escalation: Escalation, reader: Person) -> bool:
    """Whether their answer counts now: an earlier one may have expired."""
    own = key_of(reader) if isinstance(reader, User) and escalation.acknowledgements else ""
    return any(own == one.get("key") for one in escalation.acknowledgements)


def snooze_choices(escalation: Escalation) -> list[int]:
    """Minutes, up to what the policy allows, which is the last of them."""
    limit = int(escalation.snapshot.get("snooze_minutes") or 0)
    return sorted({one for one in (*SNOOZES, limit) if 0 < one <= limit})


# --- In words -----------------------------------------------------------------------------------------------------
def place_words(escalation: Escalation, names: dict[str, str]) -> str:
    """Round 1 of 3 · level 2 of 3: Technical lead."""
    levels: list[dict[str, Any]] = escalation.snapshot.get("levels", [])
    if escalation.level < 0:
        return _("Nobody has been paged yet")
    if escalation.level >= len(levels):
        return _("The last resort has been paged")
    return _("%(place)s: %(who)s") % {
        "place": _place(escalation.round, escalation.level, escalation.snapshot),
        "who": level_names(levels[escalation.level], names),
    }


def _place(round_: int, level: int, snapshot: dict[str, Any]) -> str:
    numbers = {
        "round": round_ + 1,
        "rounds": max(snapshot.get("rounds", 1), round_ + 1),
        "level": level + 1,
        "levels": len(snapshot.get("levels", [])),
    }
    if numbers["rounds"] == 1:
        return _("Level %(level)d of %(levels)d") % numbers
    return _("Round %(round)d of %(rounds)d, level %(level)d of %(levels)d") % numbers


def level_names(level: dict[str, Any], names: dict[str, str]) -> str:
    """Whom a level of a snapshot names."""
    return listed([names.get(target, target.partition(":")[2]) for target in level["targets"]])


def _next_words(escalation: Escalation) -> str:
    """What happens by itself when `next_at` has come."""
    if escalation.status == Status.ACKNOWLEDGED:
        if escalation.next_at is None:
            return ""
        if escalation.reminded_at is None:
            return _("Whoever acknowledged is reminded, unless something is done about it before")
        return _("Paging goes on, unless something is done about it before")
    if escalation.status == Status.SNOOZED:
        return _("Paging goes on")
    return _("Paged next, if nobody answers") if escalation.status == Status.ACTIVE else ""


def _next_who(escalation: Escalation, names: dict[str, str]) -> str:
    """Who is paged next; empty while somebody is on it."""
    if escalation.status not in (Status.ACTIVE, Status.SNOOZED):
        return ""
    return next_who(escalation, names)


def next_who(escalation: Escalation, names: dict[str, str]) -> str:
    """Whom the next step pages, whenever it comes: the next level, the first one again, or the last resort."""
    levels: list[dict[str, Any]] = escalation.snapshot.get("levels", [])
    if escalation.level + 1 < len(levels):
        return level_names(levels[escalation.level + 1], names)
    again = escalation.level >= len(levels) or escalation.round + 1 < escalation.snapshot.get("rounds", 1)
    if levels and again:
        return _("%(who)s, once more") % {"who": level_names(levels[0], names)}
    fallback = escalation.snapshot.get("fallback") or ""
    if fallback:
        return _("%(who)s, as the last resort") % {"who": names.get(f"contact:{fallback}", fallback)}
    return _("nobody: the ladder ends here")


# --- What became of the messages ----------------------------------------------------------------------------------
def _told(escalation: Escalation, names: dict[str, str]) -> list[ToldStep]:
    """The newest step first; within it in the order in which they were sent."""
    messages = Delivery.objects.filter(group=escalation.group).order_by("-pk")[:MOST_MESSAGES]
    steps: dict[tuple[int, int], dict[str, list[Delivery]]] = {}
    for one in reversed(messages):
        place = _step_of(one)
        steps.setdefault(place, {}).setdefault(one.person or one.recipient or one.address, []).append(one)
    return [_told_step(place, people, escalation, names) for place, people in sorted(steps.items(), reverse=True)]


def _step_of(message: Delivery) -> tuple[int, int]:
    """Round and level, as its key says: escalation:<pk>:<round>:<level, or last>:<person>:<channel>. News have none."""
    _group, _pk, round_, level, *_rest = [*message.dedup_key.split(":"), "", "", "", ""]
    if not round_.isdigit() or not (level.isdigit() or level == "last"):
        return -1, -1
    return int(round_), LAST_RESORT if level == "last" else int(level)


def _told_step(
    place: tuple[int, int], people: dict[str, list[Delivery]], escalation: Escalation, names: dict[str, str]
) -> ToldStep:
    levels: list[dict[str, Any]] = escalation.snapshot.get("levels", [])
    told = [Told(_called(messages), messages) for messages in people.values()]
    if place[0] < 0:
        return ToldStep(_("Reminders and news"), "", told)
    if place[1] >= len(levels):
        return ToldStep(_("Last resort"), "", told)
    return ToldStep(_place(*place, escalation.snapshot), level_names(levels[place[1]], names), told)


def _called(messages: Iterable[Delivery]) -> str:
    return next((one.recipient for one in messages if one.recipient), "") or _("the shared channel")


def _events(escalation: Escalation) -> list[EscalationEvent]:
    """The newest last."""
    return list(reversed(escalation.events.order_by("-pk")[:MOST_EVENTS]))
