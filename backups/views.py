"""Backup policies, and the moments that could be returned to."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from backups.filters import BackupPolicyFilter
from backups.models import BackupPolicy
from backups.queries import recovery_states
from backups.tables import BackupPolicyTable
from dr_console.web.access import needs
from dr_console.web.listing import list_page
from dr_console.web.requests import ConsoleRequest


@require_GET
@needs("plans.view_plan")
def policy_list(request: ConsoleRequest) -> HttpResponse:
    return list_page(
        request,
        queryset=BackupPolicy.objects.current(),
        table_class=BackupPolicyTable,
        filterset_class=BackupPolicyFilter,
        template="backups/policy_list.html",
    )


@require_GET
@needs("plans.view_plan")
def recovery_points_panel(request: ConsoleRequest) -> HttpResponse:
    return render(request, "backups/_recovery_points.html", {"recovery_states": recovery_states()})
