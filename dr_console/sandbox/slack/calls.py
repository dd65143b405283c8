"""What stands before every method: the token, the arguments however they were sent, the rate, and `ok`."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from dr_console.sandbox import forms
from dr_console.sandbox.rates import Bucket
from dr_console.sandbox.slack.workspace import SCOPES, Workspace

Answer = dict[str, Any]
Method = Callable[["Given"], Answer]
# Tier 1 to 4, calls a minute: https://docs.slack.dev/apis/web-api/rate-limits
TIERS = {1: 1, 2: 20, 3: 50, 4: 100}


class No(Exception):
    """`ok: false`, with status 200 as Slack has it."""

    def __init__(self, error: str, **more: Any) -> None:
        super().__init__(error)
        self.error, self.more = error, more


class Throttled(Exception):
    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class Given(Mapping[str, Any]):
    """The arguments of one call. What should be JSON is read as JSON when it came in a form."""

    def __init__(self, arguments: dict[str, Any]) -> None:
        self._arguments = arguments

    def __getitem__(self, name: str) -> Any:
        return self._arguments[name]

    def __iter__(self) -> Any:
        return iter(self._arguments)

    def __len__(self) -> int:
        return len(self._arguments)

    def text(self, name: str) -> str:
        value = self.get(name)
        return "" if value is None else str(value)

    def needed(self, name: str) -> str:
        value = self.text(name)
        if not value:
            raise No("invalid_arguments", response_metadata={"messages": [f"[ERROR] missing required field: {name}"]})
        return value

    def flag(self, name: str) -> bool:
        return self.text(name).lower() in ("1", "true")

    def whole(self, name: str, default: int, most: int) -> int:
        text = self.text(name)
        if text and not text.isdecimal():
            raise No("invalid_limit" if name == "limit" else "invalid_arguments")
        return min(int(text) if text else default, most) or default

    def json(self, name: str, kind: type, error: str) -> Any:
        value = self.get(name)
        if isinstance(value, str) and value:
            try:
                value = json.loads(value)
            except ValueError:
                raise No(error) from None
        if value in (None, ""):
            return None
        if not isinstance(value, kind):
            raise No(error)
        return value


class Front:
    """Turns a method into a view."""

    def __init__(self, workspace: Workspace) -> None:
        clock = workspace.world.clock
        self._tiers = {tier: Bucket(clock, rate / 60, rate) for tier, rate in TIERS.items()}

    def view(self, name: str, method: Method, tier: int) -> Callable[[Request], Awaitable[Response]]:
        async def view(request: Request) -> Response:
            try:
                arguments = await _arguments(request)
                check_token(request, arguments)
                taken = self._tiers[tier].take(name) if tier else None
                if taken and not taken.allowed:
                    raise Throttled(taken.reset)
                return _answer({"ok": True, **method(Given(arguments))})
            except No as no:
                return _answer({"ok": False, "error": no.error, **no.more})
            except Throttled as throttled:
                return throttled_answer(throttled.seconds)

        return view


def check_token(request: Request, arguments: Mapping[str, Any]) -> str:
    kind, _, value = request.headers.get("authorization", "").partition(" ")
    token = value.strip() if kind.lower() == "bearer" else str(arguments.get("token", ""))
    if not token:
        raise No("not_authed")
    # xoxb-, xoxp-, xoxe.… as Slack makes them, and the one that the console has in sandbox mode.
    if not token.startswith(("xox", "sandbox")):
        raise No("invalid_auth")
    return token


def throttled_answer(seconds: float) -> Response:
    headers = {"retry-after": str(max(1, int(seconds + 0.999)))}
    return JSONResponse({"ok": False, "error": "ratelimited"}, 429, headers=headers)


def complain(status: int, *, request: Request, retry_after: float | None = None) -> Response:
    if "/services/" in request.url.path:
        words = {401: "invalid_token", 403: "invalid_token", 429: "rate_limited"}.get(status, "rollup_error")
        return Response(words, 403 if status == 401 else status, media_type="text/html")
    if status == 429:
        return throttled_answer(retry_after or 1)
    if status in (401, 403):
        return _answer({"ok": False, "error": "token_expired"})
    return JSONResponse({"ok": False, "error": "internal_error"}, status)


def _answer(body: Answer) -> Response:
    headers = {"x-oauth-scopes": SCOPES, "x-slack-req-id": "0" * 32, "cache-control": "private, no-cache, no-store"}
    return JSONResponse(body, headers=headers)


async def _arguments(request: Request) -> dict[str, Any]:
    """From the query, and from a form or JSON in the body."""
    found: dict[str, Any] = dict(request.query_params)
    kind = request.headers.get("content-type", "").partition(";")[0].strip()
    if kind == "application/json":
        try:
            body = json.loads(await request.body() or b"{}")
        except ValueError:
            raise No("invalid_json") from None
        if not isinstance(body, dict):
            raise No("json_not_object")
        return found | body
    if kind in (forms.URLENCODED, forms.MULTIPART):
        return found | dict(await forms.fields(request))
    if kind and request.method == "POST" and await request.body():
        raise No("invalid_post_type")
    return found
