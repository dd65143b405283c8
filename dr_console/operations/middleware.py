"""Count what is answered, and how long it takes."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponseBase

from dr_console.operations.metrics import REQUESTS, SECONDS

KNOWN_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


class CountRequests:
    """Feeds the request counters of /metrics, under the view's name, so that no reference or id becomes a label."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]) -> None:
        self.get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        started = time.perf_counter()
        response = self.get_response(request)
        if isinstance(response, HttpResponseBase):
            return _count(request, response, started)
        return self._when_answered(request, response, started)

    async def _when_answered(
        self, request: HttpRequest, response: Awaitable[HttpResponseBase], started: float
    ) -> HttpResponseBase:
        return _count(request, await response, started)


def _count(request: HttpRequest, response: HttpResponseBase, started: float) -> HttpResponseBase:
    match = request.resolver_match
    view = match.view_name if match else "(no such page)"
    method = request.method if request.method in KNOWN_METHODS else "(other)"
    REQUESTS.labels(view, method, response.status_code).inc()
    SECONDS.labels(view).observe(time.perf_counter() - started)
    return response
