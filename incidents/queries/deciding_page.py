"""What the page of decisions shows: what it looks like now, what stands in the way, and what makes it wait."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils.functional import Promise
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from dr_console.runs.interlocks import EVERYTHING
from dr_console.runs.models import Interlock, Run
from dr_console.web.sentences import spoken
from incidents.confirming import FLAPPING_CHANGES, FLAPPING_WITHIN, Memory, Verdict
from incidents.models import BlockedTrigger, DecisionState, MaintenanceWindow, Service
from incidents.queries import decisions

# A verdict as a badge and in words.
VERDICTS: dict[str, tuple[str, Promise]] = {
    Verdict.WELL: ("ok", _("Well")),
    Verdict.WATCHING: ("waiting", _("Not certain yet: looking again")),
    Verdict.CONFIRMED: ("failed", _("Certain")),
    Verdict.CUT_OFF: ("unknown", _("Cannot be told")),
}
MOST_BLOCKED = 20


@dataclass(frozen=True)
class Conclusion:
    """The last one. `is_old`: nobody has considered anything for longer than three rounds take."""

    badge: str
    word: str | Promise
    title: str
    reasons: list[str]
    doubts: list[str]
    supported_by: list[str]
    against: list[str]
    rounds: int
    at: datetime | None
    is_old: bool


@dataclass(frozen=True)
class Waiting:
    """A failover or failback that makes the automatic way wait until a moment, or until somebody has looked at it."""

    run: Run
    until: datetime


@dataclass(frozen=True)
class Switch:
    """A kill switch. `label`: what it holds; empty for everything."""

    name: str
    label: str
    lock: Interlock


@dataclass(frozen=True)
class Deciding:
    """`changes`: how often it came and went lately. `automatic`: how many started by themselves within 24 hours."""

    conclusion: Conclusion
    blocked: list[BlockedTrigger]
    switches: list[Switch]
    windows: list[MaintenanceWindow]
    waiting: list[Waiting]
    changes: int
    most_changes: int
    within: timedelta
    automatic: int
    most_automatic: int
    rounds: int


def deciding() -> Deciding:
    """Everything at once, in a handful of queries."""
    at = now()
    state = DecisionState.objects.first()
    limits = decisions.limits()
    done = list(decisions.switches(settings.DR_MODE).filter(created_at__gt=at - max(limits.cool_down, decisions.A_DAY)))
    blocked = BlockedTrigger.objects.filter(ended_at=None).select_related("plan", "incident")
    return Deciding(
        conclusion=_conclusion(state, at),
        blocked=list(blocked[:MOST_BLOCKED]),
        switches=_switches(),
        windows=list(decisions.open_windows(at)),
        waiting=[
            Waiting(run, run.created_at + limits.cool_down) for run in done if run.created_at + limits.cool_down > at
        ],
        changes=Memory.from_facts(state.memory).changes_lately(at) if state else 0,
        most_changes=FLAPPING_CHANGES,
        within=FLAPPING_WITHIN,
        automatic=sum(_is_automatic(run, at) for run in done),
        most_automatic=limits.a_day,
        rounds=decisions.rules().rounds,
    )


def _is_automatic(run: Run, at: datetime) -> bool:
    is_automatic = run.trigger == Run.Trigger.AUTOMATIC and run.kind == Run.Kind.FAILOVER
    return is_automatic and run.created_at > at - decisions.A_DAY


def _conclusion(state: DecisionState | None, at: datetime) -> Conclusion:
    facts: dict[str, Any] = state.diagnosis if state else {}
    badge, word = VERDICTS.get(facts.get("verdict", ""), ("unknown", _("Nothing has been considered yet")))
    considered_at = state.at if state else None
    return Conclusion(
        badge=badge,
        word=word,
        title=spoken(facts.get("title")),
        reasons=[spoken(one) for one in facts.get("reasons", [])],
        doubts=[spoken(one) for one in facts.get("doubts", [])],
        supported_by=facts.get("supported_by", []),
        against=facts.get("against", []),
        rounds=facts.get("rounds", 0),
        at=considered_at,
        is_old=considered_at is None or at - considered_at > decisions.rules().fresh,
    )


def _switches() -> list[Switch]:
    """Those that are on, that of everything first."""
    on = {lock.name: lock for lock in Interlock.objects.filter(is_on=True).select_related("by")}
    names = {f"service:{one.key}": one.name for one in Service.objects.current()} if on else {}
    found = [Switch(name, names.get(name, "" if name == EVERYTHING else name), lock) for name, lock in on.items()]
    return sorted(found, key=lambda switch: (switch.name != EVERYTHING, switch.name))
