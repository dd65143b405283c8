"""What the public status page tells: of each service how it is and was, what has been published, what is planned.

Nothing is told that was not published for customers; only the uptime is measured.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Prefetch

from dr_console.web.sentences import Texts
from incidents.figures import unpack_counts
from incidents.models import (
    Audience,
    Impact,
    Incident,
    MaintenanceNotice,
    ProbeRollup,
    Service,
    Stage,
    StatusUpdate,
)
from incidents.queries.health import used_endpoints
from incidents.queries.rounds import ADDED_UP_AFTER, HOUR, floor

DAYS = 90
MOST_PAST = 100
MOST_UPDATES = 200
PLANNED_AHEAD = timedelta(days=90)
# Of the checks of a day: above the first all is well, under the second much was not.
WELL, BAD = 99.9, 99.0
WORST_FIRST = list(reversed(Impact.values))


@dataclass(frozen=True)
class Day:
    """`uptime`: percent of the checks that were good; None where none was made."""

    on: date
    uptime: float | None

    @property
    def look(self) -> str:
        """A word: none, well, some or bad."""
        if self.uptime is None:
            return "none"
        return "well" if self.uptime >= WELL else "some" if self.uptime >= BAD else "bad"


@dataclass(frozen=True)
class Component:
    key: str
    name: Texts
    state: Impact
    days: list[Day]
    uptime: float | None


@dataclass(frozen=True)
class Story:
    """One incident as customers know it: its updates, the newest first."""

    reference: str
    updates: list[StatusUpdate]
    is_over: bool

    @property
    def newest(self) -> StatusUpdate:
        return self.updates[0]

    @property
    def title(self) -> Texts:
        """As it was first called."""
        headline: Texts = self.updates[-1].headline
        return headline

    @property
    def impact(self) -> dict[str, str]:
        told: dict[str, str] = {} if self.is_over else self.newest.impact
        return told

    @property
    def began_at(self) -> datetime:
        return self.updates[-1].at


@dataclass(frozen=True)
class PublicPage:
    at: datetime
    components: list[Component]
    current: list[Story]
    past: list[Story]
    maintenance: list[MaintenanceNotice]

    @property
    def overall(self) -> Impact:
        return worst(component.state for component in self.components)


def public_page(at: datetime) -> PublicPage:
    """All of it. A dozen queries, and as many again as there are services."""
    stories = _stories(at)
    notices = announced(at)
    return PublicPage(
        at=at,
        components=_components(at, [story for story in stories if not story.is_over], notices),
        current=[story for story in stories if not story.is_over],
        past=[story for story in stories if story.is_over],
        maintenance=notices,
    )


def worst(states: Iterable[Impact | str]) -> Impact:
    """The one that needs the most attention; operational, if there is none."""
    return Impact(min((Impact(state) for state in states), key=WORST_FIRST.index, default=Impact.OPERATIONAL))


def _stories(at: datetime) -> list[Story]:
    """Of the last ninety days, and what is not over however old it is; the newest first."""
    public = StatusUpdate.objects.public().order_by("-at", "-pk")
    told = Incident.objects.filter(
        is_practice=False, updates__audience=Audience.CUSTOMERS, updates__withdrawn_at__isnull=True
    )
    incidents = (
        told.order_by("-started_at", "-pk").distinct().prefetch_related(Prefetch("updates", public, "told_customers"))
    )
    stories = [_story(incident) for incident in incidents[:MOST_PAST]]
    oldest = at - timedelta(days=DAYS)
    return [story for story in stories if not story.is_over or story.newest.at >= oldest]


def _story(incident: Incident) -> Story:
    updates: list[StatusUpdate] = incident.told_customers[:MOST_UPDATES]  # type: ignore[attr-defined]
    return Story(incident.reference, updates, updates[0].stage == Stage.RESOLVED or incident.merged_into_id is not None)


def announced(at: datetime) -> list[MaintenanceNotice]:
    """What is under way, and what is planned; the next one first."""
    standing = MaintenanceNotice.objects.filter(withdrawn_at__isnull=True, ends_at__gt=at)
    soon = standing.filter(starts_at__lt=at + PLANNED_AHEAD).prefetch_related("services")
    return list(soon.order_by("starts_at", "pk")[:MOST_PAST])


def _components(at: datetime, open_ones: list[Story], notices: list[MaintenanceNotice]) -> list[Component]:
    told: dict[str, list[str]] = defaultdict(list)
    for story in open_ones:
        for key, impact in story.impact.items():
            told[key].append(impact)
    for notice in notices:
        if notice.starts_at <= at:
            for service in notice.services.all():
                told[service.key].append(Impact.MAINTENANCE)
    counts = _counts_by_day(at)
    return [_component(service, worst(told[service.key]), counts, at) for service in Service.objects.current()]


def _component(service: Service, state: Impact, counts: Mapping[date, Mapping[int, Count]], at: datetime) -> Component:
    mine = used_endpoints(service)
    by_day = {day: _summed(of, mine) for day, of in counts.items()}
    days = [Day(day, _share(by_day.get(day, (0, 0)))) for day in _last_days(at)]
    checks, failed = (sum(one[place] for one in by_day.values()) for place in (0, 1))
    names = {"en": service.name_en, "zh-hans": service.name_zh_hans}  # type: ignore[attr-defined]  # modeltranslation
    texts = {language: name for language, name in names.items() if name} or {"en": service.key}
    return Component(service.key, texts, state, days, _share((checks, failed)))


Count = tuple[int, int]


def _counts_by_day(at: datetime) -> dict[date, dict[int, Count]]:
    """Checks and how many of them failed, by day and endpoint: whole hours, and the minutes since the last of them."""
    since = floor(at, HOUR) - timedelta(days=DAYS)
    minutes = floor(at - ADDED_UP_AFTER, HOUR)
    found: dict[date, dict[int, Count]] = defaultdict(dict)
    hours = ProbeRollup.objects.filter(seconds=ProbeRollup.Length.HOUR, at__gte=since, at__lt=minutes)
    recent = ProbeRollup.objects.filter(seconds=ProbeRollup.Length.MINUTE, at__gte=minutes)
    for rows in (hours, recent):
        for moment, packed in rows.values_list("at", "counts").iterator():
            day = found[moment.date()]
            for endpoint, checks, failed in unpack_counts(bytes(packed)):
                known = day.get(endpoint, (0, 0))
                day[endpoint] = (known[0] + checks, known[1] + failed)
    return found


def _summed(of: Mapping[int, Count], mine: set[int]) -> Count:
    return sum(of[one][0] for one in mine & of.keys()), sum(of[one][1] for one in mine & of.keys())


def _share(count: Count) -> float | None:
    checks, failed = count
    return 100.0 * (checks - failed) / checks if checks else None


def _last_days(at: datetime) -> list[date]:
    """Oldest first; the last is today, in UTC."""
    return [(at - timedelta(days=ago)).date() for ago in range(DAYS - 1, -1, -1)]
