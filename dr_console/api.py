"""The HTTP API: one object, to which each app's api.py gives its router. Its description: /api/v1/openapi.json."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import Resolver404, URLResolver
from django.urls.resolvers import RegexPattern
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from dr_console import __version__
from dr_console.errors import Refused
from dr_console.people.tokens import ScopeMissing, TooManyCalls
from incidents.api import router as samples
from incidents.incident_api import router as incidents
from incidents.oncall_api import router as oncall

PREFIX = "/api/v1/"

api = NinjaAPI(
    title="DR Console",
    version="1",
    description=(
        f"The API of DR Console {__version__}. Programs say who they are with `Authorization: Bearer drc_…`; "
        "administrators make tokens under *People → API tokens*, or with `manage.py api_token`. "
        "Errors are JSON: `error` is a sentence, `problems` says where."
    ),
    # Its page for people is a script from elsewhere, which our Content-Security-Policy rightly refuses.
    docs_url=None,
    # Ours does not ask Django's table of addresses, in which the API is one.
    openapi_url=None,
)
api.add_router("", samples)
api.add_router("", incidents)
api.add_router("", oncall)


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    problems = [{"where": _place(one["loc"]), "problem": _words(one)} for one in error.errors]
    said = "Nothing was accepted: correct what `problems` names, and send all of it again."
    return api.create_response(request, {"error": said, "problems": problems}, status=422)


@api.exception_handler(AuthenticationError)
def _stranger(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    said = "Send a token that is neither revoked nor expired: Authorization: Bearer drc_…"
    response = api.create_response(request, {"error": said}, status=401)
    response["WWW-Authenticate"] = 'Bearer realm="DR Console"'
    return response


@api.exception_handler(ScopeMissing)
def _not_for_this(request: HttpRequest, error: ScopeMissing) -> HttpResponse:
    return api.create_response(request, {"error": f"This token lacks the scope {error.scope}."}, status=403)


@api.exception_handler(TooManyCalls)
def _too_many(request: HttpRequest, error: TooManyCalls) -> HttpResponse:
    said = f"Too many calls with this token. Try again in {error.retry_after} s, or send more in one call."
    response = api.create_response(request, {"error": said}, status=429)
    response["Retry-After"] = str(error.retry_after)
    return response


@api.exception_handler(Refused)
def _refused(request: HttpRequest, error: Refused) -> HttpResponse:
    return api.create_response(request, {"error": str(error)}, status=409)


@api.exception_handler(RequestDataTooBig)
def _too_big(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
    return api.create_response(request, {"error": "The body is too big: send less in one call."}, status=413)


@api.exception_handler(HttpError)
def _http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    return api.create_response(request, {"error": str(error)}, status=error.status_code)


def _place(location: Iterable[str | int]) -> str:
    """Where in the body: samples[3].value. The first two are ninja's own: "body", and the parameter's name.

    Of an address's query the first alone is.
    """
    parts = list(location)
    parts = parts[1:] if parts[:1] == ["query"] else parts[2:]
    named = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
    return named.lstrip(".") or "body"


def _words(problem: dict[str, Any]) -> str:
    return str(problem["msg"]).removeprefix("Value error, ")


@api.get("/openapi.json", include_in_schema=False)
def describe(request: HttpRequest) -> HttpResponse:
    return JsonResponse(api.get_openapi_schema(path_prefix=PREFIX))


_resolver = URLResolver(RegexPattern("^"), api.urls[0])


def answer(request: HttpRequest, path: str) -> HttpResponse:
    """The answer to what was asked below PREFIX. Tokens let programs in; there is neither login nor cookie here."""
    try:
        match = _resolver.resolve(path)
    except Resolver404:
        return api.create_response(request, {"error": "There is nothing at this address of the API."}, status=404)
    response: HttpResponse = match.func(request, *match.args, **match.kwargs)
    return response
