"""PagerDuty. Its key makes pages about one thing one page, however often they are sent."""

from __future__ import annotations

from dr_console.errors import Problem, ProviderError
from dr_console.notifications.models import Channel, Delivery
from dr_console.providers import registry
from dr_console.providers.capabilities.paging import Link, Page, Urgency
from dr_console.providers.deadlines import Deadline
from dr_console.providers.pagerduty.events import ACKNOWLEDGE, RESOLVE, VENDOR

SOURCE = "DR Console"
ENDS = {"acknowledge": ACKNOWLEDGE, "resolve": RESOLVE}
STILL_SENT = "the page itself is still being sent"
PAUSE_SECONDS = 2.0


class PagerDutyChannel:
    """What is done is the payload's `action`: trigger, which it is if there is none, acknowledge or resolve."""

    def may_repeat(self) -> bool:
        return True

    def send(self, delivery: Delivery, *, deadline: Deadline) -> str:
        key, action = key_of(delivery), delivery.payload.get("action")
        if action in ENDS:
            _let_it_ring_first(delivery, key, ENDS[action])
        if action == "resolve":
            registry.paging().resolve(key, deadline=deadline)
            return key
        if action == "acknowledge":
            registry.paging().acknowledge(key, deadline=deadline)
            return key
        return registry.paging().trigger(_page(delivery, key), deadline=deadline)

    def find(self, delivery: Delivery, *, deadline: Deadline) -> str | None:
        key = key_of(delivery)
        return key if registry.paging().find(key, deadline=deadline) else ""


def key_of(delivery: Delivery) -> str:
    """What PagerDuty knows the page by."""
    return str(delivery.payload.get("key") or delivery.dedup_key)


def _let_it_ring_first(delivery: Delivery, key: str, operation: str) -> None:
    """What overtook the page that it ends would leave it ringing for ever. Raises ProviderError: a moment later."""
    others = Delivery.objects.filter(channel=Channel.PAGERDUTY, state=Delivery.State.SENDING).exclude(pk=delivery.pk)
    if any(key_of(one) == key and one.payload.get("action") not in ENDS for one in others):
        raise ProviderError(VENDOR, operation, Problem.THROTTLED, said=STILL_SENT, retry_after=PAUSE_SECONDS)


def _page(delivery: Delivery, key: str) -> Page:
    payload = delivery.payload
    text = f"{delivery.subject}: {delivery.body}" if delivery.body else delivery.subject
    url = payload.get("url")
    return Page(
        key=key,
        summary=text,
        source=SOURCE,
        urgency=Urgency(payload.get("urgency", Urgency.CRITICAL)),
        at=delivery.created_at,
        component=str(payload.get("component", "")),
        kind=str(payload.get("event", "")),
        details=dict(payload.get("facts", [])),
        links=(Link(url, payload.get("url_text") or url),) if url else (),
    )
