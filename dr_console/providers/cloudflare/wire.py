"""The way to Cloudflare's API: token, envelope and errors.

https://developers.cloudflare.com/fundamentals/api/how-to/make-api-calls/
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote

from django.conf import settings
from pydantic import TypeAdapter

from dr_console.errors import Problem, ProviderError
from dr_console.providers.credentials import credential
from dr_console.providers.deadlines import Deadline
from dr_console.providers.http import Answer, Wire, Words
from dr_console.providers.limits import Budget

VENDOR = "Cloudflare"

# Cloudflare says these with all kinds of status, and publishes no list of them.
CREDENTIALS = frozenset({"1000", "6003", "9103", "9106", "9109", "10000"})
NOT_FOUND = frozenset({"10006", "10104", "11000", "11015", "81044"})

T = TypeVar("T")


def at(*parts: str) -> str:
    """The path of these parts, each quoted: at("zones", zone, "dns_records")."""
    return "/" + "/".join(quote(part, safe="") for part in parts)


def zone_id(operation: str) -> str:
    return credential("cloudflare", "zone_id", operation=operation)


def account_id(operation: str) -> str:
    return credential("cloudflare", "account_id", operation=operation)


def call(
    method: str,
    path: str,
    *,
    operation: str,
    deadline: Deadline,
    params: Mapping[str, Any] | None = None,
    json: Any = None,
    harmless: bool | None = None,
    reads: bool | None = None,
    also_counted: Iterable[Budget] = (),
    cost: int = 1,
) -> Answer:
    """As Wire.call, with the token of the settings, which are not read before the first call."""
    token = credential("cloudflare", "token", operation=operation)
    wire = Wire(
        VENDOR,
        settings.DR_VENDOR_URLS["cloudflare"],
        headers={"Authorization": f"Bearer {token}"},
        secrets=[token],
        refusal=_refusal,
    )
    try:
        return wire.call(
            method,
            path,
            operation=operation,
            deadline=deadline,
            params=params,
            json=json,
            harmless=harmless,
            reads=reads,
            also_counted=also_counted,
            cost=cost,
        )
    except ProviderError as error:
        error.problem = _problem(error)
        raise


def result(answer: Answer, shape: type[T] | TypeAdapter[T]) -> T:
    """What lies in the envelope. Raises ProviderError (GARBLED) if it is no such thing."""
    if answer.read_as(dict[str, Any]).get("success") is not True:
        answer.is_garbled("success is not true. ")
    return answer.read_as(shape, at="result")


def _refusal(status: int, body: Any) -> Words | None:
    """An error by its status or by `success`; its codes and messages word for word, with what lies behind them."""
    if not isinstance(body, dict):
        return Words() if status >= 400 else None
    if status < 400 and body.get("success") is not False:
        return None
    errors = body.get("errors")
    listed = [error for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []
    code = str(listed[0].get("code", "")) if listed else ""
    return Words(code, "; ".join(filter(None, map(_said, listed))))


def _said(error: dict[str, Any]) -> str:
    chain = error.get("error_chain")
    behind = [link for link in chain if isinstance(link, dict)] if isinstance(chain, list) else []
    parts = [str(error.get("message", "")), *(f"{link.get('code', '')} {link.get('message', '')}" for link in behind)]
    return ": ".join(part for part in parts if part.strip())


def _problem(error: ProviderError) -> Problem:
    if error.problem is not Problem.REFUSED or not error.permanent:
        return error.problem
    if error.code in CREDENTIALS:
        return Problem.CREDENTIALS
    return Problem.NOT_FOUND if error.code in NOT_FOUND else error.problem
