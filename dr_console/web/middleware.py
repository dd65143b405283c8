"""Answers that no view has to think of: refusals, and the ends of blind alleys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render, resolve_url
from django.utils.decorators import sync_and_async_middleware
from django.utils.deprecation import MiddlewareMixin
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django_htmx.http import HttpResponseClientRedirect

from dr_console.errors import Refused
from dr_console.web.responses import say

_WRONG_METHOD = _("This address does not take that kind of request. Go back and use the buttons of the page.")


class AnswerRefusals(MiddlewareMixin):
    """A rule of the house that a request broke: its sentence, as 409."""

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, Refused):
            return None
        if getattr(request, "htmx", False):
            return say(request, str(exception), status=409)
        return render(request, "409.html", {"text": str(exception), "back": way_back(request)}, status=409)


@sync_and_async_middleware
def keep_public(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """What a view marked as `is_public` is the same for everybody: caches need not ask who it is for."""
    if iscoroutinefunction(get_response):

        async def mend_later(request: HttpRequest) -> HttpResponseBase:
            return _public(await get_response(request))

        return mend_later

    def mend(request: HttpRequest) -> HttpResponseBase:
        return _public(get_response(request))

    return mend


def _public(response: HttpResponseBase) -> HttpResponseBase:
    """Every page looks who is logged in, and says that it depends on it."""
    if getattr(response, "is_public", False):
        response["Vary"] = "Accept-Language"
        response.cookies.clear()
    return response


def way_back(request: HttpRequest) -> str:
    """The page of ours that the person came from, or home."""
    referer = request.headers.get("Referer", "")
    try:
        is_ours = url_has_allowed_host_and_scheme(referer, {request.get_host()}, require_https=request.is_secure())
    except DisallowedHost:  # which is why an error page is being made
        is_ours = False
    return referer if is_ours else resolve_url("home")


@sync_and_async_middleware
def no_dead_ends(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """No login page inside a panel when the session has run out, no blank page for a wrong method."""
    if iscoroutinefunction(get_response):

        async def mend_later(request: HttpRequest) -> HttpResponseBase:
            response = _login_for_htmx(request, await get_response(request))
            # The page needs the database; every other answer goes through without a thread.
            return await sync_to_async(_page_for)(request, response) if response.status_code == 405 else response

        return mend_later

    def mend(request: HttpRequest) -> HttpResponseBase:
        response = _login_for_htmx(request, get_response(request))
        return _page_for(request, response) if response.status_code == 405 else response

    return mend


def _page_for(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Django's answer to a wrong method is empty."""
    if isinstance(response, HttpResponse) and not response.content:
        response.content = render(request, "405.html", {"text": _WRONG_METHOD, "back": way_back(request)}).content
        response["Content-Type"] = "text/html; charset=utf-8"
    return response


def _login_for_htmx(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """htmx follows a redirect unseen and would put the login page where the panel was: send the whole page instead."""
    htmx = getattr(request, "htmx", None)
    login = resolve_url(settings.LOGIN_URL)
    if not htmx or response.status_code != 302 or urlsplit(response.get("Location", "")).path != login:
        return response
    back = urlencode({REDIRECT_FIELD_NAME: htmx.current_url_abs_path or resolve_url("home")})
    return HttpResponseClientRedirect(f"{login}?{back}")
