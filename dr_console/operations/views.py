"""What load balancers, Prometheus and the data-age line ask, and the page of the vendors' checks."""

from __future__ import annotations

import secrets
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST, require_safe
from kombu.exceptions import OperationalError
from prometheus_client import CONTENT_TYPE_LATEST

from dr_console.errors import Refused
from dr_console.operations import deadman, loudness, metrics, provider_checks, readiness, tasks
from dr_console.vendors import is_loopback
from dr_console.web.access import needs
from dr_console.web.requests import ConsoleRequest


@require_safe
@login_not_required
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """The process is up. Asks nobody else, so that a database's trouble does not get the web server restarted."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
@login_not_required
@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    checks = readiness.checks()
    ready = all(check.status == "ok" for check in checks.values())
    answer = {"ready": ready, "checks": {name: check.as_json() for name, check in checks.items()}}
    return JsonResponse(answer, status=200 if ready else 503, json_dumps_params={"indent": 2})


@require_safe
@login_not_required
@never_cache
def engine(request: HttpRequest) -> HttpResponse:
    """Are escalations looked at? 503 once they have not been for 30 s, also while a web process stands in."""
    check = readiness.check("engine")
    status = 200 if check.status == "ok" else 503
    return JsonResponse(check.as_json(), status=status, json_dumps_params={"indent": 2})


@require_safe
@login_not_required
@never_cache
def prometheus(request: HttpRequest) -> HttpResponse:
    if not _may_scrape(request):
        return HttpResponseForbidden(
            "Metrics are for this machine, or for who sends the token of DR_METRICS_TOKEN.\n", content_type="text/plain"
        )
    return HttpResponse(metrics.exposition(), content_type=CONTENT_TYPE_LATEST)


def _may_scrape(request: HttpRequest) -> bool:
    if settings.DR_METRICS_TOKEN:
        wanted = f"Bearer {settings.DR_METRICS_TOKEN}".encode()
        return secrets.compare_digest(request.headers.get("Authorization", "").encode(), wanted)
    # Behind a reverse proxy on this machine everybody seems to come from this machine.
    return "X-Forwarded-For" not in request.headers and is_loopback(request.META["REMOTE_ADDR"])


@require_safe
@never_cache
def data_age(request: HttpRequest) -> HttpResponse:
    return render(request, "operations/_data_age.html")


@require_safe
@never_cache
def watchdog(request: HttpRequest) -> HttpResponse:
    """204 where the page says already what has to be said: nothing is read aloud twice."""
    state = loudness.remembered.state(at_most=loudness.SEEN_SINCE_SECONDS)
    if request.GET.get("shown") == state.digest:
        return HttpResponse(status=204)
    return render(request, "operations/_watchdog.html")


@require_GET
@needs("plans.view_plan")
def vendors(request: ConsoleRequest) -> HttpResponse:
    return render(request, "operations/readiness.html", _vendors())


@require_GET
@needs("plans.view_plan")
def vendors_panel(request: ConsoleRequest) -> HttpResponse:
    return render(request, "operations/_vendors.html", _vendors())


@require_POST
@needs("operations.check_providers")
def check_vendors(request: ConsoleRequest) -> HttpResponse:
    """A worker does it; the page hears of it when it begins and when it has ended."""
    provider_checks.ask(by=request.user)
    try:
        tasks.check_providers.apply_async(queue="probes", expires=120)
    except OperationalError as error:
        raise Refused(_("No worker can be told: Redis does not answer.")) from error
    if request.htmx:
        return render(request, "operations/_vendors.html", _vendors() | {"asked": True})
    messages.success(request, _("The check has been asked for."))
    return redirect("operations:readiness")


def _vendors() -> dict[str, Any]:
    last = provider_checks.last_round()
    states = provider_checks.vendor_states(last)
    return {
        "round": last,
        "is_running": provider_checks.is_running(last),
        "is_old": provider_checks.is_old(last),
        "vendors": states,
        "counts": provider_checks.counts(states),
        "asked": False,
        "deadman": deadman.switch(),
    }
