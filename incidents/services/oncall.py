"""Change who is on call for a time: put somebody else on, take it oneself, swap with another, be away.

Whoever covers on-call does it for themselves; whoever may change on-call does it for others too. Everybody whom it puts
on call or relieves is told, but who did it themselves.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.utils.timezone import now
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_noop as _

from dr_console.audit.services import record as audit
from dr_console.errors import Refused
from dr_console.live.publish import hold, nudge
from dr_console.web.sentences import sentence
from incidents.models import Absence, Contact, Override, Rotation, Swap
from incidents.queries import oncall
from incidents.queries.oncall import LONGEST_CHANGE
from incidents.queries.people_of_contacts import contact_of
from incidents.services import oncall_news

State = Swap.State
COVER, CHANGE = "incidents.cover_on_call", "incidents.change_on_call"
LONGEST_ABSENCE = timedelta(days=366)
FURTHEST = timedelta(days=2 * 366)
REASON_CHARACTERS = 500
FACTS = ("starts_at", "ends_at", "return_starts_at", "return_ends_at", "reason", "state", "withdrawn_at")
Times = tuple[datetime, datetime]


# --- Overrides ----------------------------------------------------------------------------------------------------
@transaction.atomic
def override(
    rotation: Rotation, contact: Contact, *, starts_at: datetime, ends_at: datetime, reason: str = "", by: User
) -> Override:
    """Put this person on call from then, or from now on if that is past, whatever the rotation says."""
    at = _begin(by, contact.key)
    start = max(starts_at, at)
    _check_time(start, ends_at, at, LONGEST_CHANGE)
    _check_current(rotation, contact)
    before = oncall.roster(start, ends_at)
    made = Override.objects.create(
        rotation_key=rotation.key,
        contact_key=contact.key,
        starts_at=start,
        ends_at=ends_at,
        reason=_short(reason),
        made_at=at,
        made_by=by,
    )
    said = sentence(_("%(by)s changed who is on call."), by=str(by))
    if not oncall_news.tell_changes(before, cause=said, reason=made.reason, key=f"override:{made.pk}", by=by):
        raise Refused(_now("%(name)s is on call then already.") % {"name": contact.name})
    _note("oncall.override", made, by)
    return made


def take_now(rotation: Rotation, contact: Contact, *, until: datetime, reason: str = "", by: User) -> Override:
    """This person is on call from this moment on, and whoever it was is relieved."""
    return override(rotation, contact, starts_at=now(), ends_at=until, reason=reason, by=by)


@transaction.atomic
def end_override(made: Override, *, by: User) -> None:
    """From now on the rotation counts again; one that has not begun never does."""
    at = _begin(by, made.contact_key)
    before = oncall.roster(max(at, made.starts_at), max(at, made.ends_at))
    _end(Override.objects.standing().filter(pk=made.pk), at, _now("This override is over already."))
    said = sentence(_("%(by)s ended an override."), by=str(by))
    oncall_news.tell_changes(before, cause=said, key=f"override:{made.pk}:ended", by=by)
    _note("oncall.override_ended", made, by)


# --- Swaps --------------------------------------------------------------------------------------------------------
@transaction.atomic
def offer_swap(
    rotation: Rotation,
    *,
    from_contact: Contact,
    to_contact: Contact,
    starts_at: datetime,
    ends_at: datetime,
    in_return: Times | None = None,
    reason: str = "",
    by: User,
) -> Swap:
    """Ask the second to stand in for the first where it is the first's turn. They are told, and answer in the console.

    `in_return`: when the first would stand in for the second. The same offered twice is one offer.
    """
    at = _begin(by, from_contact.key)
    _check_current(rotation, from_contact, to_contact)
    _check_swap(rotation, from_contact, to_contact, (starts_at, ends_at), in_return, at)
    back_from, back_until = in_return or (None, None)
    swap, is_new = Swap.objects.get_or_create(
        rotation_key=rotation.key,
        from_contact=from_contact.key,
        to_contact=to_contact.key,
        starts_at=starts_at,
        ends_at=ends_at,
        state=State.OFFERED,
        defaults={
            "return_starts_at": back_from,
            "return_ends_at": back_until,
            "reason": _short(reason),
            "made_at": at,
            "made_by": by,
        },
    )
    if is_new:
        oncall_news.tell_offer(swap, by=by)
        _note("oncall.swap_offered", swap, by)
    return swap


@transaction.atomic
def accept_swap(swap: Swap, *, by: User) -> None:
    """Only who is to stand in can, or who may change on-call. What of its time is past stays as it was."""
    at = _begin(by, swap.to_contact)
    if swap.ends_at <= at:
        raise Refused(_now("The time of this swap is past."))
    before = oncall.roster(at, max(filter(None, (swap.ends_at, swap.return_ends_at))))
    _answer(swap, State.ACCEPTED, at, by)
    said = sentence(_("%(by)s accepted a swap."), by=str(by))
    oncall_news.tell_changes(before, cause=said, reason=swap.reason, key=f"swap:{swap.pk}", by=by)
    _note("oncall.swap_accepted", swap, by)


@transaction.atomic
def decline_swap(swap: Swap, *, reason: str = "", by: User) -> None:
    """Only who is asked can, or who may change on-call. Whoever it was for is told, and stays on call."""
    at = _begin(by, swap.to_contact)
    _answer(swap, State.DECLINED, at, by)
    oncall_news.tell_declined(swap, reason=_short(reason), by=by)
    _note("oncall.swap_declined", swap, by)


@transaction.atomic
def withdraw_swap(swap: Swap, *, by: User) -> None:
    """Only whose shift it is can, or who may change on-call."""
    at = _begin(by, swap.from_contact)
    _answer(swap, State.WITHDRAWN, at, by)
    oncall_news.tell_withdrawn(swap, by=by)
    _note("oncall.swap_withdrawn", swap, by)


# --- Absences -----------------------------------------------------------------------------------------------------
@transaction.atomic
def add_absence(contact: Contact, *, starts_at: datetime, ends_at: datetime, reason: str = "", by: User) -> Absence:
    """They are passed over then in every rotation, and whoever comes next is told.

    What they were put on call for before, or had agreed to, no longer holds in that time; what comes later does.
    """
    at = _begin(by, contact.key)
    start = max(starts_at, at)
    _check_time(start, ends_at, at, LONGEST_ABSENCE)
    known = Absence.objects.standing().filter(contact_key=contact.key, starts_at__lte=start, ends_at__gte=ends_at)
    if known.exists():
        raise Refused(_now("%(name)s is away then already.") % {"name": contact.name})
    before = oncall.roster(start, ends_at)
    made = Absence.objects.create(
        contact_key=contact.key, starts_at=start, ends_at=ends_at, reason=_short(reason), made_at=at, made_by=by
    )
    said = sentence(_("%(name)s is away."), name=oncall_news.name_of(contact.key))
    oncall_news.tell_changes(before, cause=said, key=f"absence:{made.pk}", by=by)
    _note("oncall.absence", made, by)
    return made


@transaction.atomic
def end_absence(absence: Absence, *, by: User) -> None:
    """They are back from now on; one that has not begun never does."""
    at = _begin(by, absence.contact_key)
    before = oncall.roster(max(at, absence.starts_at), max(at, absence.ends_at))
    _end(Absence.objects.standing().filter(pk=absence.pk), at, _now("This absence is over already."))
    said = sentence(_("%(name)s is back."), name=oncall_news.name_of(absence.contact_key))
    oncall_news.tell_changes(before, cause=said, key=f"absence:{absence.pk}:ended", by=by)
    _note("oncall.absence_ended", absence, by)


# --- Rules --------------------------------------------------------------------------------------------------------
def may_act_for(person: User, contact_key: str) -> bool:
    """Whether they may change this contact's shifts: their own, or anybody's."""
    if person.has_perm(CHANGE):
        return True
    own = contact_of(person) if person.has_perm(COVER) else None
    return own is not None and own.key == contact_key


def _begin(by: User, contact_key: str) -> datetime:
    """Wait for whoever changes on-call at this moment; then it is our turn."""
    hold("console")
    if not may_act_for(by, contact_key):
        raise Refused(_now("You can do this for yourself alone, as the contact that has your e-mail address or login."))
    return now()


def _check_time(start: datetime, end: datetime, at: datetime, longest: timedelta) -> None:
    if end <= start:
        raise Refused(_now("It has to end after it begins, and not in the past."))
    if end - start > longest:
        raise Refused(_now("At most %(days)s days at once: what lasts belongs into the plan.") % {"days": longest.days})
    if end - at > FURTHEST or end <= at:
        raise Refused(_now("It has to be in the future, and within two years."))


def _check_current(rotation: Rotation, *contacts: Contact) -> None:
    gone = next((one for one in (rotation, *contacts) if one.retired_at is not None), None)
    if gone:
        raise Refused(_now("“%(name)s” is no longer in the plan.") % {"name": gone})


def _check_swap(
    rotation: Rotation, from_: Contact, to: Contact, times: Times, in_return: Times | None, at: datetime
) -> None:
    if from_.key == to.key:
        raise Refused(_now("Nobody swaps with themselves."))
    _check_turn(rotation, from_, times, at)
    if in_return:
        _check_turn(rotation, to, in_return, at)
        if in_return[0] < times[1] and times[0] < in_return[1]:
            raise Refused(_now("What is given in return has to be at another time."))


def _check_turn(rotation: Rotation, contact: Contact, times: Times, at: datetime) -> None:
    _check_time(*times, at, LONGEST_CHANGE)
    if not any(shift.contact == contact.key for shift in oncall.shifts(rotation.key, max(times[0], at), times[1])):
        said = {"name": contact.name, "rotation": rotation.name}
        raise Refused(_now("%(name)s is not on call in “%(rotation)s” then.") % said)


# --- What changes -------------------------------------------------------------------------------------------------
def _end(mine: QuerySet[Any], at: datetime, over: str) -> None:
    """One that has not begun never counts; what of it is past stays as it was."""
    if not mine.filter(starts_at__gte=at).update(withdrawn_at=at):
        if not mine.filter(ends_at__gt=at).update(ends_at=at):
            raise Refused(over)


def _answer(swap: Swap, state: Swap.State, at: datetime, by: User) -> None:
    """Once: whoever comes second is told what became of it."""
    answered = {"state": state, "answered_at": at, "answered_by": by}
    if not Swap.objects.offered().filter(pk=swap.pk).update(**answered):
        swap.refresh_from_db()
        raise Refused(_now("This swap is in the state “%(state)s” meanwhile.") % {"state": swap.get_state_display()})
    for name, value in answered.items():
        setattr(swap, name, value)


def _note(action: str, row: Override | Swap | Absence, by: User) -> None:
    row.refresh_from_db()
    facts = {name: _plain(getattr(row, name)) for name in FACTS if hasattr(row, name)}
    audit(action, by=by, target=row, after={name: value for name, value in facts.items() if value})
    nudge("console", "oncall")


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _short(reason: str) -> str:
    return reason.strip()[:REASON_CHARACTERS]
