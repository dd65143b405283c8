"""What PagerDuty tells of our pages: who has taken one, and what else became of it.

https://developer.pagerduty.com/docs/webhooks-overview
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.timezone import now
from django.utils.translation import gettext_noop as _

from dr_console.notifications import services
from dr_console.notifications.callbacks.taken import is_new
from dr_console.notifications.models import Channel, Delivery
from dr_console.notifications.purposes import Answer, Wish
from dr_console.web.sentences import Sentence, sentence

VENDOR = "pagerduty"
ACKNOWLEDGED = "incident.acknowledged"
MOST_NAME = 200
MOST = 20
OTHER_ACTIONS = ("resolve", "acknowledge")
NOT_WRITTEN_YET = (Delivery.State.SENDING, Delivery.State.QUEUED, Delivery.State.UNKNOWN)
# By anybody but a person: what we have asked for ourselves comes back in this way too.
NOTED: dict[str, tuple[str, str]] = {
    "incident.triggered": (_("PagerDuty has begun to page."), _("PagerDuty has begun to page.")),
    ACKNOWLEDGED: (_("Acknowledged at PagerDuty by %(who)s."), _("Acknowledged at PagerDuty.")),
    "incident.unacknowledged": (
        _("At PagerDuty, %(who)s has taken the acknowledgement back."),
        _("At PagerDuty, the acknowledgement has run out."),
    ),
    "incident.escalated": (_("Escalated at PagerDuty by %(who)s."), _("PagerDuty has escalated it.")),
    "incident.reassigned": (_("Reassigned at PagerDuty by %(who)s."), _("Reassigned at PagerDuty.")),
    "incident.delegated": (_("Delegated at PagerDuty by %(who)s."), _("Delegated at PagerDuty.")),
    "incident.resolved": (_("Resolved at PagerDuty by %(who)s."), _("Resolved at PagerDuty.")),
    "incident.reopened": (_("Opened again at PagerDuty by %(who)s."), _("Opened again at PagerDuty.")),
}


class Malformed(Exception):
    """It is signed by PagerDuty and says nothing that we know how to read."""


@transaction.atomic
def take(message: Any) -> str:
    """Act on one webhook: "taken", "known" if it came before, "ignored" if it is about no page of ours.

    Raises Malformed, and whatever the database raises: then nothing of it has been kept, and it may come again.
    """
    event = message.get("event") if isinstance(message, Mapping) else None
    if not isinstance(event, Mapping) or not event.get("id") or not event.get("event_type"):
        raise Malformed
    kind = str(event["event_type"])
    if not is_new(VENDOR, str(event["id"]), kind):
        return "known"
    page = _page_of(event.get("data"))
    if page is None or kind not in NOTED:
        return "ignored"
    return _act(page, kind, event)


def _act(page: Delivery, kind: str, event: Mapping[str, Any]) -> str:
    who, at = _person(event.get("agent")), _moment(event.get("occurred_at"))
    if kind == ACKNOWLEDGED and who and page.purpose:
        services.answer(page, Answer(Wish.ACKNOWLEDGE, by=who, via=Channel.PAGERDUTY, as_of=at))
    else:
        services.reported(page, services.Report.NOTED, said=_noted(kind, who))
    return "taken"


def _page_of(incident: Any) -> Delivery | None:
    """Our newest page with this key that rang, or that nobody knows of whether it did."""
    key = str(incident.get("incident_key") or "") if isinstance(incident, Mapping) else ""
    if not key:
        return None
    pages = Delivery.objects.filter(channel=Channel.PAGERDUTY).order_by("-pk")
    # Told of before we have written down that it was taken.
    open_ones = pages.filter(state__in=NOT_WRITTEN_YET).filter(Q(payload__key=key) | Q(dedup_key=key))
    found = [page for rang in (pages.filter(provider_ref=key[:200])[:MOST], open_ones[:MOST]) for page in rang]
    return next((page for page in found if page.payload.get("action") not in OTHER_ACTIONS), None)


def _person(agent: Any) -> str:
    """The name of a person; empty for an integration, our own among them, and for PagerDuty itself."""
    if not isinstance(agent, Mapping) or not str(agent.get("type", "")).startswith("user"):
        return ""
    return str(agent.get("summary") or agent.get("id") or "")[:MOST_NAME]


def _noted(kind: str, who: str) -> Sentence:
    by_person, by_itself = NOTED[kind]
    return sentence(by_person, who=who) if who else sentence(by_itself)


def _moment(text: Any) -> datetime:
    try:
        at = datetime.fromisoformat(str(text))
    except ValueError:
        return now()
    return at if at.tzinfo else at.replace(tzinfo=UTC)
