"""How the control API takes input and says no: one shape, with the field named."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

M = TypeVar("M", bound=BaseModel)
View = Callable[[Request], Awaitable[Response]]


class WrongInput(Exception):
    """What was sent cannot be used: 422, or another status."""

    def __init__(self, field: str, message: str, status: int = 422) -> None:
        super().__init__(message)
        self.field, self.message, self.status = field, message, status


async def read_json(request: Request) -> Any:
    """The JSON body. A web page of a stranger can send a form here, but no JSON without being asked first."""
    refuse_forms(request)
    body = await request.body()
    try:
        return json.loads(body or b"{}")
    except ValueError as error:
        raise WrongInput("", f"the body is not JSON: {error}.") from None


async def read_as(request: Request, shape: type[M]) -> M:
    given = await read_json(request)
    if not isinstance(given, dict):
        raise WrongInput("", "the body must be a JSON object.")
    try:
        return shape.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        message = "there is no such field" if first["type"] == "extra_forbidden" else first["msg"]
        raise WrongInput(field, f"{field}: {message}.") from None


def answering(view: View) -> View:
    """The view, with what it refuses turned into JSON."""

    async def answer(request: Request) -> Response:
        try:
            refuse_strangers(request)
            return await view(request)
        except WrongInput as wrong:
            return JSONResponse({"field": wrong.field, "message": wrong.message}, wrong.status)

    return answer


def guarded(app: ASGIApp) -> ASGIApp:
    """The same before an app that answers in its own way."""

    async def guard(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        try:
            refuse_strangers(request)
            if request.method not in ("GET", "HEAD", "DELETE"):
                refuse_forms(request)
        except WrongInput as wrong:
            await JSONResponse({"field": wrong.field, "message": wrong.message}, wrong.status)(scope, receive, send)
            return
        await app(scope, receive, send)

    return guard


def refuse_forms(request: Request) -> None:
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise WrongInput("", "send JSON, with the header Content-Type: application/json.", 415)


def refuse_strangers(request: Request) -> None:
    """Only who speaks to this machine by its own name may; a stranger's page that a browser shows may not."""
    for header in ("host", "origin"):
        value = request.headers.get(header, "")
        name = urlsplit(value if "://" in value else f"//{value}").hostname or ""
        if value and not _is_here(name):
            raise WrongInput(header, f"{header}: the sandbox is asked as 127.0.0.1 or localhost only.", 403)


def _is_here(name: str) -> bool:
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
