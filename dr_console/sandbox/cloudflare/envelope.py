"""The envelope that every answer of Cloudflare's API comes in, and what its handlers share.

https://developers.cloudflare.com/fundamentals/api/how-to/make-api-calls/
"""

from __future__ import annotations

import email
import json
import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NoReturn, TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse

T = TypeVar("T")
HEX_ID = re.compile(r"[0-9a-f]{32}")


class Refusal(Exception):
    """An answer that is an error. `chain`: what lies behind it, as (code, message). `retry_after`: seconds."""

    def __init__(
        self,
        status: int,
        code: int,
        message: str,
        *,
        chain: Sequence[tuple[int, str]] = (),
        pointer: str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = {} if retry_after is None else {"retry-after": str(math.ceil(retry_after))}
        self.errors: list[dict[str, Any]] = [{"code": code, "message": message}]
        if chain:
            self.errors[0]["error_chain"] = [{"code": code, "message": message} for code, message in chain]
        if pointer:
            self.errors[0]["source"] = {"pointer": pointer}

    def response(self) -> JSONResponse:
        body = {"result": None, "success": False, "errors": self.errors, "messages": []}
        return JSONResponse(body, self.status, self.headers)


def no_route(request: Request) -> Refusal:
    path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
    message = f"Could not route to /client/v4{path}, perhaps your object identifier is invalid?"
    refusal = Refusal(404, 7003, message)
    refusal.errors.append({"code": 7000, "message": "No route for that URI"})
    return refusal


def ok(
    result: Any,
    *,
    info: dict[str, Any] | None = None,
    messages: Sequence[dict[str, Any]] = (),
    status: int = 200,
) -> JSONResponse:
    body = {"result": result, "success": True, "errors": [], "messages": list(messages)}
    if info is not None:
        body["result_info"] = info
    return JSONResponse(body, status)


def paged(request: Request, found: Sequence[Any], *, usual: int = 20, most: int = 50) -> JSONResponse:
    """The page of these that `page` and `per_page` ask for, and result_info."""
    page, per_page = number(request, "page", 1, 1, 1_000_000), number(request, "per_page", usual, 1, most)
    part = found[(page - 1) * per_page : page * per_page]
    info = {
        "page": page,
        "per_page": per_page,
        "count": len(part),
        "total_count": len(found),
        "total_pages": -(-len(found) // per_page),
    }
    return ok(list(part), info=info)


def number(request: Request, name: str, usual: int, least: int, most: int) -> int:
    raw = request.query_params.get(name)
    if raw is None:
        return usual
    try:
        return max(least, min(most, int(float(raw))))
    except (ValueError, OverflowError) as error:
        raise Refusal(400, 1001, f"Invalid {name} parameter", pointer=name) from error


def identifier(request: Request, name: str) -> str:
    """The part of the path of this name, which must look like an id."""
    found = str(request.path_params[name])
    if not HEX_ID.fullmatch(found):
        raise no_route(request)
    return found


async def sent(request: Request) -> dict[str, Any]:
    """The JSON object in the body; empty if there is no body."""
    body = await request.body()
    if not body.strip():
        return {}
    try:
        found = json.loads(body, parse_constant=_no_number)
    except ValueError as error:
        raise Refusal(400, 6007, "Malformed JSON in request body") from error
    if not isinstance(found, dict):
        raise Refusal(400, 9207, "Request body is invalid.")
    return found


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON")


def wanted(body: dict[str, Any], name: str, kind: type[T], usual: T) -> T:
    """What the body says of this, which must be of this kind; `usual` if it is left out or null."""
    value = body.get(name)
    if value is None:
        return usual
    if kind is int and isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise Refusal(400, 1001, f"Invalid value for {name}", pointer=f"/{name}")
    return value


async def sent_form(request: Request) -> dict[str, str]:
    """The fields and files of a multipart form, as texts."""
    head = f"Content-Type: {request.headers.get('content-type', '')}\r\n\r\n".encode()
    form = email.message_from_bytes(head + await request.body())
    if not form.is_multipart():
        raise Refusal(400, 9207, "Request body is invalid.")
    fields = {}
    for part in form.walk():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes):
            fields[name] = content.decode(errors="replace")
    return fields


def moment(seconds: float) -> str:
    """ "2014-01-01T05:20:00.123456Z"."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
