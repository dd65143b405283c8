"""How a view answers after a change: the partial to htmx, a redirect to everyone else."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from functools import partial
from typing import Any

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils import translation
from django.utils.translation import get_language
from django_htmx.http import HttpResponseClientRedirect, trigger_client_event

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


def renewed(panel: str) -> HttpResponse:
    """To htmx, after one press: nothing but that the panel of this live name is to renew itself."""
    return trigger_client_event(HttpResponse(status=204), f"live:{panel}", {})


def dialog_closed(panel: str) -> HttpResponse:
    """To htmx, after what was asked in a dialog: no dialog any more, and the panel of this live name renews itself."""
    response = HttpResponse("")
    response["HX-Retarget"], response["HX-Reswap"] = "#ask", "innerHTML"
    return trigger_client_event(response, f"live:{panel}", {})


def file_of(request: HttpRequest, pieces: Iterator[str], *, name: str, content_type: str) -> StreamingHttpResponse:
    """A file to keep, however long, sent piece by piece as it is made."""
    pieces = _in_language(pieces, get_language())
    # Under ASGI, Django would first collect all pieces of a synchronous iterator.
    body = _one_by_one(pieces) if isinstance(request, ASGIRequest) else pieces
    response = StreamingHttpResponse(body, content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _in_language(pieces: Iterator[str], language: str | None) -> Iterator[str]:
    """The reader's, which the middleware has long forgotten while the file is still being sent."""
    while True:
        with translation.override(language):
            piece = next(pieces, None)
        if piece is None:
            return
        yield piece


async def _one_by_one(pieces: Iterator[str]) -> AsyncIterator[str]:
    following = sync_to_async(partial(next, pieces, None))
    while (piece := await following()) is not None:
        yield piece
