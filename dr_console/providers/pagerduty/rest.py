"""PagerDuty REST v2: incidents, notes, who is on call, and webhooks.

https://developer.pagerduty.com/api-reference/
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils.translation import gettext_noop as _

from dr_console.errors import Problem, ProviderError
from dr_console.providers.capabilities.paging import (
    Note,
    OnCall,
    Page,
    Paged,
    PageState,
    Subscription,
    Urgency,
)
from dr_console.providers.credentials import credential
from dr_console.providers.deadlines import Deadline
from dr_console.providers.http import Answer, Wire, Words
from dr_console.providers.pagerduty import shapes
from dr_console.providers.pagerduty.events import SUMMARY_CHARACTERS, VENDOR, cut, whole_key

READ_INCIDENT = _("read the incident")
OPEN_INCIDENT = _("open an incident")
CHANGE_INCIDENT = _("change the incident’s state")
READ_NOTES = _("read the incident’s notes")
ADD_NOTE = _("add a note to the incident")
READ_ON_CALL = _("read who is on call")
READ_SUBSCRIPTIONS = _("read the webhook subscriptions")
SUBSCRIBE = _("subscribe to webhooks")
UNSUBSCRIBE = _("remove a webhook subscription")
READ_ABILITIES = _("read what the account can do")
READ_USERS = _("read its users")

ACCEPT = "application/vnd.pagerduty+json;version=2"
ALREADY_RESOLVED = "1001"
PAGE = 100
MOST_PAGES = 20
MOST_NOTE_CHARACTERS = 25_000
EVENTS = (
    "incident.acknowledged",
    "incident.annotated",
    "incident.delegated",
    "incident.escalated",
    "incident.priority_updated",
    "incident.reassigned",
    "incident.reopened",
    "incident.resolved",
    "incident.responder.added",
    "incident.responder.replied",
    "incident.status_update_published",
    "incident.triggered",
    "incident.unacknowledged",
)


class PagerDutyRest:
    """The half of PagingProvider that reads and changes incidents."""

    def find(self, key: str, *, deadline: Deadline) -> Paged | None:
        params = {"incident_key": whole_key(key), "date_range": "all", "sort_by": "created_at:desc", "limit": 1}
        answer = self._ask("GET", "/incidents", READ_INCIDENT, deadline, params=params)
        found = answer.read_as(list[shapes.Incident], at="incidents")
        return found[0].paged() if found else None

    def incident(self, id: str, *, deadline: Deadline) -> Paged:
        answer = self._ask("GET", f"/incidents/{id}", READ_INCIDENT, deadline)
        return answer.read_as(shapes.Incident, at="incident").paged()

    def open_incident(self, page: Page, *, service: str, deadline: Deadline) -> Paged:
        incident: dict[str, Any] = {
            "type": "incident",
            "title": cut(page.summary, SUMMARY_CHARACTERS),
            "service": {"id": service, "type": "service_reference"},
            "incident_key": whole_key(page.key),
            "urgency": "high" if page.urgency in (Urgency.CRITICAL, Urgency.ERROR) else "low",
        }
        facts = [f"{name}: {value}" for name, value in page.details.items()]
        said = "\n".join([*facts, *(link.href for link in page.links)])
        if said:
            incident["body"] = {"type": "incident_body", "details": said}
        answer = self._change("POST", "/incidents", OPEN_INCIDENT, deadline, {"incident": incident}, harmless=False)
        return answer.read_as(shapes.Incident, at="incident").paged()

    def set_state(self, id: str, state: PageState, *, deadline: Deadline) -> Paged:
        change = {"incident": {"type": "incident_reference", "status": state.value}}
        try:
            answer = self._change("PUT", f"/incidents/{id}", CHANGE_INCIDENT, deadline, change, harmless=True)
        except ProviderError as error:
            if error.code == ALREADY_RESOLVED and state is PageState.RESOLVED:
                return self.incident(id, deadline=deadline)
            raise
        return answer.read_as(shapes.Incident, at="incident").paged()

    def notes(self, id: str, *, deadline: Deadline) -> list[Note]:
        answer = self._ask("GET", f"/incidents/{id}/notes", READ_NOTES, deadline)
        return [note.note() for note in answer.read_as(list[shapes.Note], at="notes")]

    def add_note(self, id: str, text: str, *, deadline: Deadline) -> Note:
        body = {"note": {"content": text[:MOST_NOTE_CHARACTERS]}}
        answer = self._change("POST", f"/incidents/{id}/notes", ADD_NOTE, deadline, body, harmless=False)
        return answer.read_as(shapes.Note, at="note").note()

    def on_call(self, *, policy: str = "", deadline: Deadline) -> list[OnCall]:
        params = {"include[]": "users", "earliest": "true", **({"escalation_policy_ids[]": policy} if policy else {})}
        found = self._all("/oncalls", "oncalls", READ_ON_CALL, deadline, list[shapes.OnCall], params)
        return sorted((one.on_call() for one in found), key=lambda one: (one.policy, one.level))

    def subscriptions(self, *, deadline: Deadline) -> list[Subscription]:
        path, name = "/webhook_subscriptions", "webhook_subscriptions"
        found = self._all(path, name, READ_SUBSCRIPTIONS, deadline, list[shapes.Subscription], {})
        return [one.subscription() for one in found]

    def subscribe(self, url: str, *, service: str = "", deadline: Deadline) -> Subscription:
        scope = {"type": "service_reference", "id": service} if service else {"type": "account_reference"}
        wanted = {
            "type": "webhook_subscription",
            "delivery_method": {"type": "http_delivery_method", "url": url},
            "description": "DR Console",
            "events": list(EVENTS),
            "filter": scope,
        }
        body = {"webhook_subscription": wanted}
        answer = self._change(
            "POST", "/webhook_subscriptions", SUBSCRIBE, deadline, body, harmless=False, sensitive=True
        )
        made = answer.read_as(shapes.Subscription, at="webhook_subscription").subscription()
        if not made.secret:
            answer.is_garbled("webhook_subscription.delivery_method.secret is missing. ")
        return made

    def unsubscribe(self, id: str, *, deadline: Deadline) -> None:
        try:
            self._change("DELETE", f"/webhook_subscriptions/{id}", UNSUBSCRIBE, deadline, None, harmless=True)
        except ProviderError as error:
            if error.problem is not Problem.NOT_FOUND:
                raise

    def abilities(self, *, deadline: Deadline) -> list[str]:
        """What the account's plan allows. Every key may read it, so it tells whether the key is one."""
        return self._ask("GET", "/abilities", READ_ABILITIES, deadline).read_as(list[str], at="abilities")

    def has_user(self, email: str, *, deadline: Deadline) -> bool:
        """Whether somebody logs in with this address, as changes must be made in somebody's name."""
        answer = self._ask("GET", "/users", READ_USERS, deadline, params={"query": email, "limit": PAGE})
        users = answer.read_as(list[shapes.User], at="users")
        return any(user.email.casefold() == email.casefold() for user in users)

    def _all(
        self, path: str, name: str, operation: str, deadline: Deadline, shape: Any, params: dict[str, Any]
    ) -> list[Any]:
        found: list[Any] = []
        for number in range(MOST_PAGES):
            paged = {**params, "limit": PAGE, "offset": number * PAGE}
            answer = self._ask("GET", path, operation, deadline, params=paged)
            found += answer.read_as(shape, at=name)
            if not answer.read_as(shapes.Paging).more:
                break
        return found

    def _ask(self, method: str, path: str, operation: str, deadline: Deadline, **more: Any) -> Answer:
        token = credential("pagerduty", "token", operation=operation)
        headers = {"Authorization": f"Token token={token}", "Accept": ACCEPT}
        wire = Wire(VENDOR, settings.DR_VENDOR_URLS["pagerduty"], headers=headers, secrets=(token,), refusal=_refusal)
        return wire.call(method, path, operation=operation, deadline=deadline, **more)

    def _change(self, method: str, path: str, operation: str, deadline: Deadline, body: Any, **more: Any) -> Answer:
        headers = {"From": credential("pagerduty", "from_email", operation=operation)}
        return self._ask(method, path, operation, deadline, json=body, headers=headers, **more)


def _refusal(status: int, body: Any) -> Words | None:
    error = body.get("error") if isinstance(body, dict) else None
    if status < 400 and error is None:
        return None
    if not isinstance(error, dict):
        return Words("", str(error) if error else "")
    errors = error.get("errors")
    said = [str(error.get("message", "")), *(map(str, errors) if isinstance(errors, list) else ())]
    return Words(str(error.get("code", "")), "; ".join(part for part in said if part))
