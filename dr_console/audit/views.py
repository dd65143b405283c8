"""The audit log's page, and its export."""

from __future__ import annotations

from django.core.exceptions import BadRequest
from django.http import HttpResponse, StreamingHttpResponse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from dr_console.audit.export import csv_pieces
from dr_console.audit.models import AuditEntry
from dr_console.audit.services import record
from dr_console.audit.tables import AuditFilters, AuditTable
from dr_console.web.access import needs
from dr_console.web.listing import list_page
from dr_console.web.requests import ConsoleRequest
from dr_console.web.responses import file_of


@require_GET
@needs("audit.view_auditentry")
def log(request: ConsoleRequest) -> HttpResponse:
    return list_page(
        request,
        queryset=AuditEntry.objects.all(),
        table_class=AuditTable,
        filterset_class=AuditFilters,
        template="audit/log.html",
    )


@require_GET
@needs("audit.view_auditentry")
def export(request: ConsoleRequest) -> StreamingHttpResponse:
    """What the page shows with the same filters, all of it. Taking it away is itself worth a line."""
    filters = AuditFilters(request.GET, queryset=AuditEntry.objects.all())
    if not filters.is_valid():
        raise BadRequest(_("The filters in this address cannot be understood."))
    pieces = csv_pieces(filters.qs)
    asked = {name: value for name in filters.filters if (value := request.GET.get(name))}
    record("audit.exported", by=request.user, target="audit log", after=asked)
    name = f"audit-log-{now():%Y-%m-%d}.csv"
    return file_of(request, pieces, name=name, content_type="text/csv; charset=utf-8")
