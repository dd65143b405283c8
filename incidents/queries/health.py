"""How well users are served, by what health checks find. Nothing here writes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.utils.timezone import now

from incidents.figures import Figures
from incidents.models import Region, Service, ServiceEndpoint
from incidents.queries.rounds import figures_by_endpoint


def figures(since: datetime, until: datetime, service: Service | None = None) -> Figures:
    """What users of a service, or of them all, met with: every check of what they use, from every place, added up."""
    return summed(figures_by_endpoint(since, until), used_endpoints(service))


def availability(period: timedelta, until: datetime | None = None) -> float | None:
    """Percent of the checks of what users use that were good in the period before now; None if there were none."""
    until = until or now()
    return summed(figures_by_endpoint(until - period, until, with_times=False), used_endpoints()).availability


def summed(found: Mapping[int, Figures], endpoints: set[int]) -> Figures:
    total = Figures()
    for endpoint in endpoints & set(found):
        total.add(found[endpoint])
    return total


def used_endpoints(service: Service | None = None) -> set[int]:
    """Keys of the endpoints that show what users meet with: those at a host name that users type.

    Of a service that has none, such as a database, those of the primary region; beside others it does not count.
    """
    endpoints = ServiceEndpoint.objects.filter(service__retired_at=None).select_related("service", "region")
    listed = list(endpoints.filter(service=service) if service else endpoints)
    public = {one.pk for one in listed if urlsplit(one.url).hostname in one.service.hostnames}
    if public or service is None:
        return public
    return {one.pk for one in listed if one.region.role == Region.Role.PRIMARY}
