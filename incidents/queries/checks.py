"""What the page of health checks shows: every address from every place, and how it has been. Nothing here writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Prefetch
from django.utils.timezone import now

from dr_console.web.charts import Sparkline, sparkline
from incidents.figures import Figures
from incidents.models import EndpointState, ProbeLocation, Service, ServiceEndpoint
from incidents.queries import standing
from incidents.queries.rounds import MINUTE, figures_by_endpoint, figures_by_minute, floor
from incidents.queries.standing import Judges, Standing

CHARTED = timedelta(hours=1)
PERIODS = (timedelta(minutes=5), timedelta(hours=24), timedelta(days=30))
# A certificate that ends sooner should have been renewed.
RENEWED_BEFORE = timedelta(days=14)


@dataclass(frozen=True)
class Sight:
    """One address from one place; `state` is None where that place has never asked it."""

    location: ProbeLocation
    state: EndpointState | None
    standing: Standing
    sentence: str


@dataclass(frozen=True)
class Row:
    """One address. `hour`: what the last hour adds up to. `availabilities`: percent over PERIODS, None if unknown."""

    endpoint: ServiceEndpoint
    sights: list[Sight]
    hour: Figures
    chart: Sparkline
    availabilities: list[float | None]
    certificate_expires_at: datetime | None
    certificate_ends_soon: bool

    @property
    def address(self) -> str:
        """Without what nearly all begin with."""
        return self.endpoint.url.removeprefix("https://")

    @property
    def times(self) -> list[float | None]:
        """Milliseconds: p50, p95 and p99 of the last hour."""
        return [self.hour.percentile(share) for share in (0.5, 0.95, 0.99)]


@dataclass(frozen=True)
class Place:
    """A place that asks. `is_quiet`: it has not been heard of lately."""

    location: ProbeLocation
    is_quiet: bool


@dataclass(frozen=True)
class Checks:
    places: list[Place]
    services: list[tuple[Service, list[Row]]]

    @property
    def has_certificates(self) -> bool:
        return any(row.certificate_expires_at for _service, rows in self.services for row in rows)


def checks() -> Checks:
    """Everything, in some fifteen queries, whatever the size."""
    at = now()
    locations = list(ProbeLocation.objects.all())
    past = _Past.read(at)
    judged_by = standing.judges(locations, at)
    endpoints = ServiceEndpoint.objects.select_related("region").prefetch_related("states")
    services = Service.objects.current().prefetch_related(Prefetch("endpoints", endpoints))
    return Checks(
        [Place(one, one.at is None or one.at < judged_by.heard_after) for one in locations],
        [(service, [past.row(one, locations, judged_by) for one in service.endpoints.all()]) for service in services],
    )


@dataclass(frozen=True)
class _Past:
    """What has been, read once for all endpoints."""

    at: datetime
    minutes: Mapping[int, Mapping[datetime, Figures]]
    periods: list[Mapping[int, Figures]]

    @classmethod
    def read(cls, at: datetime) -> _Past:
        periods = [figures_by_endpoint(at - period, at, with_times=False) for period in PERIODS]
        return cls(at, figures_by_minute(at - CHARTED, at), list(periods))

    def row(self, endpoint: ServiceEndpoint, locations: list[ProbeLocation], judged_by: Judges) -> Row:
        states = {state.location: state for state in endpoint.states.all()}
        ends = min((one.certificate_expires_at for one in states.values() if one.certificate_expires_at), default=None)
        minutes = self.minutes.get(endpoint.pk, {})
        return Row(
            endpoint,
            [_sight(location, states.get(location.name), judged_by) for location in locations],
            _total(minutes),
            self._chart(minutes),
            [period.get(endpoint.pk, Figures()).availability for period in self.periods],
            ends,
            ends is not None and ends < self.at + RENEWED_BEFORE,
        )

    def _chart(self, minutes: Mapping[datetime, Figures]) -> Sparkline:
        first = floor(self.at - CHARTED, MINUTE) + MINUTE
        moments = [first + MINUTE * number for number in range(60)]
        figures = [minutes.get(moment, Figures()) for moment in moments]
        return sparkline([one.percentile(0.5) for one in figures], [one.failed > 0 for one in figures])


def _total(minutes: Mapping[datetime, Figures]) -> Figures:
    total = Figures()
    for one in minutes.values():
        total.add(one)
    return total


def _sight(location: ProbeLocation, state: EndpointState | None, judged_by: Judges) -> Sight:
    if state is None:
        return Sight(location, None, Standing(*standing.SHOWN[EndpointState.State.UNKNOWN]), "")
    # What a place that is quiet or cut off last saw is not what is.
    seen = state.state if judged_by.may(state) else EndpointState.State.UNKNOWN
    since = state.streak_began_at if state.bad_streak else None
    return Sight(location, state, Standing(*standing.SHOWN[seen], since), standing.sentence(state))
