"""The request as every view of the console has it."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails


class ConsoleRequest(HttpRequest):
    """Somebody is logged in (the middleware sees to it), and may have asked through htmx."""

    user: User
    htmx: HtmxDetails
