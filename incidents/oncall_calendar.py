"""Pure: weeks of a calendar as bars to draw, from who is on call from when until when."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

DAYS = 7


@dataclass(frozen=True)
class Turn:
    """Somebody is on call, or nobody (`name` is empty). `look`: how the bar differs, besides its words."""

    starts_at: datetime
    ends_at: datetime
    name: str
    look: str = ""
    mark: str = ""


@dataclass(frozen=True)
class Bar:
    """Part of a turn within one week. `left`, `width`: in percent of the week. It goes on beyond the week or not."""

    turn: Turn
    left: str
    width: str
    comes_before: bool
    goes_on: bool


@dataclass(frozen=True)
class Day:
    """One column. Where the clocks change it is an hour narrower or wider."""

    day: date
    left: str
    width: str
    is_today: bool


@dataclass(frozen=True)
class Week:
    starts_at: datetime
    ends_at: datetime
    days: list[Day]
    bars: list[Bar]
    now: str

    @property
    def last_day(self) -> date:
        return self.days[-1].day


def midnight(day: date, zone: tzinfo) -> datetime:
    """The day's first moment by the clocks of the zone, in UTC: where that night has no midnight, the first hour."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def weeks(turns: Sequence[Turn], *, first: date, count: int, zone: tzinfo, at: datetime) -> list[Week]:
    """`count` weeks from the day `first` on, as days are in the zone; `at` is marked where it falls."""
    return [_week(turns, first + timedelta(days=DAYS * number), zone, at) for number in range(count)]


def _week(turns: Sequence[Turn], first: date, zone: tzinfo, at: datetime) -> Week:
    dates = [first + timedelta(days=number) for number in range(DAYS + 1)]
    edges = [midnight(day, zone) for day in dates]
    starts_at, ends_at = edges[0], edges[-1]
    place = _placing(starts_at, ends_at)
    today = at.astimezone(zone).date()
    return Week(
        starts_at=starts_at,
        ends_at=ends_at,
        days=[
            Day(day, place(edges[number]), place(edges[number + 1], since=edges[number]), day == today)
            for number, day in enumerate(dates[:-1])
        ],
        bars=[
            _bar(turn, starts_at, ends_at) for turn in turns if turn.starts_at < ends_at and turn.ends_at > starts_at
        ],
        now=place(at) if starts_at <= at < ends_at else "",
    )


def _bar(turn: Turn, starts_at: datetime, ends_at: datetime) -> Bar:
    place = _placing(starts_at, ends_at)
    begins, ends = max(turn.starts_at, starts_at), min(turn.ends_at, ends_at)
    return Bar(turn, place(begins), place(ends, since=begins), turn.starts_at < starts_at, turn.ends_at > ends_at)


def _placing(starts_at: datetime, ends_at: datetime) -> Callable[..., str]:
    whole = ends_at - starts_at

    def place(when: datetime, since: datetime = starts_at) -> str:
        return f"{100 * ((when - since) / whole):.3f}%"

    return place
