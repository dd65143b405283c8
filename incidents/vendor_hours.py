"""When somebody answers at a vendor: pure, from the words of the plan and a moment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

ALWAYS = "24/7"
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
A_DAY = timedelta(days=1)
A_WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Opening:
    """Whether they answer now, and when that changes; None for those who always do."""

    is_open: bool
    changes_at: datetime | None = None


def opening(hours: str, at: datetime) -> Opening | None:
    """Of hours as the plan writes them: 24/7, or “Mon-Fri 09:00-18:00 Asia/Tokyo”. None where it writes none.

    A range of days may go over the weekend (“Sat-Mon”), one of hours over midnight (“Mon-Fri 22:00-06:00”); 24:00 is
    the end of the day. Both are of the clock on the vendor's wall.
    """
    if not hours:
        return None
    if hours == ALWAYS:
        return Opening(is_open=True)
    for start, end in _spans(hours, at):
        if at < start:
            return Opening(is_open=False, changes_at=start)
        if at < end:
            return Opening(is_open=True, changes_at=end if end - start < A_WEEK else None)
    return Opening(is_open=False)


def _spans(hours: str, at: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The times at which they answer, from the last that may not be over; those that touch are one."""
    days, clocks, zone_name = hours.split(" ")
    zone = ZoneInfo(zone_name)
    begins, ends = clocks.split("-")
    today = at.astimezone(zone).date()
    kept: tuple[datetime, datetime] | None = None
    for offset in range(-2, 10):
        day = today + offset * A_DAY
        if day.weekday() not in _weekdays(days):
            continue
        over = ends == "24:00" or ends <= begins
        start = datetime.combine(day, time.fromisoformat(begins), zone).astimezone(UTC)
        end = datetime.combine(day + A_DAY * over, time.fromisoformat(ends.replace("24:", "00:")), zone)
        end = end.astimezone(UTC)
        if kept and start <= kept[1]:
            kept = (kept[0], end)
            continue
        if kept and kept[1] > at:
            yield kept
        kept = (start, end)
    if kept:
        yield kept


def _weekdays(days: str) -> set[int]:
    first, _dash, last = days.partition("-")
    start, end = DAYS.index(first), DAYS.index(last or first)
    return {(start + step) % 7 for step in range((end - start) % 7 + 1)}
