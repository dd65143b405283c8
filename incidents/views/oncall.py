"""Whose turn it is."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from dr_console.web.access import needs
from dr_console.web.listing import list_page
from dr_console.web.requests import ConsoleRequest
from incidents.filters import RotationFilter
from incidents.models import Contact, Rotation
from incidents.tables import RotationTable


@require_GET
@needs("plans.view_plan")
def rotation_list(request: ConsoleRequest) -> HttpResponse:
    return list_page(
        request,
        queryset=Rotation.objects.current(),
        table_class=RotationTable,
        filterset_class=RotationFilter,
        template="incidents/rotation_list.html",
        table_kwargs={"names": dict(Contact.objects.current().values_list("key", "name"))},
    )
