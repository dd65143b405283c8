"""Which service is reached where."""

from __future__ import annotations

from dataclasses import dataclass

from incidents.models import Region, Service, ServiceEndpoint


@dataclass(frozen=True)
class Place:
    """What is known of one service in one region. `endpoints` is empty where the plan does not serve it from there."""

    region: Region
    endpoints: list[ServiceEndpoint]


@dataclass(frozen=True)
class World:
    regions: list[Region]
    rows: list[tuple[Service, list[Place]]]


def world() -> World:
    """Every current service, with what the plan says of it in every current region. Four queries, whatever the size."""
    regions = list(Region.objects.current())
    services = Service.objects.current().prefetch_related("endpoints")
    return World(regions, [(service, _places(service, regions)) for service in services])


def _places(service: Service, regions: list[Region]) -> list[Place]:
    endpoints = list(service.endpoints.all())
    return [Place(region, [one for one in endpoints if one.region_id == region.pk]) for region in regions]
