"""How a view answers after a change: the partial to htmx, a redirect to everyone else."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django_htmx.http import HttpResponseClientRedirect

from dr_console.web.requests import ConsoleRequest


def partial_or_redirect(request: ConsoleRequest, partial: str, context: dict[str, Any], *, to: Any) -> HttpResponse:
    """The changed partial to htmx; to everyone else a redirect to `to`: a model, a URL's name or an address."""
    if request.htmx:
        return render(request, partial, context)
    return redirect(to)


def go_to(request: ConsoleRequest, to: Any, *args: Any) -> HttpResponse:
    """Leave this page for another one. htmx would fetch a redirect and put that page into the panel."""
    if not request.htmx:
        return redirect(to, *args)
    return HttpResponseClientRedirect(resolve_url(to, *args))


def invalid(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """The form again, with its errors, as 422: htmx swaps it in like the good answer."""
    return render(request, template, context, status=422)


def say(request: HttpRequest, text: str, *, status: int, level: str = "error") -> HttpResponse:
    """A sentence for the messages area of the page that asked through htmx."""
    response = render(request, "_message.html", {"level": level, "text": text}, status=status)
    response["HX-Retarget"] = "#messages"
    response["HX-Reswap"] = "innerHTML"
    return response
