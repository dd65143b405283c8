"""Whom to call."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from dr_console.web.access import needs
from dr_console.web.listing import list_page
from dr_console.web.requests import ConsoleRequest
from incidents.filters import ContactFilter, VendorFilter
from incidents.models import Contact, Vendor
from incidents.tables import ContactTable, VendorTable


@require_GET
@needs("plans.view_plan")
def contact_list(request: ConsoleRequest) -> HttpResponse:
    return list_page(
        request,
        queryset=Contact.objects.current().prefetch_related("channels"),
        table_class=ContactTable,
        filterset_class=ContactFilter,
        template="incidents/contact_list.html",
    )


@require_GET
@needs("plans.view_plan")
def vendor_list(request: ConsoleRequest) -> HttpResponse:
    return list_page(
        request,
        queryset=Vendor.objects.current().prefetch_related("channels"),
        table_class=VendorTable,
        filterset_class=VendorFilter,
        template="incidents/vendor_list.html",
    )
