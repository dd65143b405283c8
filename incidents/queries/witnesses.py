"""What every place that asks knows of some addresses. Nothing here writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils.timezone import now

from incidents.models import EndpointState, ProbeLocation

# A place that was silent for longer says nothing of the present.
ROUNDS_SILENT = 3


@dataclass(frozen=True)
class Witness:
    """What one place last found at one address. `good_since`: beginning of its row of good answers, None if bad."""

    place: str
    url: str
    is_down: bool
    good_streak: int
    good_since: datetime | None
    bad_streak: int


def of(urls: Sequence[str], *, also_here: bool = False) -> list[Witness]:
    """Of these addresses, as far as they are health endpoints of the plan, from the places that are alive.

    A place is alive that was heard of within three rounds and reaches independent hosts. From here only `also_here`.
    """
    places = {place.name for place in _alive() if also_here or place.name != settings.DR_PROBE_LOCATION}
    states = EndpointState.objects.filter(
        location__in=places, endpoint__url__in=urls, endpoint__retired_at__isnull=True
    ).select_related("endpoint")
    return [
        Witness(
            place=state.location,
            url=state.endpoint.url,
            is_down=state.state == EndpointState.State.DOWN,
            good_streak=state.good_streak,
            good_since=state.streak_began_at if state.good_streak else None,
            bad_streak=state.bad_streak,
        )
        for state in states
        if state.at is not None and state.at > _oldest()
    ]


def _alive() -> list[ProbeLocation]:
    return [place for place in ProbeLocation.objects.filter(at__gt=_oldest()) if not place.is_cut_off]


def _oldest() -> datetime:
    seconds = settings.DR_PROBE_INTERVAL_SECONDS + settings.DR_PROBE_TIMEOUT_SECONDS
    return now() - timedelta(seconds=ROUNDS_SILENT * seconds)
