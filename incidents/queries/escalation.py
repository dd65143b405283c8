"""Who is paged when, if nobody answers, and whether that leaves the time that the recovery takes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from incidents.models import (
    Contact,
    EscalationLevel,
    EscalationPolicy,
    Objectives,
    PolicyAcceptance,
    Rotation,
)
from incidents.queries.acceptance import HELD, covers, last_level_minutes, newest_acceptances, warning


@dataclass(frozen=True)
class Span:
    """Where something lies on a line that stands for time, as SVG has it: “25.0%”."""

    x: str
    width: str


@dataclass(frozen=True)
class Rung:
    """One level of a policy, and how long after the start of an incident it is paged at the latest.

    `span`: the time that it has to answer; `is_late`: it is paged when the recovery should have begun.
    """

    level: EscalationLevel
    at: timedelta
    who: list[str]
    span: Span
    is_late: bool = False


@dataclass(frozen=True)
class Ladder:
    """`too_slow`: the last rung is reached too late to leave the time that recovery needs within the objective.

    `latest` is when the last level must have been paged for that, `rto` the objective; None where there is none for it.
    `reserved`: the time of the recovery itself, drawn. `acceptance`: the newest of this policy, if there is any.
    """

    policy: EscalationPolicy
    rungs: list[Rung]
    rto: timedelta | None
    latest: timedelta | None
    too_slow: bool
    reserved: Span | None = None
    acceptance: PolicyAcceptance | None = None
    is_accepted: bool = False

    @property
    def needs_acceptance(self) -> bool:
        return self.too_slow and not self.is_accepted

    @property
    def warning(self) -> str:
        """In the reader's language; empty where there is nothing to warn of."""
        if not self.too_slow or self.rto is None or self.latest is None:
            return ""
        return warning(self.policy.severity, _minutes(self.rungs[-1].at), _minutes(self.latest), _minutes(self.rto))

    @property
    def fingerprint(self) -> str:
        """What is warned of: as `services.acceptance.fingerprint` has it."""
        if self.latest is None:
            return ""
        return f"{self.policy.severity}-{_minutes(self.rungs[-1].at)}-{_minutes(self.latest)}"


def ladders() -> list[Ladder]:
    """The worst case of every current policy: every level lets its whole time pass."""
    names = target_names()
    objectives = Objectives.objects.current().first()
    accepted = newest_acceptances()
    policies = EscalationPolicy.objects.current().select_related("fallback").prefetch_related("levels")
    return [_ladder(policy, names, objectives, accepted.get(policy.key)) for policy in policies]


def _ladder(
    policy: EscalationPolicy,
    names: dict[str, str],
    objectives: Objectives | None,
    acceptance: PolicyAcceptance | None,
) -> Ladder:
    levels = list(policy.levels.all())
    reached = last_level_minutes([level.wait_minutes for level in levels])
    rto = objectives.rto_minutes if objectives and policy.severity in HELD else None
    within = None if rto is None else rto - policy.reserved_minutes
    whole = max(sum(level.wait_minutes for level in levels), rto or 0, 1)
    slow = bool(levels) and within is not None and reached >= within
    return Ladder(
        policy,
        _rungs(levels, names, whole, within),
        rto=None if rto is None else timedelta(minutes=rto),
        latest=None if within is None else timedelta(minutes=within),
        too_slow=slow,
        reserved=None if rto is None or within is None else _span(max(within, 0), rto, whole),
        acceptance=acceptance,
        is_accepted=slow and within is not None and covers(acceptance, reached, within),
    )


def _rungs(levels: list[EscalationLevel], names: dict[str, str], whole: int, within: int | None) -> list[Rung]:
    at, rungs = 0, []
    for level in levels:
        rungs.append(
            Rung(
                level,
                timedelta(minutes=at),
                [names.get(target, target) for target in level.targets],
                _span(at, at + level.wait_minutes, whole),
                is_late=within is not None and at >= within,
            )
        )
        at += level.wait_minutes
    return rungs


def _span(start: int, end: int, whole: int) -> Span:
    return Span(f"{100 * start / whole:.1f}%", f"{100 * (end - start) / whole:.1f}%")


def _minutes(length: timedelta) -> int:
    return int(length.total_seconds()) // 60


def target_names() -> dict[str, str]:
    """Names for people, by target as a level writes it: `contact:cto`, `rotation:primary`."""
    contacts: Iterable[Contact] = Contact.objects.current()
    rotations: Iterable[Rotation] = Rotation.objects.current()
    return {f"contact:{row.key}": row.name for row in contacts} | {f"rotation:{row.key}": row.name for row in rotations}
