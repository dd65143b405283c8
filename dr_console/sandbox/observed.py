"""What stands before every vendor: time passes, the request is written down, and rules make it go wrong."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dr_console.sandbox import broken_wire
from dr_console.sandbox.broken_wire import Answer
from dr_console.sandbox.faults import BODIES, Fault, Kind
from dr_console.sandbox.vendor import Vendor
from dr_console.sandbox.world import World

HTML = (
    b"<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title></head>\n"
    b"<body><center><h1>502 Bad Gateway</h1></center><hr><center>nginx</center></body></html>\n"
)
GARBAGE = b'\x00\x1f\x8b\xfe{"resu\xfflt": \xc3\x28 <<<<<<< \x00\x01'


class Observed:
    """One vendor, watched. A request that gets no answer has the status 0 in the log."""

    def __init__(self, app: ASGIApp, vendor: Vendor, world: World) -> None:
        self._app, self._vendor, self._world = app, vendor, world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            body = await request.body()
        except ClientDisconnect:
            return
        self._world.clock.run_due()
        label = self._vendor.label(request, body)
        number = self._world.truth.begin()
        at = self._world.clock.now()
        hits = self._world.faults.hitting(self._vendor.name, label)
        status = 0
        body_given = False

        async def replay() -> Message:
            nonlocal body_given
            if body_given:
                return await receive()
            body_given = True
            return {"type": "http.request", "body": body, "more_body": False}

        async def remember(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._go_through(hits, request, Exchange(scope, replay, receive, remember))
        finally:
            fault = ", ".join(hit.rule.kind for hit in hits)
            self._world.truth.request(number, self._vendor.name, label, status, fault, at=at)

    async def _go_through(self, hits: list[Fault], request: Request, exchange: Exchange) -> None:
        for hit in hits:
            if hit.rule.kind is Kind.LATENCY:
                await asyncio.sleep(self._world.faults.delay(hit))
                self._world.clock.run_due()
            else:
                await self._break(hit, request, exchange)
                return
        await self._app(exchange.scope, exchange.replay, exchange.send)

    async def _break(self, hit: Fault, request: Request, exchange: Exchange) -> None:
        rule = hit.rule
        answer = Answer()
        if rule.after_effect or rule.kind in BODIES or rule.kind is Kind.TIMEOUT_AFTER_EFFECT:
            answer = await Answer.of(self._app, exchange.scope, exchange.replay)
        if rule.kind is Kind.RESET:
            await broken_wire.reset(exchange.scope, exchange.receive)
        elif rule.kind in (Kind.TIMEOUT, Kind.TIMEOUT_AFTER_EFFECT):
            seconds = rule.seconds or broken_wire.SILENT_SECONDS
            await broken_wire.stay_silent(exchange.scope, exchange.receive, seconds)
        elif rule.kind in BODIES:
            await _spoil(rule.kind, rule.field, rule.status, answer, exchange)
        else:
            status = {Kind.THROTTLED: 429, Kind.EXPIRED_TOKEN: 401}.get(rule.kind, rule.status or 503)
            complaint = self._vendor.complain(status, request=request, retry_after=rule.retry_after)
            if rule.retry_after is not None:
                complaint.headers.setdefault("retry-after", f"{rule.retry_after:g}")
            await complaint(exchange.scope, exchange.replay, exchange.send)


class Exchange:
    """`replay` gives the body again that was read already; `receive` is the connection's own."""

    def __init__(self, scope: Scope, replay: Receive, receive: Receive, send: Send) -> None:
        self.scope, self.replay, self.receive, self.send = scope, replay, receive, send


async def _spoil(kind: Kind, field: str, status: int | None, answer: Answer, exchange: Exchange) -> None:
    answer.status = status or answer.status
    if kind is Kind.TRUNCATED:
        answer.body = answer.body if len(answer.body) > 1 else b'{"truncated": true}'
        await broken_wire.send_half(exchange.scope, exchange.receive, exchange.send, answer)
        return
    if kind is Kind.HTML:
        answer.headers = [(b"content-type", b"text/html; charset=utf-8")]
    answer.body = _spoilt(kind, field, answer.body)
    await answer.send(exchange.send)


def _spoilt(kind: Kind, field: str, body: bytes) -> bytes:
    if kind in (Kind.HTML, Kind.GARBAGE, Kind.EMPTY):
        return {Kind.HTML: HTML, Kind.GARBAGE: GARBAGE, Kind.EMPTY: b""}[kind]
    try:
        value = json.loads(body)
    except ValueError:
        # Not JSON: of the wrong type is then whatever JSON there is.
        return b'["unexpected"]'
    if kind is Kind.WRONG_TYPE:
        return json.dumps(_of_another_type(value)).encode()
    _drop(value, field.split("."))
    return json.dumps(value).encode()


def _of_another_type(value: Any) -> Any:
    """The same keys, so that an envelope is still recognised, and in each something else than is documented."""
    if isinstance(value, dict):
        return {key: inner if isinstance(inner, bool) else _swapped(inner) for key, inner in value.items()}
    return _swapped(value)


def _swapped(value: Any) -> Any:
    return 42 if isinstance(value, (str, list, dict)) else "unexpected"


def _drop(value: Any, path: list[str]) -> None:
    if isinstance(value, list):
        for inner in value:
            _drop(inner, path)
    elif isinstance(value, dict) and len(path) == 1:
        value.pop(path[0], None)
    elif isinstance(value, dict) and path[0] in value:
        _drop(value[path[0]], path[1:])
