"""How the pretend Vercel is asked and how it answers: versions, token, team, errors and pages of its API."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

if TYPE_CHECKING:
    from dr_console.sandbox.vercel.account import Account

T = TypeVar("T")

MOST_A_PAGE = 100


class Refusal(Exception):
    """{"error": {"code", "message", …}}, as Vercel says no. `more`: further fields of the error."""

    def __init__(self, status: int, code: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.more = status, code, message, more

    def response(self, headers: dict[str, str] | None = None) -> Response:
        error = {"code": self.code, "message": self.message, **self.more}
        return JSONResponse({"error": error}, self.status, headers)


def not_found(what: str) -> Refusal:
    return Refusal(404, "not_found", f"{what} not found.")


def bad_request(message: str, **more: Any) -> Refusal:
    return Refusal(400, "bad_request", message, **more)


@dataclass(frozen=True)
class Asked:
    """One request that was let in. `owner`: id of the team it speaks for, or of the user where it names no team."""

    request: Request
    account: Account
    owner: str
    content: bytes

    @property
    def path(self) -> dict[str, str]:
        return self.request.path_params

    def query(self, name: str, default: str = "") -> str:
        return self.request.query_params.get(name, default)

    def flag(self, name: str) -> bool:
        return self.query(name).lower() in ("1", "true", "yes")

    def number(self, name: str, default: int) -> int:
        raw = self.query(name)
        if not raw:
            return default
        try:
            return int(float(raw))
        except (ValueError, OverflowError):
            raise bad_request(f"Invalid request: `{name}` should be number.") from None

    def json(self) -> Any:
        """The body; {} if there is none."""
        if not self.content.strip():
            return {}
        try:
            return json.loads(self.content)
        except ValueError:
            raise bad_request("Invalid JSON") from None

    def body(self) -> dict[str, Any]:
        found = self.json()
        if not isinstance(found, dict):
            raise bad_request("Invalid request: should be object.")
        return found

    def texts(self, body: dict[str, Any], name: str) -> list[str]:
        """A list of texts, empty where there is none."""
        found = body.get(name)
        if found is None:
            return []
        if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
            raise bad_request(f"Invalid request: `{name}` should be array.")
        return found

    def want(self, body: dict[str, Any], name: str, kind: type[T], *others: type) -> T:
        """A field that must be there, of this type."""
        if name not in body:
            raise bad_request(f"Invalid request: missing required property `{name}`.")
        value = body[name]
        if not isinstance(value, (kind, *others)) or (isinstance(value, bool) and kind is not bool):
            raise bad_request(f"Invalid request: `{name}` should be {_names[kind]}.")
        return value  # type: ignore[return-value]


_names: dict[type, str] = {str: "string", int: "number", list: "array", dict: "object", bool: "boolean"}

# What a view gives back: a JSON value, or a Response.
View = Callable[[Asked], Any]
Table = Sequence[tuple[str, str, View]]


def unversioned(path: str) -> str:
    """ "/v13/deployments" and "/v3/now/deployments" are "/deployments": every version of a route answers alike."""
    rest = path
    match = re.match(r"^/v\d+(/.*)$", rest)
    rest = match.group(1) if match else rest
    return rest.removeprefix("/now") if rest.startswith("/now/") else rest


def page(
    items: Iterable[T], asked: Asked, when: Callable[[T], int], *, default: int = 20
) -> tuple[list[T], dict[str, Any]]:
    """The newest first, those before `until` and after `since`; and where to go on."""
    until, since = asked.number("until", 0) or asked.number("next", 0), asked.number("since", 0)
    limit = max(1, min(asked.number("limit", default), MOST_A_PAGE))
    found = sorted(items, key=when, reverse=True)
    found = [item for item in found if (not until or when(item) < until) and (not since or when(item) > since)]
    shown = found[:limit]
    following = when(shown[-1]) if len(found) > limit else None
    return shown, {"count": len(shown), "next": following, "prev": when(shown[0]) if shown else None}


def complain(status: int, *, request: Request, retry_after: float | None = None) -> Response:
    """Vercel says 403, never 401, of a token that is wrong."""
    if status in (401, 403):
        return Refusal(403, "forbidden", "Not authorized", invalidToken=True).response()
    if status == 429:
        wait = 60 if retry_after is None else retry_after
        limit = {"remaining": 0, "total": 100}
        headers = {"Retry-After": f"{wait:g}", "X-RateLimit-Limit": "100", "X-RateLimit-Remaining": "0"}
        return Refusal(429, "rate_limited", "Rate limit exceeded.", limit=limit).response(headers)
    if status >= 500:
        return Refusal(status, "internal_server_error", "An unexpected internal error occurred.").response()
    return Refusal(status, "bad_request", "The request was refused.").response()
