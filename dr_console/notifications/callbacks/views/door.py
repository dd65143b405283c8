"""What the doors for vendors have in common: who may come in, how much they may carry, and how they are answered.

Whatever goes wrong on our side is answered with 503, upon which vendors try again; a 4xx they take for the last word,
and PagerDuty ends a subscription after three of them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any
from urllib.parse import parse_qs

import structlog
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from dr_console.errors import ProviderError
from dr_console.notifications.tokens import vendors_base
from dr_console.operations.sealing import Unsealable
from dr_console.providers.signatures import Verdict

log = structlog.get_logger(__name__)

MOST_BYTES = 1024 * 1024
MOST_FIELDS = 500
RETRY_SECONDS = 5
View = Callable[..., HttpResponse]
Inner = Callable[..., HttpResponse]
TURNED_AWAY = {
    Verdict.UNSIGNED: "It is not signed.",
    Verdict.FORGED: "It was signed with another secret.",
    Verdict.STALE: "It was signed more than five minutes ago.",
}


def door(inner: Inner) -> View:
    """A view that takes a POST without login or CSRF token: `inner(request, body, **more)`, the body as it came."""

    @csrf_exempt
    @login_not_required
    @never_cache
    @wraps(inner)
    def view(request: HttpRequest, **more: Any) -> HttpResponse:
        if request.method != "POST":
            return say({"error": "Send POST."}, 405, Allow="POST")
        body = _body(request)
        if body is None:
            return say({"error": f"The body is larger than {MOST_BYTES} bytes."}, 413)
        try:
            return inner(request, body, **more)
        except (DatabaseError, ProviderError, Unsealable) as error:
            log.error("a call-back could not be taken", path=request.path.split("/")[2:4], error=str(error).strip())
            return later("The console cannot take it now: send it again.")

    return view


def _body(request: HttpRequest) -> bytes | None:
    """None where it is longer than anybody needs: then it is not read."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if length.isdecimal() and int(length) > MOST_BYTES:
        return None
    body = request.read(MOST_BYTES + 1)
    return None if len(body) > MOST_BYTES else body


def turned_away(verdict: Verdict) -> HttpResponse | None:
    """401 for what is not from whom it says it is; None for what is.

    The sandbox signs by the clock of its world, which may be far from ours.
    """
    if verdict is Verdict.GENUINE or (verdict is Verdict.STALE and settings.DR_MODE == "sandbox"):
        return None
    log.warning("a call-back was turned away", why=verdict.value)
    return say({"error": TURNED_AWAY[verdict]}, 401)


def later(words: str) -> HttpResponse:
    return say({"error": words}, 503, **{"Retry-After": str(RETRY_SECONDS)})


def say(value: Mapping[str, Any], status: int, **headers: str) -> HttpResponse:
    body = json.dumps(value, ensure_ascii=False)
    return HttpResponse(body, status=status, content_type="application/json; charset=utf-8", headers=headers)


def form_of(body: bytes) -> dict[str, list[str]]:
    """The fields of a form; empty for what is none, or has more than any vendor sends."""
    try:
        return parse_qs(body.decode(errors="replace"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        return {}


def json_of(body: bytes) -> Any:
    """The value, or None for what is no JSON."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def address_of(request: HttpRequest) -> str:
    """The whole address as whoever called knows it, which a proxy in between does not."""
    return f"{vendors_base()}{request.get_full_path()}"
