"""Shifts as a calendar file (RFC 5545), for calendar programs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from icalendar import Calendar, Event, vText

from dr_console import __version__
from incidents.models import OnCallFeed
from incidents.queries.oncall import roster
from incidents.queries.oncall_words import Hole, Served, Words

READ_AGAIN = timedelta(hours=1)
BACK, AHEAD = timedelta(days=31), timedelta(days=92)


def of_feed(feed: OnCallFeed, *, at: datetime) -> bytes:
    """A month back and three ahead, from and to midnight UTC, so that it changes once a day at most by itself."""
    today = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    known = roster(today - BACK, today + AHEAD)
    words = Words(known, at)
    if feed.contact_key:
        shifts = known.shifts_of(feed.contact_key, known.start, known.end)
        return calendar(titled(feed, words), map(words.served, shifts))
    if feed.rotation_key not in known.rotations:
        return calendar(titled(feed, words), [])
    found = words.stretch(feed.rotation_key, known.start, known.end)
    return calendar(titled(feed, words), found.served, [hole for hole in found.holes if hole.gap.ends_at > today])


def titled(feed: OnCallFeed, words: Words) -> str:
    """Of what has left the plan: the key."""
    if feed.contact_key:
        return _("On call: %(name)s") % {"name": words.name(feed.contact_key)}
    rotation = words.roster.rotations.get(feed.rotation_key)
    return _("On call: %(name)s") % {"name": rotation or feed.rotation_key}


def calendar(name: str, served: Iterable[Served], holes: Iterable[Hole] = ()) -> bytes:
    """The same shifts give the same bytes: nothing in it tells when it was made. Times are in UTC."""
    found = Calendar()
    found.add("prodid", f"-//DR Console {__version__}//EN")
    found.add("version", "2.0")
    found.add("method", "PUBLISH")
    for field in ("name", "x-wr-calname"):
        found.add(field, vText(name))
    for field in ("refresh-interval", "x-published-ttl"):
        found.add(field, READ_AGAIN, parameters={"VALUE": "DURATION"})
    for one in served:
        found.add_component(_shift(one))
    for hole in holes:
        found.add_component(_hole(hole))
    written: bytes = found.to_ical()
    return written


def _shift(one: Served) -> Event:
    words = {"rotation": one.rotation, "name": one.name}
    said = ". ".join(part for part in (one.why, one.reason) if part)
    shift = one.shift
    uid = _uid(shift.rotation, shift.contact, shift.starts_at)
    return _event(uid, shift.starts_at, shift.ends_at, _("%(rotation)s: %(name)s") % words, said, shift.rotation)


def _hole(hole: Hole) -> Event:
    gap = hole.gap
    summary = _("%(rotation)s: nobody is on call") % {"rotation": hole.rotation}
    return _event(_uid(gap.rotation, "", gap.starts_at), gap.starts_at, gap.ends_at, summary, "", gap.rotation)


def _event(uid: str, starts_at: datetime, ends_at: datetime, summary: str, said: str, rotation: str) -> Event:
    event = Event()
    event.add("uid", uid)
    # When it was written down is not known, and must not be the moment of asking: then nothing would ever be unchanged.
    event.add("dtstamp", starts_at.astimezone(UTC))
    event.add("dtstart", starts_at.astimezone(UTC))
    event.add("dtend", ends_at.astimezone(UTC))
    event.add("summary", summary)
    if said:
        event.add("description", said)
    event.add("url", f"{settings.DR_PUBLIC_URL}{reverse('incidents:rotation', args=[rotation])}")
    # To be on call is no reason not to be asked to lunch.
    event.add("transp", "TRANSPARENT")
    return event


def _uid(rotation: str, contact: str, starts_at: datetime) -> str:
    """The same for a shift as long as it is that person's and begins then."""
    facts = f"{settings.DR_PUBLIC_URL} {rotation} {contact} {starts_at.astimezone(UTC).isoformat()}"
    return f"{hashlib.sha256(facts.encode()).hexdigest()[:32]}@dr-console"
