"""When a contact is not to be woken for what can wait until morning."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from incidents.models import Contact, Severity

# P0 and P1 wake everybody: nobody may choose otherwise.
MAY_WAIT = (Severity.P2, Severity.P3)
A_DAY = timedelta(days=1)


def quiet_until(contact: Contact, severity: str, at: datetime) -> datetime | None:
    """When the quiet hours end that the contact has at this moment; None where a message may be sent now.

    None too for a severity that never waits, or one that nobody has decided yet. Hours are those of the clock on the
    contact's wall: a night in which clocks are changed is an hour shorter or longer.
    """
    if severity not in MAY_WAIT or not contact.quiet_hours:
        return None
    return end_of_quiet(contact.quiet_hours, contact.time_zone, at)


def end_of_quiet(hours: str, zone_name: str, at: datetime) -> datetime | None:
    """The same for hours such as 22:00-07:00 in a named zone. `at` is aware, the answer in UTC."""
    zone = ZoneInfo(zone_name)
    begins, ends = (time.fromisoformat(clock) for clock in hours.split("-"))
    today = at.astimezone(zone).date()
    # The night that began yesterday may not be over.
    for day in (today - A_DAY, today):
        # In UTC: Python compares times of one zone as if its clocks were never changed.
        start = datetime.combine(day, begins, zone).astimezone(UTC)
        end = datetime.combine(day + A_DAY * (ends <= begins), ends, zone).astimezone(UTC)
        if start <= at < end:
            return end
    return None
