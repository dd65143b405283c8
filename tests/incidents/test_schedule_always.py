"""What holds of every schedule: never two, never none without a gap, whatever the clocks and people do."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.schedule import Away, Change, Layer, Schedule, gaps, handed_over, moment, on_duty, shifts

# Half an hour, a whole day, midnight, two changes within a month: the zones in which clocks do what nobody expects.
ZONES = st.sampled_from(
    [
        "UTC",
        "Europe/Berlin",
        "America/New_York",
        "America/Sao_Paulo",
        "Australia/Lord_Howe",
        "Africa/Casablanca",
        "Asia/Kathmandu",
        "Pacific/Apia",
        "Pacific/Chatham",
    ]
)
# Around leap days and the days on which clocks change; and any other.
DAYS = st.sampled_from(
    [date(2011, 12, 30), date(2018, 11, 4), date(2024, 2, 29), date(2026, 3, 8), date(2026, 3, 29), date(2026, 10, 25)]
) | st.dates(date(2005, 1, 1), date(2040, 1, 1))
PEOPLE = st.sampled_from(["ada", "bob", "cai", "gone"])
CLOCKS = st.times().map(lambda clock: clock.replace(second=0, microsecond=0)) | st.just(time(2, 30))
EXISTING = frozenset({"ada", "bob", "cai"})
few = settings(max_examples=50, deadline=None)


@st.composite
def layers(draw: st.DrawFn, key: str, around: date) -> Layer:
    hours = draw(st.none() | st.tuples(CLOCKS, CLOCKS).filter(lambda pair: pair[0] != pair[1]))
    return Layer(
        key=key,
        zone=draw(ZONES),
        turn_days=draw(st.sampled_from([1, 7])),
        hand_over_at=draw(CLOCKS),
        starts_on=around - timedelta(days=draw(st.integers(-5, 400))),
        participants=tuple(draw(st.lists(PEOPLE, max_size=3, unique=True))),
        weekdays=draw(st.frozensets(st.integers(0, 6), max_size=6)) if key else frozenset(),
        hours=hours if key else None,
    )


def moments(around: date) -> st.SearchStrategy[datetime]:
    start = datetime.combine(around, time(0), UTC) - timedelta(days=10)
    return st.integers(0, 20 * 24 * 12).map(lambda fives: start + timedelta(minutes=5 * fives))


@st.composite
def changes(draw: st.DrawFn, around: date) -> Change:
    start, end = draw(st.tuples(moments(around), moments(around)).filter(lambda pair: pair[0] < pair[1]))
    pk, instead_of = draw(st.integers(1, 99)), draw(st.sampled_from(["", "ada", "bob"]))
    kind = "swap" if instead_of else "override"
    return Change(kind, pk, draw(PEOPLE), start, end, draw(moments(around)), instead_of)


@st.composite
def absences(draw: st.DrawFn, around: date) -> Away:
    start, end = draw(st.tuples(moments(around), moments(around)).filter(lambda pair: pair[0] < pair[1]))
    return Away(draw(PEOPLE), start, end, draw(moments(around)))


@st.composite
def schedules(draw: st.DrawFn) -> tuple[Schedule, datetime, datetime]:
    """With a time that is looked at."""
    around = draw(DAYS)
    made = Schedule(
        "primary",
        tuple(draw(layers(key, around)) for key in ("", "middle", "top")[: draw(st.integers(1, 3))]),
        EXISTING,
        tuple(draw(st.lists(changes(around), max_size=3))),
        tuple(draw(st.lists(absences(around), max_size=2))),
    )
    start, end = draw(st.tuples(moments(around), moments(around)).filter(lambda pair: pair[0] < pair[1]))
    return made, start, end


@few
@given(schedules())
def test_at_every_moment_there_is_one_person_or_a_gap_is_told(made):
    known, start, end = made
    pieces = [(max(one.starts_at, start), min(one.ends_at, end)) for one in shifts(known, start, end)]
    pieces += [(one.starts_at, one.ends_at) for one in gaps(known, start, end)]
    pieces.sort()
    assert (pieces[0][0], pieces[-1][1]) == (start, end)
    assert all(one[1] == following[0] for one, following in pairwise(pieces))
    assert all(one[0] < one[1] for one in pieces)


@few
@given(schedules(), st.integers(0, 10**6))
def test_a_moment_and_the_shifts_around_it_say_the_same(made, parts):
    known, start, end = made
    at = start + (end - start) * parts // 10**6
    duty = on_duty(known, at)
    around = [one.contact for one in shifts(known, start, end) if one.starts_at <= at < one.ends_at]
    assert around == ([duty.contact] if duty else []) or at == end


@few
@given(schedules())
def test_nobody_is_on_call_who_is_away_or_gone_unless_somebody_said_so_later(made):
    known, start, end = made
    for one in shifts(known, start, end):
        assert one.contact in known.contacts
        said_at = one.change.made_at if one.change else datetime.min.replace(tzinfo=UTC)
        away = [each for each in known.absences if each.contact == one.contact and each.made_at > said_at]
        assert not any(each.starts_at < one.ends_at and each.ends_at > one.starts_at for each in away)


@few
@given(schedules())
def test_a_shift_is_the_same_whatever_time_it_is_looked_at_from(made):
    known, start, end = made
    middle = start + (end - start) // 2
    whole = shifts(known, start, end)
    assert [one for one in whole if one.starts_at < middle] == shifts(known, start, middle)
    assert [one for one in whole if one.ends_at > middle] == shifts(known, middle, end)


@few
@given(schedules(), schedules())
def test_what_is_handed_over_is_where_the_two_disagree(one, other):
    (before, start, end), (after, _start, _end) = one, other
    for handed in handed_over(before, after, start, end):
        middle = handed.starts_at + (handed.ends_at - handed.starts_at) / 2
        said = [duty.contact if duty else "" for duty in (on_duty(before, middle), on_duty(after, middle))]
        assert said == [handed.before, handed.after]
        assert handed.before != handed.after


@few
@given(ZONES, DAYS, CLOCKS)
def test_later_on_the_wall_is_never_sooner(zone, day, clock):
    later = (datetime.combine(day, clock) + timedelta(minutes=25)).time()
    on = day if later > clock else day + timedelta(days=1)
    assert moment(zone, day, clock) <= moment(zone, on, later)
    assert moment(zone, day, clock) <= moment(zone, day + timedelta(days=1), clock)
