"""How paging stands: the policies as they are kept, what runs now, and what must be loud. Nothing here writes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_noop as _

from dr_console.notifications.models import Channel, Delivery
from dr_console.plans.queries import newest_version
from dr_console.web.sentences import Sentence, sentence
from incidents.models import Escalation, EscalationEvent, EscalationPolicy, Incident

Status = Escalation.Status
# Answered, or still to be: whoever looks at it can do something about it.
OPEN = (Status.ACTIVE, Status.ACKNOWLEDGED, Status.SNOOZED, Status.EXHAUSTED, Status.EXHAUSTED_NOBODY)
RAN_OUT = (Status.EXHAUSTED, Status.EXHAUSTED_NOBODY)
# Nobody has answered: who was paged last is still asked for.
PAGED = (Status.ACTIVE, *RAN_OUT)
MOST_LOUD = 20
# What of a snapshot is the policy's: the rest says why this climb began.
OF_THE_POLICY = (
    "rounds",
    "levels",
    "acknowledgement_minutes",
    "snooze_minutes",
    "fallback",
    "respond_within_minutes",
)


@dataclass(frozen=True)
class Loud:
    """Something that must not be overlooked. `url`: where something can be done about it. `ran_out`: nobody is left to
    be paged, which every page has to say.
    """

    said: Sentence
    url: str
    is_practice: bool = False
    ran_out: bool = False


def snapshot(severity: str) -> dict[str, Any]:
    """The current policy for the severity as a climb keeps it; with no levels where the plan has none."""
    policies = EscalationPolicy.objects.current().select_related("fallback").prefetch_related("levels")
    policy = policies.filter(severity=severity).first()
    version = newest_version()
    kept = {"severity": str(severity), "plan_version": version.number if version else None}
    return kept | (of_policy(policy) if policy else _without_policy())


def of_policy(policy: EscalationPolicy) -> dict[str, Any]:
    """What of a snapshot is the policy's; its levels and its fallback should be prefetched."""
    return {
        "policy": policy.key,
        "rounds": policy.rounds,
        "levels": [
            {
                "key": level.key,
                "wait_minutes": level.wait_minutes,
                "targets": level.targets,
                "channels": level.channels,
                "required_acknowledgements": level.required_acknowledgements,
            }
            for level in policy.levels.all()
        ],
        "acknowledgement_minutes": policy.acknowledgement_minutes,
        "snooze_minutes": policy.snooze_minutes,
        "fallback": policy.fallback.key if policy.fallback else "",
        "respond_within_minutes": policy.respond_within_minutes,
    }


def _without_policy() -> dict[str, Any]:
    return {
        "policy": "",
        "rounds": 1,
        "levels": [],
        "acknowledgement_minutes": None,
        "snooze_minutes": 0,
        "fallback": "",
        "respond_within_minutes": 0,
    }


def open_escalation(incident: Incident) -> Escalation | None:
    """The climb that is not over; there is one at most."""
    return Escalation.objects.open().filter(incident=incident).first()


def policy_changed(escalation: Escalation) -> bool:
    """Whether the plan says something else by now than what this climb goes by."""
    current = snapshot(escalation.severity)
    return any(escalation.snapshot.get(name) != current.get(name) for name in OF_THE_POLICY)


def rung_keys(incident: Incident) -> list[str]:
    """Every name under which PagerDuty rings for the incident as a whole and has not been told that it is over."""
    own = f"incident:{incident.reference}"
    told = Delivery.objects.filter(about=incident.reference, channel=Channel.PAGERDUTY)
    told = told.exclude(state__in=(Delivery.State.CANCELLED, Delivery.State.FAILED))
    last = dict(
        told.order_by("pk").exclude(payload__action="acknowledge").values_list("payload__key", "payload__action")
    )
    return [key for key, action in last.items() if action == "trigger" and (key == own or key.startswith(f"{own}:"))]


def running() -> QuerySet[Escalation]:
    """Every climb that is not over, of incidents that are real or drilled."""
    return Escalation.objects.open().select_related("incident")


# --- What must be loud --------------------------------------------------------------------------------------------
def loud_now() -> list[Loud]:
    """Ladders that ran out without an answer, and pages that went to nobody; the newest first, drills said as such."""
    found = running().filter(status__in=(*RAN_OUT, Status.ACTIVE)).prefetch_related(None).order_by("-pk")
    ran_out = list(found.filter(status__in=RAN_OUT)[:MOST_LOUD])
    nobody = list(
        found.filter(status=Status.ACTIVE, events__kind=EscalationEvent.Kind.NOBODY_AT_LEVEL).distinct()[:MOST_LOUD]
    )
    return [_loud(one) for one in (*ran_out, *nobody)][:MOST_LOUD]


def _loud(escalation: Escalation) -> Loud:
    incident = escalation.incident
    said = sentence(
        LOUD[Status(escalation.status)],
        severity=escalation.severity,
        reference=incident.reference,
        title=incident.said_title or incident.title,
    )
    url = reverse("incidents:detail", args=[incident.reference])
    return Loud(said, url, incident.is_practice, ran_out=escalation.status in RAN_OUT)


LOUD = {
    Status.EXHAUSTED: _(
        "Nobody answers for %(severity)s %(reference)s: everybody on the ladder has been paged. %(title)s"
    ),
    Status.EXHAUSTED_NOBODY: _("Nobody could be paged for %(severity)s %(reference)s: call somebody. %(title)s"),
    Status.ACTIVE: _("A page for %(severity)s %(reference)s went to nobody, and the next level was paged. %(title)s"),
}
