"""Messages: the list, one of them with what became of it, and sending it again."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import NoReverseMatch, reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from dr_console.notifications import queries, services
from dr_console.notifications.looks import delivery_state, happening, relation, trouble
from dr_console.notifications.models import Delivery
from dr_console.notifications.tables import DeliveryFilter, DeliveryTable
from dr_console.web.access import needs
from dr_console.web.listing import list_page
from dr_console.web.requests import ConsoleRequest
from dr_console.web.responses import partial_or_redirect

VIEW, AGAIN = "notifications.view_delivery", "notifications.send_again"
PANEL = "notifications/_delivery.html"
State = Delivery.State


@require_GET
@needs(VIEW)
def delivery_list(request: ConsoleRequest) -> HttpResponse:
    return list_page(
        request,
        queryset=Delivery.objects.all(),
        table_class=DeliveryTable,
        filterset_class=DeliveryFilter,
        template="notifications/delivery_list.html",
    )


@require_GET
@needs(VIEW)
@never_cache
def delivery_detail(request: ConsoleRequest, pk: int) -> HttpResponse:
    return render(request, "notifications/delivery_detail.html", _shown(request, _delivery(pk)))


@require_GET
@needs(VIEW)
@never_cache
def delivery_panel(request: ConsoleRequest, pk: int) -> HttpResponse:
    return render(request, PANEL, _shown(request, _delivery(pk)))


@require_POST
@needs(AGAIN)
def send_again(request: ConsoleRequest, pk: int) -> HttpResponse:
    delivery = services.send_again(_delivery(pk), by=request.user)
    return partial_or_redirect(request, PANEL, _shown(request, delivery), to=_address(delivery))


@require_POST
@needs(AGAIN)
def keep_back(request: ConsoleRequest, pk: int) -> HttpResponse:
    delivery = services.keep_back(_delivery(pk), by=request.user)
    return partial_or_redirect(request, PANEL, _shown(request, delivery), to=_address(delivery))


def _delivery(pk: int) -> Delivery:
    return get_object_or_404(Delivery, pk=pk)


def _address(delivery: Delivery) -> str:
    return reverse("notifications:detail", args=[delivery.pk])


def _shown(request: ConsoleRequest, delivery: Delivery) -> dict[str, Any]:
    may = request.user.has_perm(AGAIN)
    can_be_sent = delivery.state in (State.FAILED, State.UNKNOWN, State.CANCELLED) and not delivery.is_bundle
    return {
        "delivery": delivery,
        "state": delivery_state(delivery),
        "trouble": trouble(delivery),
        "about_url": _about_url(delivery),
        "happenings": [happening(event) for event in queries.log_of(delivery)],
        "related": [(one, relation(one, delivery), delivery_state(one)) for one in queries.related(delivery)],
        "may_send_again": may and can_be_sent,
        "may_keep_back": may and delivery.state == State.QUEUED and delivery.handed_over_at is None,
    }


def _about_url(delivery: Delivery) -> str:
    try:
        return reverse("incidents:detail", args=[delivery.about]) if delivery.about else ""
    except NoReverseMatch:
        return ""
