"""Regions, and the services in them."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from dr_console.web.access import needs
from dr_console.web.listing import list_page
from dr_console.web.requests import ConsoleRequest
from incidents.filters import RegionFilter, ServiceFilter
from incidents.models import Region, Service
from incidents.queries.world import world
from incidents.tables import RegionTable, ServiceTable


@require_GET
@needs("plans.view_plan")
def region_list(request: ConsoleRequest) -> HttpResponse:
    return list_page(
        request,
        queryset=Region.objects.current(),
        table_class=RegionTable,
        filterset_class=RegionFilter,
        template="incidents/region_list.html",
    )


@require_GET
@needs("plans.view_plan")
def service_list(request: ConsoleRequest) -> HttpResponse:
    return list_page(
        request,
        queryset=Service.objects.current().prefetch_related("endpoints__region"),
        table_class=ServiceTable,
        filterset_class=ServiceFilter,
        template="incidents/service_list.html",
    )


@require_GET
@needs("plans.view_plan")
def world_panel(request: ConsoleRequest) -> HttpResponse:
    return render(request, "incidents/_world.html", {"world": world()})
