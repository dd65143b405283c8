"""Which service is reached where, and how it is there."""

from __future__ import annotations

from dataclasses import dataclass

from incidents.models import EndpointState, ProbeLocation, Region, Service, ServiceEndpoint
from incidents.queries.standing import Judges, Standing, judges, standing


@dataclass(frozen=True)
class Place:
    """What is known of one service in one region. `endpoints` is empty where the plan does not serve it from there."""

    region: Region
    endpoints: list[ServiceEndpoint]
    standing: Standing


@dataclass(frozen=True)
class World:
    regions: list[Region]
    rows: list[tuple[Service, list[Place]]]


def world() -> World:
    """Every current service, with how it is in every current region. Five queries, whatever the size."""
    regions = list(Region.objects.current())
    services = Service.objects.current().prefetch_related("endpoints__states")
    judged_by = judges(ProbeLocation.objects.all())
    return World(regions, [(service, _places(service, regions, judged_by)) for service in services])


def _places(service: Service, regions: list[Region], judged_by: Judges) -> list[Place]:
    endpoints = list(service.endpoints.all())
    return [_place(region, [one for one in endpoints if one.region_id == region.pk], judged_by) for region in regions]


def _place(region: Region, endpoints: list[ServiceEndpoint], judged_by: Judges) -> Place:
    states: dict[int, list[EndpointState]] = {one.pk: list(one.states.all()) for one in endpoints}
    return Place(region, endpoints, standing(states, judged_by))
