"""The pages of on-call: all rotations now and in the days to come, one rotation, and what is one's own."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet
from django.utils import timezone

from incidents.models import Absence, OnCallFeed, Override, Period, Rotation, RotationLayer, Swap, Weekday
from incidents.oncall_calendar import monday
from incidents.queries.oncall import LONGEST_CHANGE, LOOKED_AHEAD_DAYS, Roster, roster
from incidents.queries.oncall_shown import DETAIL_WEEKS, Away, Card, Detail, Instead, Line, Mine, Offer, Overview, Rule
from incidents.queries.oncall_words import Reader, Served, Stretch, Words, span_of

OVERVIEW_WEEKS = 2
MY_DAYS = 84
MOST = 50
MOST_HOLES = 10
TWO_WEEKS = timedelta(days=LOOKED_AHEAD_DAYS)
# So far ahead every shift that has begun is whole, and the one after it is known.
AHEAD = LONGEST_CHANGE + TWO_WEEKS


def overview(reader: Reader, *, at: datetime, asked: datetime | None = None) -> Overview:
    """A dozen queries, however many rotations there are; `more_…`: how many of them are not among what is shown."""
    start = at - timedelta(days=1)
    known = roster(min(start, asked or start), max(at + AHEAD, asked or at))
    words = Words(known, at, reader.key)
    cards = [_card(words, key, asked) for key in list(known.schedules)[:MOST]]
    left_out = list(known.schedules)[MOST:]
    holes = [hole for card in cards for hole in card.holes]
    holes += [hole for key in left_out for hole in words.stretch(key, at, at + TWO_WEEKS).holes]
    holes.sort(key=lambda hole: hole.gap.starts_at)
    return Overview(
        at=at,
        asked=asked,
        reader=reader,
        cards=cards,
        more_cards=len(left_out),
        holes=holes[:MOST_HOLES],
        more_holes=max(0, len(holes) - MOST_HOLES),
        offers=_offers(words, Swap.objects.offered().filter(ends_at__gt=at)),
        away=_away(words, Absence.objects.all(), at),
    )


def _card(words: Words, key: str, asked: datetime | None) -> Card:
    at = words.at
    today = at.astimezone(timezone.get_current_timezone()).date()
    known = words.stretch(key, span_of(today, OVERVIEW_WEEKS)[0], at + TWO_WEEKS)
    now, following = _standing(words, key, known)
    then = words.roster.shift_at(key, asked) if asked else None
    return Card(
        rotation=words.roster.rotations[key],
        now=now,
        next=following,
        then=words.served(then) if then else None,
        holes=[hole for hole in known.holes if hole.gap.ends_at > at],
        weeks=words.weeks(known, first=today, count=OVERVIEW_WEEKS),
        takes_part=words.mine in participants(words.roster, key),
    )


def _standing(words: Words, key: str, known: Stretch) -> tuple[Served | None, Served | None]:
    """Who is on call, and who is next: beyond the stretch that is known where they have to be."""
    at = words.at
    now = next((one for one in known.served if one.shift.starts_at <= at < one.shift.ends_at), None)
    following = next((one for one in known.served if one.shift.starts_at > at), None)
    if following is None:
        later = words.roster.standing(key, at).next
        following = words.served(later) if later else None
    return now, following


def participants(known: Roster, key: str) -> list[str]:
    """Keys of everybody who has turns in it, in whichever layer, in their order."""
    layers = known.schedules[key].layers
    return list(dict.fromkeys(one for layer in layers for one in layer.participants))


def detail(rotation_key: str, reader: Reader, *, at: datetime, first: date | None = None) -> Detail | None:
    """None for a rotation that the plan does not have."""
    first = monday(first or at.astimezone(timezone.get_current_timezone()).date())
    start, end = span_of(first, DETAIL_WEEKS)
    known = roster(min(start, at), max(end, at + AHEAD))
    if rotation_key not in known.rotations:
        return None
    words = Words(known, at, reader.key)
    near = words.stretch(rotation_key, at, at + TWO_WEEKS)
    shown = words.stretch(rotation_key, start, end)
    now, following = _standing(words, rotation_key, near)
    people = participants(known, rotation_key)
    return Detail(
        at=at,
        reader=reader,
        rotation=known.rotations[rotation_key],
        now=now,
        next=following,
        weeks=words.weeks(shown, first=first, count=DETAIL_WEEKS),
        lines=_lines(shown),
        holes=near.holes,
        instead=_instead(words, rotation_key, at),
        offers=_offers(words, Swap.objects.offered().filter(ends_at__gt=at, rotation_key=rotation_key)),
        away=_away(words, Absence.objects.filter(contact_key__in=people), at),
        people={key: words.name(key) for key in people},
        layers=_rules(words, known.rotations[rotation_key]),
        feeds=_feeds(rotation_key),
        first=first,
    )


def mine(reader: Reader, person: User, *, at: datetime) -> Mine:
    known = roster(at, at + timedelta(days=MY_DAYS))
    words = Words(known, at, reader.key)
    shifts = _my_shifts(words) if reader.key else []
    of_me = Q(from_contact=reader.key) | Q(to_contact=reader.key)
    return Mine(
        at=at,
        reader=reader,
        now=[one for one in shifts if one.shift.starts_at <= at],
        coming=[one for one in shifts if one.shift.starts_at > at],
        offers=_offers(words, Swap.objects.offered().filter(of_me, ends_at__gt=at)) if reader.key else [],
        away=_away(words, Absence.objects.filter(contact_key=reader.key), at) if reader.key else [],
        feeds=list(OnCallFeed.objects.open().filter(made_by=person)[:MOST]),
    )


def offer(swap: Swap, reader: Reader) -> Offer:
    """One of them in words, however old it is."""
    return _offer(Words(roster(swap.starts_at, swap.ends_at), swap.starts_at, reader.key), swap)


def _lines(known: Stretch) -> list[Line]:
    served = [Line(one.shift.starts_at, one.shift.ends_at, one) for one in known.served]
    holes = [Line(one.gap.starts_at, one.gap.ends_at, None) for one in known.holes]
    return sorted([*served, *holes], key=lambda line: line.starts_at)


def _my_shifts(words: Words) -> list[Served]:
    """Only of rotations in which they can be on call: to look through all the others takes its time."""
    known = words.roster
    theirs = [key for key in known.schedules if words.mine in _can_serve(known, key)]
    shifts = [shift for key in theirs for shift in known.shifts(key, known.start, known.end)]
    mine = sorted((one for one in shifts if one.contact == words.mine), key=lambda shift: shift.starts_at)
    return [words.served(shift) for shift in mine]


def _can_serve(known: Roster, key: str) -> set[str]:
    return {*participants(known, key), *(change.contact for change in known.schedules[key].changes)}


def _offers(words: Words, swaps: QuerySet[Swap]) -> list[Offer]:
    """The soonest first."""
    return [_offer(words, swap) for swap in swaps.order_by("starts_at", "pk")[:MOST]]


def _offer(words: Words, swap: Swap) -> Offer:
    rotation = words.roster.rotations.get(swap.rotation_key)
    return Offer(
        swap=swap,
        rotation=str(rotation) if rotation else swap.rotation_key,
        giver=words.name(swap.from_contact),
        taker=words.name(swap.to_contact),
        to_me=swap.to_contact == words.mine,
        from_me=swap.from_contact == words.mine,
    )


def _away(words: Words, absences: QuerySet[Absence], at: datetime) -> list[Away]:
    """The soonest first."""
    open_ones = absences.filter(withdrawn_at=None, ends_at__gt=at).order_by("starts_at", "pk")[:MOST]
    return [Away(one, words.name(one.contact_key), one.contact_key == words.mine) for one in open_ones]


def _instead(words: Words, rotation_key: str, at: datetime) -> list[Instead]:
    """The soonest first."""
    standing = Override.objects.standing().filter(rotation_key=rotation_key, ends_at__gt=at)
    found = standing.select_related("made_by").order_by("starts_at", "pk")[:MOST]
    return [Instead(one, words.name(one.contact_key)) for one in found]


def _feeds(rotation_key: str) -> list[OnCallFeed]:
    return list(OnCallFeed.objects.open().filter(rotation_key=rotation_key).select_related("made_by")[:MOST])


def _rules(words: Words, rotation: Rotation) -> list[Rule]:
    """What comes first of all first."""
    layers: list[RotationLayer] = list(rotation.layers.all())
    return [*(_rule(words, layer) for layer in reversed(layers)), _rule(words, rotation)]


def _rule(words: Words, row: Rotation | RotationLayer) -> Rule:
    days = [str(Weekday(one).label) for one in row.weekdays] if isinstance(row, RotationLayer) else []
    return Rule(
        name=str(row.name),
        people=[words.name(key) for key in row.participants],
        period=str(Period(row.period).label),
        hand_over_at=row.hand_over_at,
        zone=row.time_zone,
        days=days,
        hours=row.hours if isinstance(row, RotationLayer) else "",
    )
