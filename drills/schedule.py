"""When a drill is due: rules of RFC 5545 turned into moments. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Protocol
from zoneinfo import ZoneInfo

from dateutil.rrule import rrule, rrulestr

# The time of day stands in its own field, so nothing finer than a day. A rule of days cannot be made impossible
# with these: looking for the next day of a rule that never comes true would take half a minute.
PARTS = {
    "DAILY": {"INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTH"},
    "WEEKLY": {"INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTH", "WKST"},
    "MONTHLY": {"INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTH", "BYMONTHDAY", "BYSETPOS", "WKST"},
    "YEARLY": {"INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTH", "BYMONTHDAY", "BYSETPOS", "BYWEEKNO", "WKST"},
}
NUMBER = re.compile(r"[1-9][0-9]{0,3}")


class Calendar(Protocol):
    """What a calendar must know to say when it is due."""

    rule: str
    starts_on: date
    starts_at: str
    time_zone: str


def parse(rule: str, *, starts_on: date) -> rrule:
    """The days of a rule such as FREQ=MONTHLY;BYDAY=1WE, as midnights without a zone. Raises ValueError."""
    if not re.fullmatch(r"[A-Z]+=[A-Z0-9,+-]+(;[A-Z]+=[A-Z0-9,+-]+)*", rule):
        raise ValueError(rule)
    parts = [part.split("=") for part in rule.split(";")]
    values = dict(parts)
    frequency = values.pop("FREQ", "")
    # dateutil would look for the next day at an interval of 0 for ever.
    numbers = (values[name] for name in ("INTERVAL", "COUNT") if name in values)
    sound = len(parts) == len(values) + 1 and all(map(NUMBER.fullmatch, numbers))
    if not sound or frequency not in PARTS or values.keys() - PARTS[frequency]:
        raise ValueError(rule)
    try:
        found = rrulestr(rule, dtstart=datetime.combine(starts_on, time.min), cache=False)
    except (ValueError, TypeError, IndexError, KeyError, OverflowError) as error:
        raise ValueError(rule) from error
    if not isinstance(found, rrule) or next(iter(found), None) is None:
        raise ValueError(rule)
    return found


def next_occurrences(calendar: Calendar, *, after: datetime, count: int = 1) -> list[datetime]:
    """The next moments strictly later than `after`, in UTC. Fewer than `count` where the rule ends."""
    return list(islice(_occurrences(calendar, after), count))


def _occurrences(calendar: Calendar, after: datetime) -> Iterator[datetime]:
    zone = ZoneInfo(calendar.time_zone)
    clock = time.fromisoformat(calendar.starts_at)
    # Two days early: no time zone is further than that from the date that UTC has.
    since = datetime.combine(after.astimezone(UTC).date() - timedelta(days=2), time.min)
    for day in parse(calendar.rule, starts_on=calendar.starts_on).xafter(since, inc=True):
        # A clock time that the change to summer time skips is read with the offset before the change (RFC 5545, 3.3.5).
        at = datetime.combine(day.date(), clock, tzinfo=zone).astimezone(UTC)
        if at > after:
            after = at  # where a zone once skipped a whole day, two days have one moment
            yield at
