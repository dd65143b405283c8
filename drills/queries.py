"""When is the next drill, and how did the last one go? Nothing here writes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.timezone import now
from django.utils.translation import gettext as _

from drills.models import Drill, DrillCalendar
from drills.schedule import next_occurrences
from incidents.models import Contact
from incidents.queries.readiness import Finding

PROVEN_FOR = timedelta(days=35)


@dataclass(frozen=True)
class Upcoming:
    """A calendar, when it rings next (aware UTC), and who takes part."""

    calendar: DrillCalendar
    times: list[datetime]
    participants: list[str]

    @property
    def next_at(self) -> datetime | None:
        return self.times[0] if self.times else None


def upcoming(count: int = 1) -> list[Upcoming]:
    """Every current calendar with its next `count` times, the soonest calendar first; those that ended come last."""
    at = now()
    names = dict(Contact.objects.current().values_list("key", "name"))
    calendars = DrillCalendar.objects.current().prefetch_related("exercises", "criteria")
    found = [
        Upcoming(
            calendar,
            next_occurrences(calendar, after=at, count=count),
            [names.get(key, key) for key in calendar.participants],
        )
        for calendar in calendars
    ]
    return sorted(found, key=lambda one: (one.next_at is None, one.next_at or at))


def last_drill() -> Drill | None:
    return Drill.objects.filter(ended_at__isnull=False).select_related("calendar").order_by("-ended_at").first()


def findings() -> list[Finding]:
    passed = Drill.objects.filter(state=Drill.State.PASSED, ended_at__gte=now() - PROVEN_FOR).exists()
    if not DrillCalendar.objects.current().exists():
        return [Finding("failed", _("No drill is planned"), _("An untested plan is a hope."), "drills:calendar")]
    if not passed:
        what = _("No drill has passed in the last %(days)d days") % {"days": PROVEN_FOR.days}
        return [Finding("unknown", what, _("Whether the plan works has not been proven."), "drills:calendar")]
    return []
