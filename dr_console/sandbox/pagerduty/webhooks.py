"""Webhooks v3, signed and sent back: https://developer.pagerduty.com/docs/webhooks-overview."""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid
from dataclasses import dataclass, field
from typing import Any

from dr_console.sandbox.callbacks import Callbacks
from dr_console.sandbox.pagerduty import shown
from dr_console.sandbox.pagerduty.account import SERVICE, Account, Incident

SECRET = "sandbox-pagerduty-webhook"  # the one that the console was given in sandbox mode
ANSWER_WITHIN_SECONDS = 5.0
RETRY_FOR_SECONDS = 48 * 3600.0
FIRST_RETRY_SECONDS = 10.0
MOST_DROPPED = 3
DISABLED_SECONDS = 24 * 3600.0

TYPES = (
    "incident.acknowledged",
    "incident.annotated",
    "incident.conference_bridge.updated",
    "incident.custom_field_values.updated",
    "incident.delegated",
    "incident.escalated",
    "incident.incident_type.changed",
    "incident.priority_updated",
    "incident.reassigned",
    "incident.reopened",
    "incident.resolved",
    "incident.responder.added",
    "incident.responder.replied",
    "incident.role.assigned",
    "incident.service_updated",
    "incident.status_update_published",
    "incident.task.created",
    "incident.triggered",
    "incident.unacknowledged",
    "incident.workflow.completed",
    "incident.workflow.started",
    "service.created",
    "service.custom_field_values.updated",
    "service.deleted",
    "service.updated",
)


@dataclass
class Subscription:
    """`secrets`: two while the secret is being changed. `dropped`: how many events in a row were."""

    id: str
    url: str
    events: list[str]
    filter: dict[str, Any]
    description: str | None = None
    headers: list[dict[str, str]] = field(default_factory=list)
    active: bool = True
    secrets: list[str] = field(default_factory=lambda: [SECRET])
    dropped: int = 0
    disabled_until: float = 0.0

    def wants(self, event: str) -> bool:
        wanted = self.filter.get("type") != "service_reference" or self.filter.get("id") == SERVICE
        return self.active and wanted and event in self.events


@dataclass
class Delivery:
    """One event on its way to one subscription; the same `id` however often it is tried."""

    id: str
    event: str
    body: bytes
    began_at: float
    tries: int = 0
    status: int = 0
    state: str = "pending"  # delivered, dropped, or pending


class Webhooks:
    def __init__(self, account: Account) -> None:
        self.account, self.world = account, account.world
        self.subscriptions: dict[str, Subscription] = {}
        self.deliveries: list[Delivery] = []
        self._callbacks = Callbacks()
        account.tell.append(self._told)
        if self.world.console:
            self._subscribe(f"{self.world.console}/callbacks/pagerduty/")

    def ping(self, subscription: Subscription) -> None:
        data = {"message": "Hello from your friend Pagey!", "type": "ping"}
        self._send(subscription, "pagey.ping", self._event("pagey.ping", "pagey", None, data))

    def _subscribe(self, url: str) -> None:
        made = Subscription(self.account.new_id(), url, list(TYPES), {"type": "account_reference"}, "DR Console")
        self.subscriptions[made.id] = made

    def _told(self, event: str, incident: Incident, agent: str, more: dict[str, Any]) -> None:
        if "note" in more:
            note = more["note"]
            data = {
                "incident": shown.incident_reference(incident),
                "id": note.id,
                "content": note.content,
                "trimmed": False,
                "type": "incident_note",
            }
        else:
            data = self._incident_data(incident)
        for subscription in self.subscriptions.values():
            if subscription.wants(event):
                whole = self._event(event, "incident", shown.agent_reference(self.account, agent), data)
                self._send(subscription, event, whole)

    def _event(self, type: str, resource: str, agent: dict[str, Any] | None, data: dict[str, Any]) -> dict[str, Any]:
        at = self.world.clock.moment()
        return {
            "event": {
                "id": self.account.new_id("01"),
                "event_type": type,
                "resource_type": resource,
                "occurred_at": at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z",
                "agent": agent,
                "client": None,
                "data": data,
            }
        }

    def _incident_data(self, incident: Incident) -> dict[str, Any]:
        reference = shown.whole(shown.incident_reference(incident))
        people = [self.account.people[id] for id in incident.assigned] if incident.is_open else []
        return {
            "id": incident.id,
            "type": "incident",
            "self": reference["self"],
            "html_url": reference["html_url"],
            "number": incident.number,
            "status": incident.status,
            "incident_key": incident.key,
            "created_at": shown.moment(incident.at),
            "title": incident.title,
            "service": shown.service_reference(),
            "assignees": [shown.person_reference(person) for person in people],
            "escalation_policy": shown.policy_reference(),
            "teams": [],
            "priority": None,
            "urgency": incident.urgency,
            "conference_bridge": None,
            "resolve_reason": None,
            "incident_type": {"name": "incident_default"},
        }

    def _send(self, subscription: Subscription, event: str, whole: dict[str, Any]) -> None:
        now = self.world.clock.now()
        if subscription.disabled_until > now:
            return
        id = str(uuid.UUID(int=self.world.random.getrandbits(128), version=4))
        delivery = Delivery(id, event, json.dumps(whole).encode(), now)
        self.deliveries.append(delivery)
        self._try(subscription, delivery)

    def _try(self, subscription: Subscription, delivery: Delivery) -> None:
        if subscription.id not in self.subscriptions:
            return
        delivery.tries += 1
        signatures = [hmac.new(one.encode(), delivery.body, hashlib.sha256).hexdigest() for one in subscription.secrets]
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "PagerDuty-Webhook/V3.0",
            "Accept": "*/*",
            "X-PagerDuty-Signature": ",".join(f"v1={signature}" for signature in signatures),
            "X-Webhook-Id": delivery.id,
            "X-Webhook-Subscription": subscription.id,
            **{header["name"]: header["value"] for header in subscription.headers},
        }
        self._callbacks.call(
            "POST",
            subscription.url,
            headers,
            delivery.body,
            within=ANSWER_WITHIN_SECONDS,
            queue=subscription.id,
            then=lambda status, said: self._answered(subscription, delivery, status),
        )

    def _answered(self, subscription: Subscription, delivery: Delivery, status: int) -> None:
        delivery.status = status
        if 200 <= status < 300:
            delivery.state, subscription.dropped = "delivered", 0
            return
        pause = FIRST_RETRY_SECONDS * 2 ** (delivery.tries - 1)
        later = self.world.clock.now() + pause - delivery.began_at
        if (status == 0 or status == 429 or status >= 500) and later < RETRY_FOR_SECONDS:
            self.world.clock.later(pause, lambda: self._try(subscription, delivery))
            return
        delivery.state = "dropped"
        subscription.dropped += 1
        if subscription.dropped >= MOST_DROPPED:
            subscription.dropped, subscription.disabled_until = 0, self.world.clock.now() + DISABLED_SECONDS
