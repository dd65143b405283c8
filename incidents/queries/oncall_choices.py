"""What the forms of on-call offer: until when one takes it, who can be put on call, what is swapped for what."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from incidents.models import Contact
from incidents.queries import oncall
from incidents.queries.oncall_page import participants
from incidents.queries.oncall_words import written
from incidents.schedule import Shift

SWAP_AHEAD = timedelta(days=84)
MOST_IN_RETURN = 6
TAKEN_FOR = timedelta(hours=12)
MOST_PEOPLE = 500

# A label and its options, each a value and its words.
Group = tuple[str, list[tuple[str, str]]]
# Key of a contact, and when one stands in for them in return.
Exchange = tuple[str, tuple[datetime, datetime] | None]


def takes_until(rotation_key: str, at: datetime) -> datetime:
    """The end of the shift that is, or half a day where nobody is on call."""
    shift = oncall.roster(at, at).shift_at(rotation_key, at)
    return shift.ends_at if shift else at + TAKEN_FOR


def people(rotation_key: str = "") -> list[Group]:
    """Everybody who can be on call; those who have turns in the rotation first, if one is named."""
    everybody = Contact.objects.current().exclude(kind=Contact.Kind.TEAM)
    names = {key: str(name) for key, name in everybody.values_list("key", "name")[:MOST_PEOPLE]}
    at = timezone.now()
    inside = participants(oncall.roster(at, at), rotation_key) if rotation_key else []
    first = [(key, names.pop(key)) for key in inside if key in names]
    groups = [(_("In this rotation"), first), (_("Everybody else") if first else _("Contacts"), list(names.items()))]
    return [group for group in groups if group[1]]


def shift_to_swap(rotation_key: str, contact_key: str, at: datetime, *, begins: str = "") -> Shift | None:
    """The shift of this person that begins then, by an ISO 8601 moment in UTC; else their next or present one."""
    shifts = oncall.shifts(rotation_key, at, at + SWAP_AHEAD)
    theirs = [one for one in shifts if one.contact == contact_key]
    asked = [one for one in theirs if written(one.starts_at) == begins]
    return next(iter(asked or theirs), None)


def exchanges(rotation_key: str, contact_key: str, at: datetime) -> list[Group]:
    """Everybody else who has turns in the rotation: to stand in for nothing, or for one of their next shifts."""
    known = oncall.roster(at, at + SWAP_AHEAD)
    ahead = [one for one in known.shifts(rotation_key, at, at + SWAP_AHEAD) if one.starts_at > at]
    found = []
    for other in participants(known, rotation_key):
        if other != contact_key and other in known.names:
            theirs = [one for one in ahead if one.contact == other][:MOST_IN_RETURN]
            options = [(exchange_value(other), _("%(name)s, for nothing in return") % {"name": known.names[other]})]
            options += [(exchange_value(other, one), _in_return(known.names[other], one)) for one in theirs]
            found.append((known.names[other], options))
    return found


def exchange_value(contact_key: str, shift: Shift | None = None) -> str:
    return f"{contact_key}@{shift.starts_at.isoformat()}/{shift.ends_at.isoformat()}" if shift else contact_key


def exchange_of(value: str) -> Exchange:
    key, _sign, times = value.partition("@")
    starts_at, _slash, ends_at = times.partition("/")
    return key, (datetime.fromisoformat(starts_at), datetime.fromisoformat(ends_at)) if times else None


def _in_return(name: str, shift: Shift) -> str:
    words = _("%(name)s, and you stand in for them from %(start)s until %(end)s")
    start, end = (date_format(timezone.localtime(one), "D Y-m-d H:i") for one in (shift.starts_at, shift.ends_at))
    return words % {"name": name, "start": start, "end": end}
