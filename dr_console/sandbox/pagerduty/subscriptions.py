"""Webhook subscriptions over REST; an address that is not on this machine is refused."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from dr_console.sandbox import loopback
from dr_console.sandbox.pagerduty.account import SERVICE
from dr_console.sandbox.pagerduty.errors import Wrong
from dr_console.sandbox.pagerduty.rest import body_at, many
from dr_console.sandbox.pagerduty.webhooks import TYPES, Subscription, Webhooks

FILTERS = ("account_reference", "service_reference", "team_reference")


class Subscriptions:
    def __init__(self, webhooks: Webhooks) -> None:
        self.webhooks, self.world = webhooks, webhooks.world

    async def all(self, request: Request) -> Response:
        wanted = request.query_params.get("filter_type", "")
        found = [one for one in self.webhooks.subscriptions.values() if wanted in ("", one.filter["type"][:-10])]
        return many(request, "webhook_subscriptions", found, self._shown)

    async def create(self, request: Request) -> Response:
        wanted = await body_at(request, "webhook_subscription")
        method = wanted.get("delivery_method")
        if not isinstance(method, dict) or method.get("type") != "http_delivery_method":
            raise Wrong(400, "Delivery method is invalid")
        made = Subscription(self.webhooks.account.new_id(), "", [], {})
        self._apply(made, wanted, method)
        self.webhooks.subscriptions[made.id] = made
        self.world.truth.effect("pagerduty", "webhook.subscribe", made.url)
        return JSONResponse({"webhook_subscription": self._shown(made, secret=made.secrets[0])}, 201)

    async def get(self, request: Request) -> Response:
        return JSONResponse({"webhook_subscription": self._shown(self.asked(request))})

    async def change(self, request: Request) -> Response:
        found = self.asked(request)
        wanted = await body_at(request, "webhook_subscription")
        method = wanted.get("delivery_method", {})
        if not isinstance(method, dict) or method.get("url", found.url) != found.url:
            raise Wrong(400, "URL cannot be changed")
        current = {"events": found.events, "filter": found.filter, "active": found.active}
        self._apply(found, {**current, "description": found.description, **wanted}, {"url": found.url, **method})
        return JSONResponse({"webhook_subscription": self._shown(found)})

    async def delete(self, request: Request) -> Response:
        found = self.asked(request)
        del self.webhooks.subscriptions[found.id]
        self.world.truth.effect("pagerduty", "webhook.unsubscribe", found.url)
        return Response(status_code=204)

    async def enable(self, request: Request) -> Response:
        found = self.asked(request)
        found.active, found.disabled_until, found.dropped = True, 0.0, 0
        return JSONResponse({"webhook_subscription": self._shown(found)})

    async def ping(self, request: Request) -> Response:
        self.webhooks.ping(self.asked(request))
        return Response(status_code=202)

    def asked(self, request: Request) -> Subscription:
        found = self.webhooks.subscriptions.get(request.path_params["id"])
        if found is None:
            raise Wrong(404)
        return found

    def _apply(self, to: Subscription, wanted: dict[str, Any], method: dict[str, Any]) -> None:
        url, events, scope = method.get("url"), wanted.get("events"), wanted.get("filter")
        if not isinstance(url, str) or not loopback.is_here(url):
            raise Wrong(400, f"URL {url} is not on this machine, and the sandbox sends nowhere else")
        if not isinstance(events, list) or not events or not all(event in TYPES for event in events):
            raise Wrong(400, "Events must be a non-empty list of known event types")
        if not isinstance(scope, dict) or scope.get("type") not in FILTERS:
            raise Wrong(400, "Filter type must be one of: account_reference, service_reference, team_reference")
        if scope["type"] == "service_reference" and scope.get("id") != SERVICE:
            raise Wrong(400, "Filter resource does not exist")
        to.url, to.events, to.filter = url, events, scope
        to.description, to.active = wanted.get("description"), wanted.get("active", True) is not False
        to.headers = _headers(method.get("custom_headers") or [])

    def _shown(self, one: Subscription, *, secret: str | None = None) -> dict[str, Any]:
        return {
            "id": one.id,
            "type": "webhook_subscription",
            "active": one.active,
            "delivery_method": {
                "id": "PF9KMXH",
                "secret": secret,
                "temporarily_disabled": one.disabled_until > self.world.clock.now(),
                "type": "http_delivery_method",
                "url": one.url,
                "custom_headers": [{"name": header["name"], "value": "<redacted>"} for header in one.headers],
            },
            "description": one.description,
            "events": one.events,
            "filter": {"id": None, **one.filter},
        }


def _headers(given: Any) -> list[dict[str, str]]:
    """Headers of the subscriber's own; what would end a line would begin another header."""
    wanted: list[Any] = given if isinstance(given, list) else [None]
    for header in wanted:
        texts = (header.get("name"), header.get("value")) if isinstance(header, dict) else (None,)
        if not all(isinstance(text, str) and text.isascii() and text.isprintable() and text for text in texts):
            raise Wrong(400, "Custom headers must have a name and a value")
    return wanted
