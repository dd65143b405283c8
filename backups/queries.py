"""To what moment could we return, for each source? Nothing here writes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Max
from django.utils.timezone import now
from django.utils.translation import gettext as _

from backups.models import BackupPolicy
from dr_console.web.words import listed
from incidents.models import Objectives
from incidents.queries.readiness import Finding


@dataclass(frozen=True)
class RecoveryState:
    """The newest moment that a policy's data could be brought back to. `state` is ok, failed or unknown."""

    policy: BackupPolicy
    at: datetime | None
    age: timedelta | None
    state: str


def recovery_states() -> list[RecoveryState]:
    """One for each current policy, in the plan's order."""
    at = now()
    objectives = Objectives.objects.current().first()
    policies = BackupPolicy.objects.current().annotate(newest=Max("recovery_points__at"))
    return [_state(policy, at, objectives) for policy in policies]


def _state(policy: BackupPolicy, at: datetime, objectives: Objectives | None) -> RecoveryState:
    newest: datetime | None = getattr(policy, "newest", None)
    if newest is None:
        return RecoveryState(policy, None, None, "unknown")
    age = max(at - newest, timedelta(0))
    # A class that is copied less often than the objective asks is held to its own interval.
    limits = [objectives.rpo if objectives else None, policy.interval]
    allowed = max((limit for limit in limits if limit is not None), default=None)
    late = allowed is not None and age > allowed
    return RecoveryState(policy, newest, age, "failed" if late else "ok")


def worst_age(states: list[RecoveryState]) -> timedelta | None:
    """Age of the oldest of the real-time sources' recovery points, which the RPO is about; None: one is not known."""
    ages = [state.age for state in states if state.policy.category == BackupPolicy.Category.REAL_TIME]
    known = [age for age in ages if age is not None]
    return max(known) if known and len(known) == len(ages) else None


def findings(states: list[RecoveryState]) -> list[Finding]:
    found = []
    unproven = [state.policy.name for state in states if state.at is None]
    late = [state.policy.name for state in states if state.state == "failed"]
    if not states:
        found.append(
            Finding("failed", _("Nothing is backed up"), _("The plan has no backup policy."), "backups:policies")
        )
    if late:
        found.append(Finding("failed", _("Recovery points are too old"), listed(late), "backups:policies"))
    if unproven:
        found.append(Finding("unknown", _("No recovery point has been seen yet"), listed(unproven), "backups:policies"))
    return found
