"""What the items of a checklist lead to: page the team, look at the standby; and tick what has happened by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.timezone import now
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_noop as _

from dr_console.errors import Refused
from dr_console.runs import planning
from dr_console.runs.models import Run
from dr_console.runs.registry import Sight
from dr_console.runs.specs import RunSpec, StepSpec
from dr_console.web.sentences import Sentence, sentence
from incidents.models import ChecklistItem, FailoverPlan, Incident, ItemAction, ServiceEndpoint, StatusUpdate
from incidents.queries import failover as known
from incidents.queries.checklist import missing_details
from incidents.queries.suggestions import plan_at_hand
from incidents.services import checklist, escalation, turns

CHECK = "failover.check_standby"
# Items of older incidents wait for people alone.
LOOKED_BACK = timedelta(days=30)
MOST_AT_ONCE = 200


@transaction.atomic
def page_team(item: ChecklistItem, *, by: User) -> ChecklistItem:
    """Page everybody on the ladder anew, from its first level on, and tick the item. Refused where somebody was first,
    and where nobody can be reached.
    """
    incident = turns.at_console_and(item.incident)
    item = checklist.tick(item, by=by)
    said = sentence(_("%(who)s asks the response team to come."), who=str(by))
    begun = escalation.rearm(incident, by=by, why=said)
    if begun is None or begun.status == begun.Status.EXHAUSTED_NOBODY:
        raise Refused(_now("The escalation matrix names nobody who can be reached for this severity. Call somebody."))
    return item


def verify_standby(item: ChecklistItem, *, by: User) -> ChecklistItem:
    """Ask the standby’s health endpoints, and keep what they answer; if it is well, the item is ticked.

    Takes as long as the endpoints, at most some seconds. Not to be called in a transaction.
    """
    plan = plan_at_hand(item.incident)
    if plan is None:
        raise Refused(_now("No failover plan answers this incident: which standby is meant is not known."))
    urls = _urls(plan, item.incident)
    if not urls:
        raise Refused(_now("The standby of “%(plan)s” answers nobody until it is warmed up.") % {"plan": plan.name})
    said, is_good = _look(plan, urls)
    return checklist.note_finding(item, said, is_good=is_good, by=by)


def _urls(plan: FailoverPlan, incident: Incident) -> list[str]:
    """A cold standby can be asked once it has been switched to."""
    urls = known.standby_urls(plan)
    if urls or incident.switched_at is None:
        return urls
    endpoints = ServiceEndpoint.objects.filter(service=plan.service, region=plan.to_region)
    return [endpoint.url for endpoint in endpoints]


def _look(plan: FailoverPlan, urls: list[str]) -> tuple[Sentence, bool]:
    """By the same step as a failover's own check."""
    step = StepSpec(key="standby", does=CHECK, parameters={"urls": urls})
    spec = RunSpec(kind=Run.Kind.FAILOVER, subject=f"service:{plan.service.key}", titles={}, steps=(step,))
    (seen,) = planning.preview(spec).steps
    if seen.preview is None:
        return sentence(_("It could not be looked at: %(why)s"), why=str(seen.failed)), False
    return seen.preview.observation.said, seen.preview.observation.sight is Sight.MATCHES


def keep_up() -> int:
    """Tick what has happened since. Called in every round of every sweeper. Returns how many were ticked.

    Where it counts, whoever makes it happen has it ticked at once; this finds the rest, and what somebody was killed
    before.
    """
    items = _ready().select_related("incident").order_by("-incident__started_at", "position")[:MOST_AT_ONCE]
    return sum(_tick_if_it_happened(item) for item in items)


def catch_up(incident: Incident) -> int:
    """Tick at once what has happened in this incident. Returns how many were ticked."""
    items = list(_ready().filter(incident=incident).select_related("incident"))
    return sum(_tick_if_it_happened(item) for item in items)


def _ready() -> QuerySet[ChecklistItem]:
    """Open items for which it has happened: few at any time, so that a round costs one query."""
    updates = StatusUpdate.objects.standing().filter(incident=OuterRef("incident"))
    answered = Q(incident__acknowledged_at__isnull=False)
    ended = Q(incident__recovered_at__isnull=False) | ~Q(incident__status=Incident.Status.OPEN)
    known = ~Q(incident__severity="") & Q(incident__service__isnull=False) & ended
    happened = (
        (Q(action=ItemAction.ACTIVATE_TEAM) & answered)
        | Q(action=ItemAction.FAIL_OVER, incident__switched_at__isnull=False, incident__verified_at__isnull=False)
        | (Q(action=ItemAction.PUBLISH_UPDATE) & Exists(updates))
        | (Q(action=ItemAction.RECORD_DETAILS) & known)
    )
    open_ones = ChecklistItem.objects.filter(happened, state=ChecklistItem.State.OPEN, dropped_at=None)
    lately = open_ones.filter(incident__started_at__gte=now() - LOOKED_BACK)
    return lately.exclude(incident__status=Incident.Status.CLOSED)


@dataclass(frozen=True)
class Happened:
    """`fact`: what ticks an item once, however often it is told. `by`: who did it; None: the console."""

    fact: str
    at: datetime
    by: User | None = None


def _tick_if_it_happened(item: ChecklistItem) -> bool:
    found = _HAPPENED[item.action](item.incident)
    if found is None or found.fact == item.settled_for:
        return False
    return checklist.tick_by_itself(item.incident, item.action, fact=found.fact, at=found.at, by=found.by)


def _somebody_responded(incident: Incident) -> Happened | None:
    at = incident.acknowledged_at
    return Happened("acknowledged", at) if at else None


def _failed_over(incident: Incident) -> Happened | None:
    """By the moment at which it was verified: a second failover is a second fact."""
    at = incident.verified_at if incident.switched_at else None
    return Happened(f"verified:{at:%Y%m%d%H%M%S}", at) if at else None


def _updated(incident: Incident) -> Happened | None:
    update = StatusUpdate.objects.standing().filter(incident=incident).select_related("by").order_by("at").first()
    return Happened(f"update:{update.pk}", update.at, update.by) if update else None


def _recorded(incident: Incident) -> Happened | None:
    return None if missing_details(incident) else Happened("recorded", now())


_HAPPENED: dict[str, Callable[[Incident], Happened | None]] = {
    ItemAction.ACTIVATE_TEAM: _somebody_responded,
    ItemAction.FAIL_OVER: _failed_over,
    ItemAction.PUBLISH_UPDATE: _updated,
    ItemAction.RECORD_DETAILS: _recorded,
}
