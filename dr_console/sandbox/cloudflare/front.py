"""What stands before every call to Cloudflare: who asks, how often, and which handler is meant.

https://developers.cloudflare.com/fundamentals/api/reference/limits/
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Receive, Scope, Send

from dr_console.sandbox.clock import Clock
from dr_console.sandbox.cloudflare.envelope import Refusal, no_route

MOST_REQUESTS = 1_200
WINDOW_SECONDS = 300.0
TOKEN = re.compile(r"[A-Za-z0-9_.~+/=-]{8,}")
EXEMPT = re.compile(r"/messages/(pull|ack)$")
PUBLIC = re.compile(r"/client/v4/ips$")
# What part of the API a path belongs to, as far as tokens can lack the right to it.
AREAS = (
    ("dns", re.compile(r"/zones/[^/]+/dns_records\b")),
    ("cache", re.compile(r"/zones/[^/]+/(purge|invalidate)_cache$")),
    ("lb", re.compile(r"/load_balancers\b")),
    ("queues", re.compile(r"/accounts/[^/]+/queues\b")),
    ("r2", re.compile(r"/accounts/[^/]+/(r2|event_notifications)/")),
    ("zone", re.compile(r"/zones\b")),
)
RIGHTS = tuple(f"{area}:{right}" for area, _path in AREAS for right in ("read", "edit"))


class Budget:
    """1,200 requests in five minutes, of all tokens together; who asks for more is locked out for five minutes."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since = clock.now()
        self._blocked_until = 0.0
        self.used = 0

    def take(self) -> None:
        """Count one request. Raises Refusal if there is none left."""
        at = self._clock.now()
        if at - self._since >= WINDOW_SECONDS:
            self._since, self.used = at, 0
        if at < self._blocked_until:
            raise self._refusal()
        if self.used >= MOST_REQUESTS:
            self._blocked_until = at + WINDOW_SECONDS
            raise self._refusal()
        self.used += 1

    @property
    def left(self) -> int:
        if self._clock.now() < self._blocked_until:
            return 0
        return MOST_REQUESTS - (self.used if self._clock.now() - self._since < WINDOW_SECONDS else 0)

    def leave(self, requests: int) -> None:
        """Use up all but so many."""
        self._since, self._blocked_until, self.used = self._clock.now(), 0.0, MOST_REQUESTS - requests

    def headers(self) -> dict[str, str]:
        at = self._clock.now()
        blocked = at < self._blocked_until
        until = self._blocked_until if blocked else self._since + WINDOW_SECONDS
        left = self.left
        seconds = max(0, math.ceil(until - at))
        moment = datetime.fromtimestamp(until, UTC)
        headers = {
            "x-ratelimit-limit": str(MOST_REQUESTS),
            "x-ratelimit-remaining": str(left),
            "x-ratelimit-reset": format_datetime(moment, usegmt=True),
            "ratelimit-policy": f'"default";q={MOST_REQUESTS};w={WINDOW_SECONDS:.0f}',
            "ratelimit": f'"default";r={left};t={seconds}',
        }
        return headers | ({"retry-after": str(seconds)} if blocked else {})

    def _refusal(self) -> Refusal:
        return Refusal(429, 971, "Please wait and consider throttling your request speed")


class Tokens:
    """Any well-formed token is good, unless it was `expired` or disabled by whoever owns the world."""

    def __init__(self) -> None:
        self.states: dict[str, str] = {}
        self.lacking: dict[str, frozenset[str]] = {}

    def lacks(self, token: str) -> frozenset[str]:
        """Of RIGHTS, those that this token does not have."""
        return self.lacking.get(token, self.lacking.get("*", frozenset()))

    def check_right(self, request: Request, token: str) -> None:
        """Raises Refusal if the token lacks the right to what is asked."""
        area = next((area for area, path in AREAS if path.search(request.scope["path"])), "")
        # Reading messages from a queue changes it.
        right = f"{area}:{'read' if request.method == 'GET' else 'edit'}"
        if right in self.lacks(token):
            raise Refusal(403, 10000, "Authentication error")

    def state_of(self, token: str) -> str:
        return self.states.get(token, self.states.get("*", "active"))

    def check(self, request: Request) -> str:
        """The token of this request, or its API key. Raises Refusal if it is missing, malformed or no longer good."""
        authorization = request.headers.get("authorization")
        if authorization is None:
            return self._check_key(request)
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not TOKEN.fullmatch(token.strip()):
            raise _malformed(6111, "Invalid format for Authorization header")
        return token.strip()

    def _check_key(self, request: Request) -> str:
        email, key = request.headers.get("x-auth-email"), request.headers.get("x-auth-key")
        if key is None and "x-auth-user-service-key" in request.headers:
            return request.headers["x-auth-user-service-key"]
        if email is None or key is None:
            raise Refusal(400, 9106, "Missing X-Auth-Key, X-Auth-Email or Authorization headers")
        if "@" not in email:
            raise _malformed(6102, "Invalid format for X-Auth-Email header")
        if not TOKEN.fullmatch(key):
            raise _malformed(6103, "Invalid format for X-Auth-Key header")
        return key


def _malformed(code: int, message: str) -> Refusal:
    return Refusal(400, 6003, "Invalid request headers", chain=[(code, message)])


class Front:
    """The ASGI app: finds the route, checks token and budget, and turns a Refusal into an answer."""

    def __init__(self, routes: Sequence[Route], tokens: Tokens, budget: Budget) -> None:
        self._routes, self._tokens, self._budget = routes, tokens, budget

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # "/zones/" is as good as "/zones".
        request = Request({**scope, "path": scope["path"].rstrip("/")}, receive)
        try:
            response = await self._answer(request)
        except Refusal as refusal:
            response = refusal.response()
        for name, value in self.headers(request).items():
            response.headers.setdefault(name, value)
        await response(scope, receive, send)

    def headers(self, request: Request) -> dict[str, str]:
        ray = f"{self._budget.used:016x}-NRT"
        return {"server": "cloudflare", "cf-ray": ray, "api-version": "2026-11-01", **self._budget.headers()}

    async def _answer(self, request: Request) -> Response:
        token = "" if PUBLIC.search(request.scope["path"]) else self._tokens.check(request)
        if not EXEMPT.search(request.scope["path"]):
            self._budget.take()
        request.scope["cloudflare.token"] = token
        endpoint = self._endpoint(request)
        if self._tokens.state_of(token) != "active" and not request.scope["path"].endswith("/tokens/verify"):
            raise Refusal(401, 10000, "Authentication error")
        self._tokens.check_right(request, token)
        response: Response = await endpoint(request)
        return response

    def _endpoint(self, request: Request) -> Any:
        other_method = False
        for route in self._routes:
            match, child = route.matches(request.scope)
            if match is Match.FULL:
                request.scope.update(child)
                return route.endpoint
            other_method = other_method or match is Match.PARTIAL
        if other_method:
            raise Refusal(405, 10405, "Method not allowed for this authentication scheme")
        raise no_route(request)
