"""Who is paged when, if nobody answers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from incidents.models import Contact, EscalationLevel, EscalationPolicy, Objectives, Rotation, Severity


@dataclass(frozen=True)
class Rung:
    """One level of a policy, and how long after the start of an incident it is paged at the latest."""

    level: EscalationLevel
    at: timedelta
    who: list[str]


@dataclass(frozen=True)
class Ladder:
    """`too_slow`: the last rung is reached too late to leave the time that recovery needs within the objective.

    `latest` is when the last level must have been paged for that; None where the plan has no objective for it.
    """

    policy: EscalationPolicy
    rungs: list[Rung]
    latest: timedelta | None
    too_slow: bool


def ladders() -> list[Ladder]:
    """The worst case of every current policy: every level lets its whole time pass."""
    names = target_names()
    objectives = Objectives.objects.current().first()
    policies = EscalationPolicy.objects.current().prefetch_related("levels")
    return [_ladder(policy, names, objectives) for policy in policies]


def _ladder(policy: EscalationPolicy, names: dict[str, str], objectives: Objectives | None) -> Ladder:
    at = timedelta(0)
    rungs = []
    for level in policy.levels.all():
        rungs.append(Rung(level, at, [names.get(target, target) for target in level.targets]))
        at += timedelta(minutes=level.wait_minutes)
    latest = None
    if objectives and policy.severity in (Severity.P0, Severity.P1):
        latest = objectives.rto - timedelta(minutes=policy.reserved_minutes)
    return Ladder(policy, rungs, latest, too_slow=bool(rungs and latest is not None and rungs[-1].at >= latest))


def target_names() -> dict[str, str]:
    """Names for people, by target as a level writes it: `contact:cto`, `rotation:primary`."""
    contacts: Iterable[Contact] = Contact.objects.current()
    rotations: Iterable[Rotation] = Rotation.objects.current()
    return {f"contact:{row.key}": row.name for row in contacts} | {f"rotation:{row.key}": row.name for row in rotations}
