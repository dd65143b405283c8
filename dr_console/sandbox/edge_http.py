"""/edge/<hostname>/<path>: the world's edge for who asks from outside, such as the console's probes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from dr_console.sandbox import broken_wire
from dr_console.sandbox.exchange import Ask, Reply
from dr_console.sandbox.product import CANARY
from dr_console.sandbox.vendor import Vendor

if TYPE_CHECKING:
    from dr_console.sandbox.world import World

PREFIX = "/edge"
MOST_BODY_BYTES = 10 * 1024 * 1024


def edge(world: World) -> Vendor:
    return Vendor(name="edge", prefix=PREFIX, complain=_complain, app=_edge_app(world), label=_label)


def _edge_app(world: World) -> ASGIApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        ask = _ask_of(request, await request.body())
        reply = world.edge.serve(ask)
        if reply.broken == "timeout":
            await broken_wire.stay_silent(scope, receive, reply.seconds / world.clock.speed)
        elif reply.broken == "reset":
            await broken_wire.reset(scope, receive)
        else:
            await world.clock.sleep(reply.seconds if reply.seconds >= 0.1 else 0.0)
            await _response(ask, reply)(scope, receive, send)

    return app


def _ask_of(request: Request, body: bytes) -> Ask:
    below = _below(request)
    host, _slash, path = below.partition("/")
    headers = {name: value for name, value in request.headers.items() if name not in (CANARY, "host")}
    return Ask(request.method, host.lower().rstrip("."), f"/{path}", request.url.query, headers, body)


def _below(request: Request) -> str:
    path: str = request.scope["path"]
    return path.removeprefix(request.scope.get("root_path", "")).lstrip("/")


def _response(ask: Ask, reply: Reply) -> Response:
    if reply.broken == "no-name":
        message = f"{ask.host} does not resolve: the zone has no such name, or it leads nowhere."
        return JSONResponse({"error": "no-such-name", "message": message}, 502, {"x-sandbox-dns": "NXDOMAIN"})
    headers = {name: value for name, value in reply.headers.items() if name != "content-type"}
    body = b"" if ask.method == "HEAD" else reply.body
    response = Response(body, reply.status, headers)
    if "content-type" in reply.headers:
        response.headers["content-type"] = reply.headers["content-type"]
    if ask.method == "HEAD":
        response.headers["content-length"] = str(len(reply.body))
    response.headers["x-sandbox-answered-by"] = reply.by
    return response


def _label(request: Request, body: bytes) -> str:
    """ "GET api.example.com/health"."""
    return f"{request.method} {_below(request)}"


def _complain(status: int, *, request: Request, retry_after: float | None = None) -> Response:
    return Response(f"{status}, as a rule demands\n", status, media_type="text/plain")
