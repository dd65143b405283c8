"""Events v2 as it answers: https://developer.pagerduty.com/docs/events-api-v2/overview."""

from __future__ import annotations

import json
import uuid
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from dr_console.sandbox.pagerduty.account import INTEGRATION, Account, Alert, Incident
from dr_console.sandbox.pagerduty.errors import events_body
from dr_console.sandbox.rates import Window

MOST_BYTES = 512 * 1024
SEVERITIES = ("critical", "error", "warning", "info")
ACTIONS = ("trigger", "acknowledge", "resolve")


class Events:
    """What is accepted is done at once; PagerDuty itself does it within seconds."""

    def __init__(self, account: Account) -> None:
        self.account, self.world = account, account.world
        self._window = Window(account.world.clock, 120, 60)

    async def enqueue(self, request: Request) -> Response:
        raw = await request.body()
        try:
            event = json.loads(raw)
        except ValueError:
            return _invalid(["Invalid JSON in body"])
        problems = ["Event is too large"] if len(raw) > MOST_BYTES else _problems(event)
        if problems:
            return _invalid(problems)
        if not self._window.take(event["routing_key"]).allowed:
            return JSONResponse(events_body(429), 429)
        key = event.get("dedup_key") or uuid.UUID(int=self.world.random.getrandbits(128)).hex
        getattr(self, "_" + event["event_action"])(event, key)
        return JSONResponse({"status": "success", "message": "Event processed", "dedup_key": key}, 202)

    async def change(self, request: Request) -> Response:
        """A change event: something to know, nobody to ring."""
        try:
            event = json.loads(await request.body())
            summary = event["payload"]["summary"]
        except (ValueError, KeyError, TypeError):
            return _invalid(["'payload.summary' is missing or blank"])
        self.world.truth.effect("pagerduty", "events.change", str(summary))
        return JSONResponse({"status": "success", "message": "Change event processed"}, 202)

    def _trigger(self, event: dict[str, Any], key: str) -> None:
        payload, routing_key = event["payload"], event["routing_key"]
        incident = self.account.open_with(key, routing_key)
        self.world.truth.effect("pagerduty", "events.trigger", key, new=incident is None)
        if incident is None:
            urgency = "high" if payload["severity"] in ("critical", "error") else "low"
            # "High" is what the service's rule says of every incident, unless an event says less.
            incident = self.account.trigger(payload["summary"], key, routing_key, INTEGRATION, urgency=urgency)
        self._keep(incident, event, key)

    def _keep(self, incident: Incident, event: dict[str, Any], key: str) -> None:
        """The alert of this key: made by the first event, brought up to date by each that follows."""
        payload = event["payload"]
        body = {**payload, "dedup_key": key, "client": event.get("client"), "client_url": event.get("client_url")}
        body["contexts"] = [{"type": "link", **link} for link in event.get("links") or ()]
        if incident.alerts:
            incident.alerts[0].summary, incident.alerts[0].body = payload["summary"], body
            return
        now = self.world.clock.now()
        incident.alerts.append(
            Alert(self.account.new_id(), key, payload["summary"], payload["severity"], now, body=body)
        )

    def _acknowledge(self, event: dict[str, Any], key: str) -> None:
        incident = self.account.open_with(key, event["routing_key"])
        self.world.truth.effect("pagerduty", "events.acknowledge", key, known=incident is not None)
        if incident:
            self.account.acknowledge(incident, INTEGRATION)

    def _resolve(self, event: dict[str, Any], key: str) -> None:
        incident = self.account.open_with(key, event["routing_key"])
        self.world.truth.effect("pagerduty", "events.resolve", key, known=incident is not None)
        if incident:
            self.account.resolve(incident, INTEGRATION)


def _invalid(problems: list[str]) -> Response:
    return JSONResponse(events_body(400, problems), 400)


def _problems(event: Any) -> list[str]:
    if not isinstance(event, dict):
        return ["Event is not an object"]
    found = []
    routing_key = event.get("routing_key")
    if not isinstance(routing_key, str) or not routing_key:
        found.append("'routing_key' is missing or blank")
    elif len(routing_key) != 32:
        found.append("Length of 'routing_key' is incorrect (should be 32 characters)")
    action = event.get("event_action")
    if action not in ACTIONS:
        found.append("'event_action' is missing or blank" if not action else "'event_action' is invalid")
    key = event.get("dedup_key")
    if key is not None and (not isinstance(key, str) or len(key) > 255):
        found.append("Length of 'dedup_key' is larger than the maximum allowed (255 characters)")
    if action in ("acknowledge", "resolve") and not key:
        found.append("'dedup_key' is missing or blank")
    if action == "trigger":
        found += _payload_problems(event)
    return found


def _payload_problems(event: dict[str, Any]) -> list[str]:
    payload = event.get("payload")
    if not isinstance(payload, dict):
        return ["'payload' is missing or blank"]
    found = []
    for name in ("summary", "source", "severity"):
        if not isinstance(payload.get(name), str) or not payload[name].strip():
            found.append(f"'payload.{name}' is missing or blank")
    if len(str(payload.get("summary", ""))) > 1024:
        found.append("Length of 'payload.summary' is larger than the maximum allowed (1024 characters)")
    if payload.get("severity") and payload["severity"] not in SEVERITIES:
        found.append(
            "'payload.severity' is invalid (must be one of the following: 'critical', 'warning', 'error' or 'info')"
        )
    for name, needed in (("links", "href"), ("images", "src")):
        given = event.get(name) or []
        if not isinstance(given, list) or not all(isinstance(one, dict) and one.get(needed) for one in given):
            found.append(f"'{name}' is invalid: each must have '{needed}'")
    return found
