"""The page of channels, and the button that has PagerDuty tell the console what people do there."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from dr_console.errors import ProviderError, Refused
from dr_console.notifications.callbacks import channel_page, subscriptions
from dr_console.notifications.views import VIEW
from dr_console.operations.sealing import Unsealable
from dr_console.web.access import needs
from dr_console.web.requests import ConsoleRequest
from dr_console.web.responses import go_to

PAGE = "notifications/channels.html"
SET_UP = "notifications.set_up_channels"


@require_GET
@needs(VIEW)
@never_cache
def overview(request: ConsoleRequest) -> HttpResponse:
    return render(request, PAGE, _shown(request))


@require_POST
@needs(SET_UP)
def subscribe(request: ConsoleRequest) -> HttpResponse:
    try:
        subscriptions.subscribe(by=request.user)
    except ProviderError as error:
        raise Refused(str(error)) from error
    messages.success(request, _("From now on PagerDuty tells the console what people do there."))
    return go_to(request, "callbacks:channels")


def _shown(request: ConsoleRequest) -> dict[str, Any]:
    return {
        "channels": channel_page.channels(),
        "is_reachable": channel_page.is_reachable(),
        "subscription": subscriptions.current(),
        "is_readable": _is_readable(),
        "may_set_up": request.user.has_perm(SET_UP),
    }


def _is_readable() -> bool:
    """Whether the secrets that vendors sign with can still be read."""
    try:
        subscriptions.secrets(subscriptions.PAGERDUTY)
    except (Unsealable, ProviderError):
        return False
    return True
