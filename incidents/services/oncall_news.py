"""Tell people what somebody else changed of their shifts: in their language, in the time of their own zone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext_noop as _

from dr_console.notifications.messages import Message, Words
from dr_console.notifications.services import notify
from dr_console.web.sentences import Sentence, Texts, sentence
from incidents import schedule
from incidents.keys import in_key
from incidents.models import ChannelKind, Contact, Rotation, Swap
from incidents.queries import oncall, recipients
from incidents.queries.oncall import LONGEST_CHANGE, Roster
from incidents.queries.people_of_contacts import contact_of
from incidents.queries.recipients import Recipient
from incidents.schedule import Handed

WRITTEN = (ChannelKind.SLACK, ChannelKind.EMAIL)
ON_CALL = _("You are on call from %(start)s: %(rotation)s")
RELIEVED = _("You are relieved from %(start)s: %(rotation)s")
MOST_TIMES = 8
# What begins so soon is worth a call to somebody who has no address of their own that can be written to.
SOON = timedelta(hours=24)
Facts = Iterator[tuple[Words, Words]]
Names = dict[str, Texts]


def tell_changes(before: Roster, *, cause: Sentence, key: str, reason: str = "", by: User) -> list[Handed]:
    """Compare with what holds now; tell whom it puts on call or relieves, but `by`. Returns all that is different.

    Of a change that lasts longer than three months, the first three are told.
    """
    handed = _handed_over(before)
    facts, names = tuple(_given(by, reason)), {key: _texts(rotation) for key, rotation in before.rotations.items()}
    for contact in _others({contact for one in handed for contact in (one.before, one.after)}, by):
        own = [one for one in handed if contact.key in (one.before, one.after)]
        message = _message(_headline(contact, own, names), (*_times(contact, own, names), *facts), body=cause)
        gained = [one.starts_at for one in own if one.after == contact.key]
        _send(contact, message, key, begins_at=gained[0] if gained else None)
    return handed


def tell_offer(swap: Swap, *, by: User) -> None:
    """Ask whoever is to stand in."""
    words = _("%(name)s asks you to stand in: %(rotation)s")
    _tell(swap, swap.to_contact, words, "offered", swap.reason, name=swap.from_contact, by=by)


def tell_declined(swap: Swap, *, reason: str = "", by: User) -> None:
    """Whoever wanted to swap stays on call."""
    words = _("%(name)s cannot stand in, you stay on call: %(rotation)s")
    _tell(swap, swap.from_contact, words, "declined", reason, name=swap.to_contact, by=by)


def tell_withdrawn(swap: Swap, *, by: User) -> None:
    """Whoever was asked need not answer any more."""
    words = _("%(name)s no longer asks you to stand in: %(rotation)s")
    _tell(swap, swap.to_contact, words, "withdrawn", "", name=swap.from_contact, by=by)


def name_of(contact_key: str) -> Texts | str:
    """In every language; the key itself of one who is no longer in the plan."""
    contact = Contact.objects.filter(key=contact_key).first()
    return _texts(contact) if contact else contact_key


def _handed_over(before: Roster) -> list[Handed]:
    start, end = before.start, min(before.end, before.start + LONGEST_CHANGE)
    after = oncall.roster(start, end).schedules
    found = (schedule.handed_over(one, after[key], start, end) for key, one in before.schedules.items() if key in after)
    return sorted(chain.from_iterable(found), key=lambda one: one.starts_at)


# --- What is said -------------------------------------------------------------------------------------------------
def _tell(swap: Swap, to: str, words: str, what: str, reason: str, *, name: str, by: User) -> None:
    said = sentence(words, name=name_of(name), rotation=_rotation(swap.rotation_key))
    for contact in _others({to}, by):
        facts = (*_times_of(swap, contact), *_given(by, reason))
        message = _message(said, facts, page=reverse("incidents:swap", args=[swap.pk]))
        begins_at = None if what == "withdrawn" else swap.starts_at
        _send(contact, message, f"swap:{swap.pk}:{what}", begins_at=begins_at)


def _headline(contact: Contact, handed: list[Handed], names: Names) -> Sentence:
    """The first time that they are put on call; where there is none, the first that they are relieved."""
    gained = [one for one in handed if one.after == contact.key]
    words = ON_CALL if gained else RELIEVED
    first = (gained or handed)[0]
    return sentence(words, start=_shown(first.starts_at, contact), rotation=names[first.rotation])


def _times(contact: Contact, handed: list[Handed], names: Names) -> Facts:
    for one in handed[:MOST_TIMES]:
        words = _("On call: %(rotation)s") if one.after == contact.key else _("Relieved: %(rotation)s")
        yield sentence(words, rotation=names[one.rotation]), _span(one.starts_at, one.ends_at, contact)
    if len(handed) > MOST_TIMES:
        yield sentence(_("Further times")), str(len(handed) - MOST_TIMES)


def _times_of(swap: Swap, contact: Contact) -> Facts:
    yield sentence(_("Time")), _span(swap.starts_at, swap.ends_at, contact)
    if swap.return_starts_at and swap.return_ends_at:
        yield sentence(_("In return")), _span(swap.return_starts_at, swap.return_ends_at, contact)


def _given(by: User, reason: str) -> Facts:
    yield sentence(_("By")), str(by)
    if reason:
        yield sentence(_("Reason")), reason


def _message(said: Sentence, facts: tuple[tuple[Words, Words], ...], body: Words = "", page: str = "") -> Message:
    url = f"{settings.DR_PUBLIC_URL}{page or reverse('incidents:oncall')}"
    return Message(subject=said, body=body, facts=facts, url=url, url_text=sentence(_("Open DR Console")))


def _span(start: datetime, end: datetime, contact: Contact) -> str:
    return f"{_shown(start, contact)} – {_shown(end, contact)}"


def _shown(at: datetime, contact: Contact) -> str:
    return f"{at.astimezone(ZoneInfo(contact.time_zone)):%Y-%m-%d %H:%M} {contact.time_zone}"


def _rotation(key: str) -> Texts | str:
    rotation = Rotation.objects.filter(key=key).first()
    return _texts(rotation) if rotation else key


def _texts(entry: Contact | Rotation) -> Texts:
    names = {"en": entry.name_en, "zh-hans": entry.name_zh_hans}  # type: ignore[union-attr]  # modeltranslation adds them
    return {language: name for language, name in names.items() if name} or {"en": entry.key}


# --- To whom ------------------------------------------------------------------------------------------------------
def _others(keys: set[str], by: User) -> list[Contact]:
    """Who is to be told: not those who did it themselves."""
    own = contact_of(by)
    wanted = keys - {"", own.key if own else ""}
    return list(Contact.objects.current().filter(key__in=wanted).prefetch_related("channels"))


def _send(contact: Contact, message: Message, key: str, *, begins_at: datetime | None) -> None:
    """`begins_at`: when something is to be done by them; nobody is called to hear that they have less to do."""
    is_soon = begins_at is not None and begins_at - now() < SOON
    for one in _reachable(contact, is_soon=is_soon):
        # Where others read it too, it says whom it is for.
        named = message if one.address else _named(message, contact)
        notify(
            channel=one.channel,
            address=one.address,
            recipient=one.name,
            language=one.language,
            message=named,
            dedup_key=f"oncall:{key}:{contact.key}:{one.channel}:{in_key(one.address)}",
            person=contact.key,
            payload={"event": "oncall", "key": f"oncall:{key}", "action": "trigger"},
        )


def _named(message: Message, contact: Contact) -> Message:
    said = sentence(_("%(name)s: %(said)s"), name=_texts(contact), said=message.subject)
    return replace(message, subject=said)


def _reachable(contact: Contact, *, is_soon: bool) -> list[Recipient]:
    """Their own addresses, else a call where it begins soon, else the shared channel."""
    written = [one for one in recipients.of_contact(contact, WRITTEN) if not _is_nobodys(one)]
    own = [one for one in written if one.address]
    called = recipients.of_contact(contact, [ChannelKind.PHONE]) if is_soon and not own else ()
    return own or [one for one in called if not _is_nobodys(one)] or written


def _is_nobodys(one: Recipient) -> bool:
    """Placeholders are for the sandbox: in live mode nobody answers there."""
    return one.is_placeholder and settings.DR_MODE == "live"
