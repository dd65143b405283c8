"""What the product and its users are told of the degradation level: public, cacheable, signed."""

from __future__ import annotations

import json
from typing import TypeVar

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from django.utils.translation import get_language, get_supported_language_variant
from django.utils.translation.trans_real import parse_accept_lang_header
from django.views.decorators.http import require_http_methods, require_safe

from dr_console.operations import signing
from incidents.queries import degradation

# A day: in an outage of the console itself, what was said last is better than nothing.
CACHE = "public, max-age=5, stale-while-revalidate=30, stale-if-error=86400"
KEY_CACHE = "public, max-age=3600"
LONGEST_HEADER = 500
Response = TypeVar("Response", bound=HttpResponseBase)

# By language, what was said last: it is said again while the database does not answer.
_last: dict[str, bytes] = {}


@require_http_methods(["GET", "HEAD", "OPTIONS"])
@login_not_required
def document(request: HttpRequest) -> HttpResponseBase:
    """`?lang=` goes before Accept-Language; all languages are in it anyway."""
    language = _language(request)
    try:
        _last[language] = degradation.document(degradation.in_force(), language=language)
    except DatabaseError:
        if language not in _last:
            return _open(_json({"error": "the console cannot say which level is in force"}, status=503), "no-store")
    body = _last[language]
    response = HttpResponse(body, content_type="application/json; charset=utf-8")
    response["Content-Language"] = language
    response["ETag"] = degradation.etag(body)
    # “Not modified” is an answer of its own, without the headers of this one.
    return _open(get_conditional_response(request, response["ETag"], response=response) or response, CACHE)


@require_safe
@login_not_required
def public_key(request: HttpRequest) -> HttpResponse:
    """The key that tells whether a document is ours, as PEM."""
    response = _open(HttpResponse(signing.public_key(), content_type="application/x-pem-file"), KEY_CACHE)
    response["X-Key-Id"] = signing.key_id()
    return response


def _open(response: Response, cache: str) -> Response:
    """For everybody, from whatever page, through whatever cache."""
    response.is_public = True  # type: ignore[attr-defined]
    response["Cache-Control"] = cache
    response["Access-Control-Allow-Origin"] = "*"
    response["Access-Control-Allow-Headers"] = "If-None-Match"
    response["Access-Control-Expose-Headers"] = "ETag"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


def _language(request: HttpRequest) -> str:
    """One that the console speaks, whatever is asked for."""
    header = request.headers.get("Accept-Language", "")[:LONGEST_HEADER]
    asked = [request.GET.get("lang", "")[:20], *(code for code, _weight in parse_accept_lang_header(header))]
    for code in asked:
        try:
            return get_supported_language_variant(code.lower())
        except LookupError:
            continue
    return get_language() or "en"


def _json(value: object, *, status: int) -> HttpResponse:
    return HttpResponse(json.dumps(value), status=status, content_type="application/json; charset=utf-8")
