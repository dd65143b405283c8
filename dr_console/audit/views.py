"""The audit log's page, and its export."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from functools import partial

from asgiref.sync import sync_to_async
from django.core.exceptions import BadRequest
from django.core.handlers.asgi import ASGIRequest
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
    # Under ASGI, Django would first collect all pieces of a synchronous iterator.
    body = _one_by_one(pieces) if isinstance(request, ASGIRequest) else pieces
    response = StreamingHttpResponse(body, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="audit-log-{now():%Y-%m-%d}.csv"'
    return response


async def _one_by_one(pieces: Iterator[str]) -> AsyncIterator[str]:
    following = sync_to_async(partial(next, pieces, None))
    while (piece := await following()) is not None:
        yield piece
